"""The graphs of the stacks, each recorded once for all tests of the rules."""

from __future__ import annotations

from tests.graph.conftest import dev

__all__ = ["dev"]
