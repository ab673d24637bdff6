"""What stands between a known vulnerability and a signature: the gate, and its exceptions in vulnerabilities.yaml."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tools.gostack.gate.environments import read_file

FILE = Path(__file__).resolve().parent / "vulnerabilities.yaml"
BLOCKING = ("critical", "high")
"""Severities that no image may have, once there is a version without the vulnerability."""


@dataclass(frozen=True)
class Vulnerability:
    """A known vulnerability of a package in an image."""

    id: str
    """CVE-…, GHSA-… or another database's name of it."""

    severity: str
    """`critical`, `high`, `medium`, `low`, `negligible` or `unknown`."""

    package: str
    """Name of the package."""

    version: str
    """Its version in the image."""

    fixed_in: str
    """The versions without it; empty while there is none."""


class VulnerabilityException(BaseModel):
    """A vulnerability that may stay for a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=5)]
    """The vulnerability."""

    reason: Annotated[str, Field(min_length=15)]
    """Why it does no harm until then, for whoever reads it in a year."""

    last_day: datetime.date
    """Last day on which it counts."""


class _Exceptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    exceptions: list[VulnerabilityException] | None = None


def load_exceptions(file: Path = FILE) -> list[VulnerabilityException]:
    """Return the exceptions; raises GateError with the key that is wrong."""
    return read_file(file, _Exceptions).exceptions or []


def refusals(
    found: Sequence[Vulnerability], exceptions: Sequence[VulnerabilityException], today: datetime.date
) -> Iterator[str]:
    """Yield a sentence for each exception that has expired, and for each vulnerability that blocks."""
    for exception in exceptions:
        if exception.last_day < today:
            yield (
                f"the exception for {exception.id} counted until {exception.last_day}: update the package and remove "
                f"it from {FILE.name}, or renew it with its reason"
            )
    excepted = {exception.id for exception in exceptions if exception.last_day >= today}
    for one in found:
        if one.severity in BLOCKING and one.fixed_in and one.id not in excepted:
            yield (
                f"{one.package} {one.version} has {one.id} ({one.severity}), which {one.fixed_in} has not: update it, "
                f"or write an exception with its reason and last day into {FILE.name}"
            )
