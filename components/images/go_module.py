"""What the files of a Go program say before anything is built: its module, its main package, what it points to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_IGNORED = re.compile(r"^//go:build ignore\s*$", re.MULTILINE)
_NO_PROGRAMS = frozenset({"vendor", "testdata", "node_modules"})
_DEEPEST = 4


def module_folder(context: Path, main_package: str) -> str | None:
    """Return the folder of the module that a package is in, relative to the context; None when it is in none there."""
    package = PurePosixPath(main_package)
    for folder in (package, *package.parents):
        if (context / folder / "go.mod").is_file():
            return str(folder)
    return None


def is_program(folder: Path) -> bool:
    """Whether a folder holds Go files of a main package."""
    return any(_is_main(file) for file in folder.glob("*.go") if not file.name.endswith("_test.go"))


def _is_main(file: Path) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    return bool(_MAIN.search(text)) and not _IGNORED.search(text)


def programs(context: Path, most: int) -> list[str]:
    """Return the first main packages of modules in a context, as they are written in the settings.

    Folders more than four levels below it are left out: it may be the root of anything.
    """
    return list(islice((package for package in _programs(context) if module_folder(context, package)), most))


def _programs(context: Path) -> Iterator[str]:
    for folder, below, _ in os.walk(context):
        relative = Path(folder).relative_to(context)
        below[:] = sorted(name for name in below if not name.startswith((".", "_")) and name not in _NO_PROGRAMS)
        if len(relative.parts) == _DEEPEST:
            below.clear()
        if is_program(Path(folder)):
            yield f"./{relative}" if relative.parts else "."


def go_directive(file: Path) -> str | None:
    """Return the version of Go that a go.mod or go.work asks for, for example "1.27" or "1.27.1"."""
    return next(_directives(file, "go"), None)


def local_folders(file: Path) -> list[str]:
    """Return the folders beside it that a go.mod or go.work points to, as they are written there."""
    replaced = [target.partition("=>")[2].split() for target in _directives(file, "replace")]
    written = [words[0] for words in replaced if len(words) == 1] + list(_directives(file, "use"))
    return [folder.strip('"') for folder in written]


def _directives(file: Path, verb: str) -> Iterator[str]:
    """The lines of a directive, written by themselves or in a block."""
    inside = False
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.partition("//")[0].strip() if "://" not in line else line.strip()
        if inside and words == ")":
            inside = False
        elif inside and words:
            yield words
        elif re.fullmatch(rf"{verb}\s*\(", words):
            inside = True
        elif words.startswith((f"{verb} ", f"{verb}\t")):
            yield words.removeprefix(verb).strip()
