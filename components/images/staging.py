"""Files beside a build that are not in its context, in a folder of this checkout that is under no version control.

Their paths are the same in every checkout, so that none stands in the state as a change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.images import build_context
from components.images.build_options import BuildSecret

LOG = "build.log"
"""What the builder said, in the folder of a build; absent until there was a build since the program began last."""


@dataclass(frozen=True)
class Staging:
    """The folder of the build of one image."""

    folder: Path

    @classmethod
    def of(cls, stack: str, service: str, suffix: str) -> Staging:
        """Return the folder of a track of a service, made where it does not exist; an earlier build's log goes."""
        folder = build_folder(stack, f"{service}{suffix}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).unlink(missing_ok=True)
        return cls(folder)

    @property
    def log(self) -> str:
        """The file that the builder's words go to, as the running program names it."""
        return os.path.relpath(self.folder / LOG)

    def dockerfile(self, original: Path, ignored: list[str]) -> Path:
        """Return a copy of a Dockerfile that has these patterns in its own ignore file.

        Beside a Dockerfile, the builder prefers that file to the context's .dockerignore.
        """
        copy = self.folder / "Dockerfile"
        _write(copy, original.read_text(encoding="utf-8"))
        _write(copy.with_name("Dockerfile.dockerignore"), "".join(f"{pattern}\n" for pattern in ignored))
        return copy

    def context(self, files: Mapping[str, bytes]) -> str:
        """Return a folder, relative to the project, with these files by their paths in it, and no others."""
        folder = self.folder / "context"
        for old in folder.rglob("*"):
            if old.is_file() and str(old.relative_to(folder)) not in files:
                old.unlink()
        for path, content in files.items():
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.is_file() or copy.read_bytes() != content:
                _replace(copy, lambda new, content=content: new.write_bytes(content))
        return str(folder.relative_to(build_context.PROJECT))

    def secret_files(self, secrets: Mapping[str, BuildSecret]) -> dict[str, str]:
        """Return name to path of the secrets that come from files, which the paths are links to."""
        links: dict[str, str] = {}
        for name, secret in secrets.items():
            if secret.file is not None:
                link = self.folder / "secrets" / name
                link.parent.mkdir(exist_ok=True)
                target = secret_file(secret.file)
                if not link.is_symlink() or link.readlink() != target:
                    _replace(link, lambda new, target=target: new.symlink_to(target))
                links[name] = os.path.relpath(link)
        return links


def build_folder(stack: str, image: str) -> Path:
    """Return the folder of the build of an image, named like its service and track."""
    return build_context.PROJECT / ".gostack" / "build" / stack / image


def secret_file(file: str) -> Path:
    """Return the file of a secret as an absolute path."""
    return build_context.PROJECT / Path(file).expanduser()


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _replace(path, lambda new: new.write_text(text, encoding="utf-8"))


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    """In one step: a build of another process may just be reading the old one."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    make(new)
    new.replace(path)
