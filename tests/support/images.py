"""Images of the stack that tests run single containers from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.images_lock import load_images_lock

PROJECT = Path(__file__).resolve().parents[2]


def image_or_skip(name: str) -> str:
    """Return the image that the stack runs under this name; skips the test, and says why, where there is none."""
    found = load_images_lock(PROJECT).get(name)
    if found is None:
        pytest.skip(f"no image of {name} was found or built yet: `make up` does")
    try:
        known = subprocess.run(["docker", "image", "inspect", found.reference], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no docker command on this machine")
    if known.returncode != 0:
        pytest.skip(f"the engine does not answer, or does not have {found.reference}")
    return found.reference
