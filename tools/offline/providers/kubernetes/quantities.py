"""Kubernetes' quantities, such as `500m` and `0.5`: equal when they mean the same amount."""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")

# The properties below which every value is a quantity, and the single ones.
_MAPS = frozenset({"limits", "requests", "hard", "capacity", "overhead", "default", "defaultRequest", "max", "min"})
_MAPS_OF_RATIOS = frozenset({"maxLimitRequestRatio"})
_SINGLE = frozenset({"sizeLimit", "averageValue", "divisor"})


def is_quantity(path: tuple[str | int, ...]) -> bool:
    """Whether the API declares a quantity at this place."""
    if not path:
        return False
    return path[-1] in _SINGLE or (len(path) > 1 and path[-2] in _MAPS | _MAPS_OF_RATIOS)


def same_amount(one: object, other: object) -> bool:
    """Whether both are quantities of the same amount."""
    amounts = [amount(one), amount(other)]
    return amounts[0] is not None and amounts[0] == amounts[1]


def amount(quantity: object) -> Decimal | None:
    """The number that a quantity stands for; None for what is none."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return None
    match = _FORM.fullmatch(str(quantity).strip())
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])
