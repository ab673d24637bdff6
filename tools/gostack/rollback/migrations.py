"""Whether the schema has changed since a release: an older version may not understand a newer schema."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from infra.settings.services import ServiceSettings

FOLDERS = frozenset({"migrations", "migration", "migrate", "migrator"})
"""Names of folders with what changes a schema, in the tools that Go programs use."""


def migrations_between(project: Path, service: ServiceSettings, commit: str) -> tuple[list[str], str]:
    """Return the files of migrations that differ between a commit and now, and why they cannot be known, else "".

    They are the SQL files, and everything in a folder with a name of FOLDERS, below the service's folder and that of
    its SQL migrations. A service without a schema of its own has none.
    """
    if service.own_schema is None or not (service.own_schema.migrate or service.migrations):
        return [], ""
    directory = service.migrations.directory if service.migrations is not None else None
    folders = [folder for folder in (service.context, directory) if folder is not None]
    if not folders:
        return [], "its migrations are in an image, of which this checkout has no source"
    if not commit:
        return [], "the commit of that release is not known"
    changed: list[str] = []
    for folder in folders:
        place = (project / folder).resolve()
        # Against what is checked out, committed or not.
        command = ["git", "-C", str(place), "diff", "--name-only", "--relative", commit, "--", "."]
        new = ["git", "-C", str(place), "ls-files", "--others", "--exclude-standard"]
        for asked in (command, new):
            result = subprocess.run(asked, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                return [], f"git does not know the commit {commit[:9]} in {folder}"
            changed += [
                f"{folder}/{name}" for name in result.stdout.splitlines() if folder == directory or _is_one(name)
            ]
    return sorted(set(changed)), ""


def _is_one(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".sql" or bool(FOLDERS & set(path.parts[:-1]))
