"""The SQL files of a service's migrations, named as golang-migrate reads them, or with both ways in one file as goose
does (https://pressly.github.io/goose/documentation/annotations/): what would be left out in silence is refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from infra.settings.services import ServiceSettings

_NAME = re.compile(r"([0-9]+)_.+\.(up|down)\.sql")
_GOOSE_NAME = re.compile(r"([0-9]+_.+)\.(sql|go)")
_GOOSE_UP = re.compile(r"^\s*--\s*\+goose\s+Up\b", re.MULTILINE | re.IGNORECASE)
_GOOSE_DOWN = re.compile(r"^\s*--\s*\+goose\s+Down\b", re.MULTILINE | re.IGNORECASE)
_GOOSE_VARIABLES = re.compile(r"^\s*--\s*\+goose\s+ENVSUB\s+ON\b", re.MULTILINE | re.IGNORECASE)
_GOOSE_GLUED = re.compile(r"^\s*--\+goose\b", re.MULTILINE | re.IGNORECASE)


def migrations_folder(service: ServiceSettings, project: Path) -> Path | None:
    """Return the folder of SQL files that a service names, in its context where it is there and else in the project;
    None for a service without."""
    directory = service.migrations.directory if service.migrations is not None else None
    if directory is None:
        return None
    inside = project / (service.context or "") / directory
    return inside if inside.is_dir() else project / directory


def migration_files(folder: Path) -> dict[str, bytes]:
    """Return what is applied of a folder, sorted: the name of each file as golang-migrate reads it, to its text. Of a
    file of goose it is what stands before the way down; the rest of its annotations are comments to MySQL."""
    return dict(sorted(_named(file) for file in _sql_files(folder)))


def _named(file: Path) -> tuple[str, bytes]:
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    if not _of_goose(file.name, text):
        return file.name, file.read_bytes()
    down = _GOOSE_DOWN.search(text)
    return f"{file.stem}.up.sql", text[: down.start() if down else None].encode(errors="surrogateescape")


def _of_goose(name: str, text: str) -> bool:
    return not _NAME.fullmatch(name) and bool(_GOOSE_NAME.fullmatch(name) and _GOOSE_UP.search(text))


def _sql_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix == ".sql" and file.is_file())


def migrations_problems(key: str, service: ServiceSettings, project: Path) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong with a service's folder of SQL files."""
    folder = migrations_folder(service, project)
    if folder is None or service.migrations is None:
        return
    what = f'{key}.database.migrations.directory is "{service.migrations.directory}"'
    if not folder.is_dir():
        places = f"neither in {service.context} nor in the project" if service.context else "not in the project"
        yield f"{what}, which is a folder {places}: write its path relative to one of them, or absolute."
        return
    yield from (f"{what}, {problem}" for problem in _goose_problems(folder))
    seen: dict[tuple[int, str], str] = {}
    for file in _sql_files(folder):
        named = _NAME.fullmatch(_named(file)[0])
        if named is None:
            yield (
                f"{what}, where {file.name} is not named <number>_<name>.up.sql or .down.sql: rename it, for example "
                f"to {len(seen) + 1:04}_{file.name.partition('.')[0]}.up.sql."
            )
            continue
        number = (int(named[1]), named[2])
        if number in seen:
            yield f"{what}, where {seen[number]} and {file.name} have the same number: give one of them another."
        seen[number] = file.name
    if not any(way == "up" for _, way in seen):
        yield f"{what}, which holds no file named like 0001_create_orders.up.sql: add one, or correct the path."


def _goose_problems(folder: Path) -> Iterator[str]:
    """Yield what only goose itself could do."""
    files = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in _sql_files(folder)}
    of_goose = [name for name, text in files.items() if _of_goose(name, text)]
    for name in of_goose:
        if _GOOSE_VARIABLES.search(files[name]):
            yield f"where {name} has variables (ENVSUB), which are not replaced here: write their values."
        if _GOOSE_GLUED.search(files[name]):
            yield f"where {name} has --+goose, which is no comment to MySQL: write a blank after the hyphens."
    if not of_goose:
        return
    programs = sorted(file.name for file in folder.glob("*.go") if _GOOSE_NAME.fullmatch(file.name))
    for name in [name for name in programs if not name.endswith("_test.go")]:
        yield (
            f"where {name} is a migration in Go, which only the service's own program can run: write database.migrate, "
            "with the arguments by which it migrates, in the place of migrations."
        )
