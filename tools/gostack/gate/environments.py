"""What each environment asks of a change, read from tools/gostack/gate/environments.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.gostack.documents import is_mapping
from tools.gostack.environment.errors import UserError

FILE = Path(__file__).resolve().parent / "environments.yaml"


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


def load_environments(file: Path = FILE) -> dict[str, Environment]:
    """Return environment to what it asks for; raises GateError."""
    document = read_yaml(file)
    found: dict[str, Environment] = {}
    entries: object = document.get("environments")
    if not is_mapping(entries) or set(document) != {"environments"} or not entries:
        raise GateError(f"{file.name} must hold one key, environments, with an entry for each stack.")
    for name, values in entries.items():
        try:
            found[str(name)] = Environment.model_validate(values or {})
        except ValidationError as error:
            raise GateError(f"{file.name}: environments.{name}.{first_problem(error)}.") from None
    return found


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


def read_yaml(file: Path) -> Mapping[str, Any]:
    """Return the mapping in a file; raises GateError when there is none."""
    try:
        document: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GateError(f"{file.name} does not exist: take it back from version control.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GateError(f"{file.name} is not valid YAML ({' '.join(str(error).split())}): correct that line.") from None
    if document is None:
        return {}
    if not is_mapping(document):
        raise GateError(f"{file.name} must be a mapping of keys.")
    return document


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, as "key: what"."""
    problem = error.errors()[0]
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{path} is not a known key"
    if problem["type"] == "missing":
        return f"{path} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path} is wrong: {message[0].lower()}{message[1:]}"
