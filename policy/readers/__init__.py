"""Reads resources from wherever they are written down."""

from policy.readers.engine import from_preview, from_state
from policy.readers.files import ReadError, read_document
from policy.readers.recorded import from_recorded

__all__ = ["ReadError", "from_preview", "from_recorded", "from_state", "read_document"]
