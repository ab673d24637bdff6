"""What the program of a service is given beside its image, whether it is a replica or a job: written with names of
values, and filled with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

import pulumi

from components.files import GivenFile
from components.microservice.references import filled, holds_secret, uses
from components.service_database.values import CA_FILE, TRUST

SECRETS_FOLDER = "/run/secrets"
"""Folder with a file for each secret of a service, by its name."""


@dataclass(frozen=True)
class Given:
    """All of it, filled."""

    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Variables that hold no secret."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Variables that do."""

    files: Mapping[str, GivenFile] = field(default_factory=dict[str, GivenFile])
    """Path to file."""

    arguments: Sequence[pulumi.Input[str]] | None = None
    """Arguments of the program; None for the image's own."""


class WrittenProgram(TypedDict):
    """What a program is given, as the settings say."""

    environment: Mapping[str, str]
    """Variables, in which `${name}` stands for a value."""

    files: Mapping[str, GivenFile]
    """Path to file, each with such a text."""

    arguments: NotRequired[Sequence[str]]
    """Such arguments; the image's own when they are not given."""

    values: Mapping[str, pulumi.Input[str]]
    """Name, as `service.orders.url`, to its value, of all but the database; each `secret.<name>` is a file, too."""


def filled_program(
    program: WrittenProgram,
    database: Mapping[str, pulumi.Input[str]],
    ca_certificate: pulumi.Input[str] | None,
) -> Given:
    """Return it with all values; those of the database are by their last part, `ca_certificate` is its authority's."""
    values = {**program["values"], **{f"mysql.{key}": value for key, value in database.items()}}
    variables, arguments = program["environment"], program.get("arguments")
    files: dict[str, GivenFile] = {
        f"{SECRETS_FOLDER}/{name.removeprefix('secret.')}": {"content": value}
        for name, value in values.items()
        if name.startswith("secret.")
    }
    texts = {path: str(file["content"]) for path, file in program["files"].items()}
    files |= {path: {**program["files"][path], "content": filled(text, values)} for path, text in texts.items()}
    trust: dict[str, str] = {}
    if ca_certificate is not None and uses([*variables.values(), *texts.values(), *(arguments or [])], "mysql"):
        files[CA_FILE] = {"content": ca_certificate}
        trust = TRUST
    return Given(
        environment={
            **trust,
            **{key: filled(text, values) for key, text in variables.items() if not holds_secret(text)},
        },
        secrets={key: filled(text, values) for key, text in variables.items() if holds_secret(text)},
        files=files,
        arguments=None if arguments is None else [filled(text, values) for text in arguments],
    )
