"""The one error that the bootstrap reports to its user."""

from __future__ import annotations


class BootstrapError(Exception):
    """What went wrong and what to do about it, in words for the user; shown without a traceback."""
