"""The image that applies a service's SQL files: a small Go program of ours (`migrator/`) with the files beside it, so
that its digest says what it applies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.images.build_options import NETRC, BuildOptions
from components.images.staging import Staging

TRACK = "migrations"
"""What the image is called after its service, as those of tracks are."""

_PROGRAM = Path(__file__).with_name("migrator")
_FILES = "migrations"
_FROM_WHERE = ("GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE")


def migrations_context(stack: str, service: str, files: Sequence[Path]) -> str:
    """Return the folder that the image is built from, relative to the project: the program with copies of the files."""
    program = [file for pattern in ("go.*", "*.go") for file in _PROGRAM.glob(pattern) if "_test" not in file.stem]
    copied = {file.name: file for file in program} | {f"{_FILES}/{file.name}": file for file in files}
    return Staging.of(stack, service, f"-{TRACK}").context(copied)


def migrations_build(build: BuildOptions, *, default: bool) -> BuildOptions:
    """Return how it is built: its modules come from where those of the service do, if that has the `default` way."""
    return BuildOptions(
        assets=[_FILES],
        args={name: value for name, value in build.args.items() if default and name in _FROM_WHERE},
        secrets={name: secret for name, secret in build.secrets.items() if default and name == NETRC},
    )
