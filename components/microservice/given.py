"""What the program of a service is given beside its image, whether it is a replica or a job: written with names of
values, and filled with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.files import GivenFile
from components.microservice.references import filled, holds_secret, uses
from components.service_database.values import CA_FILE, TRUST

SECRETS_FOLDER = "/run/secrets"
"""Folder with a file for each secret of a service, by its name."""

Values = Mapping[str, pulumi.Input[str]]
"""Name, as `mysql.host`, to what it stands for."""


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


@dataclass(frozen=True)
class Written:
    """All of it, as the settings say."""

    environment: Mapping[str, str]
    """Variables."""

    files: Mapping[str, GivenFile] = field(default_factory=dict[str, GivenFile])
    """Path to file, each with a plain text."""

    arguments: Sequence[str] | None = None
    """Arguments; None for the image's own."""

    values: Values = field(default_factory=dict[str, pulumi.Input[str]])
    """What is known of all but the database; the program finds each secret among it in a file."""

    def filled(self, database: Values, ca_certificate: pulumi.Input[str] | None) -> Given:
        """Return it with all values; those of the database are by their last part, `ca_certificate` is its
        authority's."""
        values = {**self.values, **{f"mysql.{key}": value for key, value in database.items()}}
        secrets = {name.removeprefix("secret."): value for name, value in values.items() if name.startswith("secret.")}
        files = {f"{SECRETS_FOLDER}/{name}": GivenFile(value) for name, value in secrets.items()}
        contents = {path: str(file.content) for path, file in self.files.items()}
        files |= {
            path: GivenFile(filled(text, values), executable=self.files[path].executable)
            for path, text in contents.items()
        }
        trust: dict[str, str] = {}
        if ca_certificate is not None and uses(
            [*self.environment.values(), *contents.values(), *(self.arguments or [])], "mysql"
        ):
            files[CA_FILE] = GivenFile(ca_certificate)
            trust = TRUST
        return Given(
            environment={
                **trust,
                **{key: filled(text, values) for key, text in self.environment.items() if not holds_secret(text)},
            },
            secrets={key: filled(text, values) for key, text in self.environment.items() if holds_secret(text)},
            files=files,
            arguments=None if self.arguments is None else [filled(text, values) for text in self.arguments],
        )
