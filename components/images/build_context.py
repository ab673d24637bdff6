"""What an image is built from: the files of its context, as the engine will see them."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from docker.utils.build import exclude_paths

PROJECT = Path(__file__).resolve().parents[2]


def project_path(relative: str) -> str:
    """Return a path of the project as the running program names it.

    It is relative: an absolute one would stand in the state and show as a change in another checkout.
    """
    return os.path.relpath(PROJECT / relative, Path.cwd())


def content_digest(context: str, dockerfile: str, build_arguments: Mapping[str, str]) -> str:
    """Return the SHA-256 of everything that decides what the built image holds.

    Files that the context's .dockerignore excludes do not count. Raises FileNotFoundError when the folder or the
    Dockerfile, both relative to the project, does not exist.
    """
    root = PROJECT / context
    if not root.is_dir():
        raise FileNotFoundError(f"{context} is not a folder of the project")
    recipe = PROJECT / dockerfile
    if not recipe.is_file():
        raise FileNotFoundError(f"{dockerfile} is not a file of the project")
    digest = hashlib.sha256(recipe.read_bytes())
    digest.update(json.dumps(dict(build_arguments), sort_keys=True).encode())
    for name in sorted(exclude_paths(str(root), _ignored(root), dockerfile=".dockerignore")):
        path = root / name
        if path.is_file():
            digest.update(f"{name}\0{path.stat().st_mode & 0o111:o}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _ignored(root: Path) -> list[str]:
    file = root / ".dockerignore"
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
