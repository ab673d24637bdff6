"""What an image is built from: the files of its context, as the engine will see them."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from docker.utils.build import exclude_paths

PROJECT = Path(__file__).resolve().parents[2]

NEVER_BUILT = (
    *("**/.git", "**/.hg", "**/.svn", "**/.bzr", "**/.jj"),
    *("**/.idea", "**/.vscode", "**/.DS_Store", "**/*.swp", "**/*.swo", "**/*~", "**/.#*"),
)
"""What version control, editors and file managers leave in a folder, as patterns of a .dockerignore."""


def project_path(path: str) -> str:
    """Return a path of the settings as the running program names it.

    A relative one stays relative: an absolute one would stand in the state and show as a change in another checkout.
    """
    return path if Path(path).is_absolute() else os.path.relpath(PROJECT / path, Path.cwd())


def ignored(context: str, dockerfile: str) -> list[str]:
    """Return the patterns of what is not built, both paths relative to the project.

    As for the engine, an ignore file of the Dockerfile's own replaces the context's .dockerignore.
    """
    for file in (PROJECT / f"{dockerfile}.dockerignore", PROJECT / context / ".dockerignore"):
        if file.is_file():
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            return [*NEVER_BUILT, *(line for line in lines if line and not line.startswith("#"))]
    return list(NEVER_BUILT)


def built_files(context: str, dockerfile: str) -> list[str]:
    """Return the files that are built, relative to the context and sorted; both paths are relative to the project."""
    root = PROJECT / context
    # The ignore file stays, so that a change of it counts.
    names: set[str] = exclude_paths(str(root), ignored(context, dockerfile), dockerfile=".dockerignore")
    return sorted(name for name in names if (root / name).is_symlink() or (root / name).is_file())


def content_digest(context: str, dockerfile: str, build_arguments: Mapping[str, str]) -> str:
    """Return the SHA-256 of everything that decides what the built image holds.

    Files that are never built, or that the .dockerignore excludes, do not count. Raises FileNotFoundError when the
    folder or the Dockerfile, both relative to the project, does not exist.
    """
    root = PROJECT / context
    if not root.is_dir():
        raise FileNotFoundError(f"{context} is not a folder of the project")
    recipe = PROJECT / dockerfile
    if not recipe.is_file():
        raise FileNotFoundError(f"{dockerfile} is not a file of the project")
    digest = hashlib.sha256(recipe.read_bytes())
    digest.update(json.dumps(dict(build_arguments), sort_keys=True).encode())
    for name in built_files(context, dockerfile):
        path = root / name
        if path.is_symlink():
            digest.update(f"{name}\0link\0{path.readlink()}\0".encode())
        if path.is_file():
            digest.update(f"{name}\0{path.stat().st_mode & 0o111:o}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
