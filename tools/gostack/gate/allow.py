"""Replacements of what holds data that somebody has allowed by name, read from tools/gostack/gate/allow.yaml."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tools.gostack.gate.environments import read_file
from tools.gostack.report.urn import Urn

FILE = Path(__file__).resolve().parent / "allow.yaml"
LONGEST_DAYS = 30


def _urn(value: str) -> str:
    Urn.parse(value)
    return value


class AllowEntry(BaseModel):
    """One replacement or deletion that is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urn: Annotated[str, AfterValidator(_urn)]
    """The resource."""

    operation: Literal["replace", "delete"]
    """What may happen to it."""

    reason: Annotated[str, Field(min_length=15)]
    """Why it is right, for whoever reads it in a year."""

    expires: datetime.date
    """Last day on which it counts."""

    @property
    def stack(self) -> str:
        """Stack of the resource."""
        return Urn.parse(self.urn).stack


class _Allowed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    allow: list[AllowEntry] | None = None


def load_allow_entries(file: Path = FILE) -> list[AllowEntry]:
    """Return the entries; raises GateError with the key that is wrong."""
    return read_file(file, _Allowed).allow or []


def refused(entries: Sequence[AllowEntry], stack: str, known: set[str], today: datetime.date) -> list[str]:
    """Return a sentence for each entry of a stack that cannot count; `known` are the URNs of the stack."""
    sentences: list[str] = []
    for entry in entries:
        if entry.stack != stack:
            continue
        if entry.expires < today:
            sentences.append(
                f"the allow entry of {entry.urn} expired on {entry.expires}: remove it, or renew it with its reason"
            )
        elif (entry.expires - today).days > LONGEST_DAYS:
            sentences.append(
                f"the allow entry of {entry.urn} expires on {entry.expires}, more than {LONGEST_DAYS} days from now: "
                "give it an earlier date"
            )
        elif entry.urn not in known:
            sentences.append(f"the allow entry of {entry.urn} names no resource of the stack {stack}: remove it")
    return sentences


def allowing(entries: Sequence[AllowEntry], urn: str, operation: str, today: datetime.date) -> AllowEntry | None:
    """Return the entry that allows an operation on a resource today; None when there is none."""
    meant = (item for item in entries if (item.urn, item.operation) == (urn, operation) and today <= item.expires)
    return next(meant, None)
