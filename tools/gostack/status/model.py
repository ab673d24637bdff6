"""What a look at a stack finds, whatever it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Traffic:
    """What clients got from a track in a region, in the last minute that is counted."""

    requests_per_second: float

    error_percent: float | None
    """Share in percent of the requests that were answered with 5xx; None without any request."""

    p99_milliseconds: float | None
    """Time in which 99 % of them were answered; None without any request."""


@dataclass(frozen=True, order=True)
class ReplicaCount:
    """How many replicas of a track serve in a region, and what they do."""

    service: str
    """A service of the settings, `ingress` or `consul`."""

    track: str
    """`stable`, `canary` or `schedules`; empty for `ingress` and `consul`."""

    region: str
    image: str
    """Name and tag of what runs, or the first twelve digits of its digest; two, with a comma, while one follows the
    other."""

    passing: int
    """Replicas whose checks pass."""

    wanted: int
    """Replicas that the settings ask for."""

    traffic: Traffic | None = None
    """None where clients ask nothing, or nobody counts it."""


@dataclass(frozen=True)
class DatabaseMember:
    """A MySQL member."""

    place: str
    """Region, or `witness`."""

    role: str
    """`primary`, `replica` or `secondary`; `?` while nobody knows."""

    state: str
    """`online`, or what else the group or the platform says, for example `recovering` or `down`."""


@dataclass(frozen=True)
class IngressEntry:
    """The entry of a region, from where this command runs."""

    region: str
    address: str
    """Host and port."""

    reachable: bool
    """Whether it speaks TLS with a certificate that the stack's authority has signed."""

    certificate_days: int | None
    """Whole days until its certificate expires, negative afterwards; None when it shows none."""


@dataclass(frozen=True)
class Status:
    """A stack at a moment."""

    stack: str
    services: Sequence[ReplicaCount]
    databases: Sequence[DatabaseMember]
    ingresses: Sequence[IngressEntry]
    ca_days: int | None
    """Whole days until the stack's authority expires; None where it has none of its own."""

    problems: Sequence[str]
    """What is missing, a sentence each."""

    alerts: int | None = None
    """How many alerts fire; None when that is not known."""

    @property
    def well(self) -> bool:
        """Whether everything is as the settings say."""
        return not self.problems

    def document(self) -> Mapping[str, Any]:
        """Return what `--json` prints; the keys are those of the fields, and `well`."""
        return {"well": self.well, **asdict(self)}


def missing(counts: Sequence[ReplicaCount]) -> list[str]:
    """Return a sentence for each place that has fewer replicas than the settings ask for."""
    return [
        f"{_name(one)} in {one.region}: {one.passing} of {one.wanted} replicas pass their check."
        for one in counts
        if one.passing < one.wanted
    ]


def judged(found: Sequence[DatabaseMember]) -> tuple[list[DatabaseMember], list[str]]:
    """Return members, and a sentence for each that does not serve, and for a primary that nobody is."""
    problems = [f"the MySQL member of {one.place} is {one.state}." for one in found if one.state != "online"]
    if not any(one.role == "primary" and one.state == "online" for one in found):
        problems.append("MySQL has no primary at this moment: writes wait or fail.")
    return list(found), problems


def one_sentence(lines: Sequence[str]) -> str:
    """Return an explanation, a line and indented ones below it, as one sentence, without programs' last words."""
    first, *others = [line.strip().rstrip(".") for line in lines if not line.startswith("    ")]
    return f"{first}: {'; '.join(others)}." if others else f"{first}."


def _name(count: ReplicaCount) -> str:
    return f"{count.service} ({count.track})" if count.track not in ("", "stable") else count.service
