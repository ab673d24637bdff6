"""The record of which images a checkout runs: `.gostack/images.json`, written by the bootstrap, read by the program.

Standard library only, because the Pulumi program imports it. It does not prove that an image still exists: the
engine's owner may have removed it since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from infra.replaced import replace_text

# Go runs only while an image is built, and what holds a pod's network is the cluster's own.
NOT_PULLED = frozenset({"golang", "pause"})

Origin = Literal["registry", "stand-in"]


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """One image that is on this machine's engine."""

    reference: str
    """What to run, e.g. `mysql:9.7` or `gostack/stand-in-mysql:0123456789ab`."""
    origin: Origin
    """Whether it is upstream's image or a stand-in built here."""
    upstream: str
    """The reference that was asked for."""
    version: str
    """What the program in it says of itself, e.g. `9.7.4`; more exact than a tag."""
    image_id: str
    """The engine's content address: it changes exactly when the content does."""
    digest: str = ""
    """What a registry calls this content, `sha256:…`, under every tag; empty for an image that was built here."""


def lock_path(project_root: Path) -> Path:
    """Where a checkout keeps its record."""
    return project_root / ".gostack" / "images.json"


def load_images_lock(project_root: Path) -> dict[str, ResolvedImage]:
    """The images that `ensure_images` resolved last, by name; empty when it has not run or its record is unreadable."""
    try:
        parsed: object = json.loads(lock_path(project_root).read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    try:
        return {name: ResolvedImage(**fields) for name, fields in cast("dict[str, dict[str, Any]]", parsed).items()}
    except TypeError:
        # Written by another version of this file: as good as absent, the next bootstrap writes it anew.
        return {}


def write_images_lock(project_root: Path, images: Mapping[str, ResolvedImage]) -> None:
    """Replace the record as a whole, so that no reader ever sees half of it; an equal one is left untouched."""
    path = lock_path(project_root)
    text = json.dumps({name: asdict(images[name]) for name in sorted(images)}, indent=2) + "\n"
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, text)


def pushed_path(project_root: Path) -> Path:
    """Where a checkout keeps the record."""
    return project_root / ".gostack" / "pushed-images.json"


def load_pushed(project_root: Path) -> dict[str, str]:
    """Image id to reference with digest, of what was pushed last; empty when the record is absent or unreadable."""
    try:
        parsed: object = json.loads(pushed_path(project_root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {str(key): str(value) for key, value in cast("dict[object, object]", parsed).items()}
