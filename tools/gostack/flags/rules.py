"""Who gets which variant: the few rules that the command line writes, as the JsonLogic of a flag's `targeting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.environment.errors import UserError

_TIMESTAMP = {"var": "$flagd.timestamp"}


@dataclass(frozen=True)
class Target:
    """Callers who have an attribute get one variant."""

    attribute: str
    """What is known of a request or of an instance: `targetingKey`, `region`, `track`, `method`, …"""

    value: str
    variant: str

    def __str__(self) -> str:
        return f"{self.attribute}={self.value}:{self.variant}"


@dataclass(frozen=True)
class Rules:
    """The first that applies, applies: the schedule, then the targets, then the shares, then the default variant."""

    begin: datetime | None = None
    """Before this moment everybody has the default variant."""

    end: datetime | None = None
    """From this moment on everybody has the default variant."""

    targets: Sequence[Target] = ()
    shares: Mapping[str, int] = field(default_factory=dict[str, int])
    """Variant to percent of all callers; 100 together, or empty."""

    def targeting(self, default: str) -> Mapping[str, Any]:
        """Return the rules as JsonLogic; empty where there are none."""
        branches: list[Any] = []
        if self.begin is not None:
            branches += [{"<": [_TIMESTAMP, _seconds(self.begin)]}, default]
        if self.end is not None:
            branches += [{">=": [_TIMESTAMP, _seconds(self.end)]}, default]
        for target in self.targets:
            branches += [{"==": [{"var": target.attribute}, target.value]}, target.variant]
        shares = {"fractional": [[variant, percent] for variant, percent in self.shares.items()]}
        if not branches:
            return shares if self.shares else {}
        return {"if": [*branches, shares if self.shares else default]}

    def __str__(self) -> str:
        parts = [f"from {_text(self.begin)}"] if self.begin else []
        parts += [f"until {_text(self.end)}"] if self.end else []
        parts += [str(target) for target in self.targets]
        parts += [f"{variant} {percent} %" for variant, percent in self.shares.items()]
        return ", ".join(parts)


def read(targeting: Mapping[str, Any], default: str) -> Rules | None:
    """Return the rules that `targeting` was made from; None where it was written by hand in another form."""
    try:
        found = _understood(targeting)
    except (ValueError, OverflowError, OSError):
        # A moment that no calendar has, like one in milliseconds.
        return None
    # Whatever was not understood does not come out again as it went in.
    return found if found is not None and found.targeting(default) == targeting else None


def _understood(targeting: Mapping[str, Any]) -> Rules | None:
    branches = targeting.get("if", [targeting] if targeting else [])
    if not is_list(branches):
        return None
    found, last = Rules(), branches[-1:]
    for condition, variant in zip(branches[:-1:2], branches[1::2], strict=False):
        if not is_mapping(condition) or len(condition) != 1:
            return None
        operator, arguments = next(iter(condition.items()))
        if not is_list(arguments) or len(arguments) != 2 or not is_mapping(arguments[0]):
            return None
        if operator == "<" and isinstance(arguments[1], int):
            found = replace(found, begin=datetime.fromtimestamp(arguments[1], UTC))
        elif operator == ">=" and isinstance(arguments[1], int):
            found = replace(found, end=datetime.fromtimestamp(arguments[1], UTC))
        else:
            target = Target(str(arguments[0].get("var")), str(arguments[1]), str(variant))
            found = replace(found, targets=(*found.targets, target))
    if last and is_mapping(last[0]):
        shares: list[Any] = last[0].get("fractional") or []
        if not all(is_list(one) and len(one) == 2 for one in shares):
            return None
        found = replace(found, shares={str(name): int(percent) for name, percent in shares})
    return found


def parse_targets(texts: Sequence[str]) -> tuple[Target, ...]:
    """Return the targets of ATTRIBUTE=VALUE:VARIANT; raises UserError."""
    targets: list[Target] = []
    for text in texts:
        attribute, equals, rest = text.partition("=")
        value, colon, variant = rest.rpartition(":")
        if not (attribute and equals and value and colon and variant):
            raise UserError(f'"{text}" is no target: write it like region=west:on.')
        targets.append(Target(attribute, value, variant))
    return tuple(targets)


def parse_shares(texts: Sequence[str]) -> dict[str, int]:
    """Return the shares of VARIANT=PERCENT, which are 100 together; raises UserError."""
    shares: dict[str, int] = {}
    for text in texts:
        variant, _, percent = text.partition("=")
        if not variant or not percent.isdecimal() or variant in shares:
            raise UserError(f'"{text}" is no share: write each variant once, like on=5, with whole percents.')
        shares[variant] = int(percent)
    if sum(shares.values()) != 100:
        raise UserError(f"the shares are {sum(shares.values())} % together: write all of them, 100 % together.")
    return shares


def parse_moment(text: str) -> datetime:
    """Return a moment of ISO 8601, in UTC where it names no zone; raises UserError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f'"{text}" is no time: write it like 2026-12-01T09:00:00Z.') from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
