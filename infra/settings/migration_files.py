"""The SQL files of a service's migrations: what golang-migrate would leave out in silence is refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from infra.settings.services import ServiceSettings

_NAME = re.compile(r"([0-9]+)_.+\.(up|down)\.sql")


def migrations_folder(service: ServiceSettings, project: Path) -> Path | None:
    """Return the folder of SQL files that a service names, in its context where it is there and else in the project;
    None for a service without."""
    directory = service.migrations.directory if service.migrations is not None else None
    if directory is None:
        return None
    inside = project / (service.context or "") / directory
    return inside if inside.is_dir() else project / directory


def migration_files(folder: Path) -> list[Path]:
    """Return the SQL files in a folder, sorted."""
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
    seen: dict[tuple[int, str], str] = {}
    for file in migration_files(folder):
        named = _NAME.fullmatch(file.name)
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
