"""The seeded mistakes."""

from __future__ import annotations

from tests.mistakes.catalogue import program, settings, stacks
from tests.mistakes.model import Mistake

MISTAKES: tuple[Mistake, ...] = (*settings.MISTAKES, *program.MISTAKES, *stacks.MISTAKES)
"""All of them."""
