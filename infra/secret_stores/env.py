"""Secrets in the environment of `gostack up` or `pulumi up`, as a workflow gives them."""

from __future__ import annotations

import os


def read_env(place: str, key: str) -> str:
    """Return the value of a variable."""
    del key
    if not os.environ.get(place):
        raise ValueError(f"the variable {place} is not set: export it where this command runs.")
    return os.environ[place]
