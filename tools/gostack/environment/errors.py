"""What goes wrong for a known reason."""

from __future__ import annotations


class UserError(RuntimeError):
    """What went wrong and what to do about it, in words for the user; shown without a traceback."""


class BootstrapError(UserError):
    """This machine is not ready, or cannot be made ready."""
