"""How the image of a service is built from its source, beside where the source is."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from components.section import Section

DEFAULT_DOCKERFILE = "services/Dockerfile"
"""The Dockerfile that builds any Go program, relative to the project."""

PLATFORM_ARGUMENTS = frozenset(
    {"GOLANG_IMAGE", "GO_VERSION", "CGO", "TAGS", "MODULE", "MAIN_PACKAGE", "ASSETS", "VERSION"}
)
"""Arguments of the default Dockerfile that other settings fill."""

NETRC = "netrc"
"""The build secret that the default Dockerfile uses: a file of the format .netrc."""

_SECRET_NAME = re.compile(r"(.*_)?(TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIALS)", re.IGNORECASE)
_CREDENTIALS = re.compile(r"://[^/@\s]+:[^/@\s]+@")
_TAGS_FLAG = re.compile(r"(^|\s)--?tags\b")


def _asset(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.+@~/-]+", value) or value.startswith(("/", "-")) or ".." in value.split("/"):
        raise ValueError(
            f'"{value}" is not a path in the context; write it like "templates" or "config/defaults.yaml".'
        )
    return value.removeprefix("./").rstrip("/")


def _go_version(value: str) -> str:
    if not re.fullmatch(r"1\.[1-9][0-9]*(\.[0-9]+|rc[1-9])?", value):
        raise ValueError(f'"{value}" is not a version of Go; write it in quotes, like "1.27" or "1.27.1".')
    return value


Asset = Annotated[str, AfterValidator(_asset)]
"""A file or a folder in the context, relative to it."""


class BuildSecret(Section):
    """Where a secret of a build comes from, on the machine that builds: its value is read at the build alone."""

    file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """File with the secret: absolute, relative to the project or beginning with `~/`, for example "~/.netrc"."""

    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Environment variable of `make up` or `pulumi up` that holds the secret, for example "CI_NETRC"."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError('it has to have one source: write file: "~/.netrc", or env with the name of a variable.')
        return self


class BuildOptions(Section):
    """How the image of a service is built.

    All keys but `args` and `secrets` are about the default Dockerfile, `services/Dockerfile`; a Dockerfile of the
    service's own is built as it is, with its own `.dockerignore`, and is given nothing but these two.
    """

    go: Annotated[str, AfterValidator(_go_version)] | None = None
    """Version of Go that compiles the program, in quotes: "1.27" is its newest patch. Without it, the one of
    `gostack:images.golang`, or a newer one that go.mod asks for."""

    cgo: bool | None = None
    """True builds with a C compiler, and puts the C libraries that the program is linked to into the image. Without it
    cgo is off, and a program that is known not to work so is refused when it is built; false builds it all the same."""

    tags: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]+$")]] = Field(default_factory=list[str])
    """Build tags, for example [sqlite_fts5]."""

    assets: list[Asset] = Field(default_factory=list[Asset])
    """Files and folders that the program reads while it runs, relative to `context`, for example [templates, static].
    They are put beside the program, and its working directory is the folder of its module, so that
    `os.ReadFile("templates/index.html")` works as it does in the source."""

    args: dict[str, str] = Field(default_factory=dict[str, str])
    """Build arguments, none of them a secret. The default Dockerfile takes GOPROXY, GOPRIVATE, GONOPROXY, GOSUMDB,
    GONOSUMDB, GOINSECURE, GOFLAGS, GOEXPERIMENT, CGO_CFLAGS, CGO_CXXFLAGS and CGO_LDFLAGS, for example
    {GOPRIVATE: github.com/acme}; another Dockerfile what it declares."""

    secrets: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")], BuildSecret] = Field(
        default_factory=dict[str, BuildSecret]
    )
    """Secrets that the build sees as files /run/secrets/<name> of `RUN --mount=type=secret,id=<name>`; they are not in
    the image, the state, a log or the arguments of a process. The default Dockerfile knows `netrc`, with which Go and
    git get private modules: {netrc: {file: "~/.netrc"}}."""

    @model_validator(mode="after")
    def _arguments_are_the_services(self) -> Self:
        for name, value in self.args.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"args.{name} is not the name of an argument: use letters, digits and underscores.")
            if name in PLATFORM_ARGUMENTS:
                raise ValueError(f"args.{name} is written by the platform: remove it, the other settings fill it.")
            if _SECRET_NAME.fullmatch(name) or _CREDENTIALS.search(value):
                raise ValueError(
                    f"args.{name} would be in plain text in the state and in the image's history: give it as a secret "
                    f"by secrets, for example {{{NETRC}: {{file: ~/.netrc}}}}."
                )
        if _TAGS_FLAG.search(self.args.get("GOFLAGS", "")):
            raise ValueError("args.GOFLAGS sets -tags, which the build sets itself: write them as tags.")
        return self
