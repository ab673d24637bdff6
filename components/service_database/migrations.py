"""The image that applies a service's SQL files: a small Go program of ours (`migrator/`) with the files beside it, so
that its digest says what it applies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from components.images.build_options import NETRC, BuildOptions
from components.images.staging import Staging

TRACK = "migrations"
"""What the image is called after its service, as those of tracks are."""

_PROGRAM = Path(__file__).with_name("migrator")
_FILES = "migrations"
_FROM_WHERE = ("GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE")


def migrations_context(stack: str, service: str, files: Mapping[str, bytes]) -> str:
    """Return the folder that the image is built from, relative to the project: the program and the files by their
    names."""
    program = [file for pattern in ("go.*", "*.go") for file in _PROGRAM.glob(pattern) if "_test" not in file.stem]
    texts = {file.name: file.read_bytes() for file in program}
    texts |= {f"{_FILES}/{name}": text for name, text in files.items()}
    return Staging.of(stack, service, f"-{TRACK}").context(texts)


def migrations_build(build: BuildOptions, *, default: bool) -> BuildOptions:
    """Return how it is built: its modules come from where those of the service do, if that has the `default` way."""
    return BuildOptions(
        assets=[_FILES],
        args={name: value for name, value in build.args.items() if default and name in _FROM_WHERE},
        secrets={name: secret for name, secret in build.secrets.items() if default and name == NETRC},
    )
