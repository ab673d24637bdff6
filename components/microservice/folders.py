"""Folders of a replica's file system that its program may write to; everything else is read-only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field

from components.section import Section

_PATH = re.compile(r"(/[A-Za-z0-9_.@+-]+)+")
_SYSTEM = frozenset({"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr"})
"""Folders of the root in which an image, or the kernel, has what a program needs to run at all."""

OWN_FOLDERS = ("/run/secrets", "/run/gostack")
"""What the platform writes into."""


def container_path(value: str) -> str:
    """Return a path inside a container as it is; raises ValueError for one that is not absolute and plain."""
    if not _PATH.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValueError(
            f'"{value}" is not a path in a container: write an absolute one of letters, digits and "_.@+-", like '
            '"/var/cache/shop".'
        )
    return value


def _folder(value: str) -> str:
    path = container_path(value)
    if (path.count("/") == 1 and path[1:] in _SYSTEM) or path in ("/run", "/var", "/etc/ssl", "/etc/ssl/certs"):
        raise ValueError(f'"{path}" is a folder of the system, which would be hidden: choose one of its own.')
    if path == "/tmp" or path.startswith("/tmp/"):
        raise ValueError(f'"{path}" is writable already, in memory: remove it.')
    if any(path == own or path.startswith(f"{own}/") for own in OWN_FOLDERS):
        raise ValueError(f'"{path}" is written by the platform: choose another folder.')
    return path


FolderPath = Annotated[str, AfterValidator(_folder)]
"""The absolute path of a folder in a container that nothing else of the image is in."""


class WritableFolder(Section):
    """A folder that begins empty and goes with its replica."""

    size_mib: Annotated[int, Field(ge=1, le=65536)] = 64
    """Most that fits into it, in MiB. In memory it counts into `memory_mib`; on a disk of Docker it is no limit."""

    disk: bool = False
    """True: on the disk of the machine or node instead of in memory."""


def _by_path(given: Any) -> Any:
    """A list names folders that are as they usually are."""
    if not isinstance(given, list):
        return given
    paths = cast("list[Any]", given)
    if not all(isinstance(path, str) for path in paths):
        raise ValueError('it has something that is no path: write a list like ["/var/cache/shop"].')
    if len({str(path) for path in paths}) != len(paths):
        raise ValueError("it names a folder twice: remove one of them.")
    usual: dict[Any, dict[str, Any]] = {path: {} for path in paths}
    return usual


WritableFolders = Annotated[
    dict[FolderPath, WritableFolder],
    BeforeValidator(_by_path, json_schema_input_type=dict[str, WritableFolder] | list[str]),
]
"""Folders by their path; a list of paths for those that are as they usually are."""


def nested(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return the first folder that is inside of another one, after that; None when they are apart."""
    # By their parts, so that a folder stands right before what is inside of it.
    for outer, inner in pairwise(sorted(paths, key=lambda path: path.split("/"))):
        if inner == outer or inner.startswith(f"{outer}/"):
            return outer, inner
    return None
