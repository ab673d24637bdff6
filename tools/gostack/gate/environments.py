"""What each environment asks of a change, read from tools/gostack/gate/environments.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.gostack.environment.errors import UserError

FILE = Path(__file__).resolve().parent / "environments.yaml"
Document = TypeVar("Document", bound=BaseModel)


class GateError(UserError):
    """A file of the gate is wrong; the text says which key and what to do."""


class Environment(BaseModel):
    """What one environment asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tests: bool = False
    """True when every test must have passed."""

    policy_pack: bool = False
    """True when a policy pack must have looked at the change, and no mandatory rule may be broken."""

    approvals: Annotated[int, Field(ge=0, le=10)] = 0
    """Approvals that a risky change needs, of people who did not write it and of what is there now."""

    allow_entries: bool = False
    """True when each replacement or deletion of what holds data needs an entry in tools/gostack/gate/allow.yaml."""


class _Environments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    environments: Annotated[dict[str, Environment], Field(min_length=1)]


def load_environments(file: Path = FILE) -> dict[str, Environment]:
    """Return environment to what it asks for; raises GateError."""
    return read_file(file, _Environments).environments


def environment_of(stack: str, environments: dict[str, Environment], packages: Iterable[str] = ()) -> Environment:
    """Return what a stack asks for; one that nobody has written down asks for all that any does.

    What it is made of counts beside its name: on AWS it asks for what prod does, on Kubernetes for what staging does.
    """
    made_of = set(packages)
    names = {stack} | {name for name, package in (("prod", "aws"), ("staging", "kubernetes")) if package in made_of}
    asked = [environments[name] for name in names & environments.keys()]
    if names - environments.keys():
        asked = list(environments.values())
    return Environment(
        tests=any(item.tests for item in asked),
        policy_pack=any(item.policy_pack for item in asked),
        approvals=max((item.approvals for item in asked), default=0),
        allow_entries=any(item.allow_entries for item in asked),
    )


def read_file(file: Path, model: type[Document]) -> Document:
    """Return what a file of the gate says; raises GateError with the first key that is wrong."""
    try:
        document: object = yaml.safe_load(file.read_text(encoding="utf-8"))
        return model.model_validate({} if document is None else document)
    except FileNotFoundError:
        raise GateError(f"{file.name} does not exist: take it back from version control.") from None
    except ValidationError as error:
        raise GateError(f"{file.name}: {_first_problem(error)}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GateError(f"{file.name} is not valid YAML ({' '.join(str(error).split())}): correct that line.") from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    path = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "model_type":
        return f"{path} must be a mapping of keys"
    if problem["type"] == "extra_forbidden":
        return f"{path} is not a known key"
    if problem["type"] == "missing":
        return f"{path} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path} is wrong: {message[0].lower()}{message[1:]}"
