"""What is in an image, by syft, and what is known to be wrong with it, by grype."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tools.gostack.documents import listing, mapping, mappings
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.progress import Progress
from tools.gostack.gate.vulnerabilities import Vulnerability
from tools.gostack.images.format import Format
from tools.gostack.images.stack_images import StackImage
from tools.gostack.release.crane import run_program
from tools.offline.toolchain.programs import grype, syft

_VARIABLES = {
    "SYFT_CHECK_FOR_APP_UPDATE": "false",
    "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    # What they say of a failure is part of a sentence.
    "NO_COLOR": "1",
}


def contents(project: Path, image: StackImage) -> str:
    """Return what syft knows of what an image holds, in its own format."""
    # What grype's matchers ask for is not all in the others.
    command = [str(syft(project, Progress())), "scan", "--output", "json", image.source]
    return run_program(command, variables=_VARIABLES)


def sbom(project: Path, contents: str, kind: Format) -> str:
    """Return what an image holds as a software bill of materials."""
    command = [str(syft(project, Progress())), "convert", "-", "--output", kind.value]
    return run_program(command, contents, _VARIABLES)


def vulnerabilities(project: Path, contents: str, database: Path | None) -> list[Vulnerability]:
    """Return what is known to be wrong with what an image holds.

    `database` is a file that somebody has brought here, as `grype db import` takes it; without one grype fetches its
    own, from GRYPE_DB_UPDATE_URL where that names a mirror. One that is too old to be believed is refused by grype
    (GRYPE_DB_MAX_ALLOWED_BUILT_AGE, 5 days).
    """
    command = str(grype(project, Progress()))
    variables = {**_VARIABLES, **(_imported(command, database) if database is not None else {})}
    found = json.loads(run_program([command, "--output", "json"], contents, variables))
    return [_vulnerability(match) for match in mappings(mapping(found).get("matches"))]


def _imported(command: str, database: Path) -> Mapping[str, str]:
    """Import a database once, and return what makes grype use it and no other."""
    with database.open("rb") as file:
        folder = cache_folder() / f"vulnerabilities-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    variables = {"GRYPE_DB_CACHE_DIR": str(folder), "GRYPE_DB_AUTO_UPDATE": "false"}
    # Grype's own folder in it, by the version of its format: there once the import has ended well.
    if not (folder / "6").is_dir():
        run_program([command, "db", "import", str(database)], variables={**_VARIABLES, **variables})
    return variables


def _vulnerability(match: Mapping[str, object]) -> Vulnerability:
    known, package = mapping(match.get("vulnerability")), mapping(match.get("artifact"))
    fix = mapping(known.get("fix"))
    return Vulnerability(
        id=str(known.get("id")),
        severity=str(known.get("severity", "unknown")).lower(),
        package=str(package.get("name")),
        version=str(package.get("version")),
        fixed_in=", ".join(map(str, listing(fix.get("versions")))) if fix.get("state") == "fixed" else "",
    )
