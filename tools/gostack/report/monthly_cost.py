"""What a stack costs a month before and after a change, as far as it is charged for being there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tools.gostack.prices.meters import title_of
from tools.gostack.prices.table import Price, file_of, prices_of
from tools.gostack.report.quantities import Quantities, Quantity

HOURS = 730
"""Of a month, as AWS itself counts in its calculator."""


@dataclass(frozen=True)
class Line:
    """One thing in one region."""

    quantity: Quantity
    price: Price

    @property
    def title(self) -> str:
        """What people call it."""
        return title_of(self.quantity.price)

    @property
    def before(self) -> Decimal:
        """US dollars a month before the change."""
        return self.quantity.before * self._each

    @property
    def after(self) -> Decimal:
        """US dollars a month after it."""
        return self.quantity.after * self._each

    @property
    def _each(self) -> Decimal:
        return self.price.usd * (HOURS if self.price.unit == "hour" else 1)


@dataclass(frozen=True)
class Unpriced:
    """What is charged for, and not in the sums."""

    title: str
    region: str
    before: int
    after: int
    reason: str


@dataclass(frozen=True)
class MonthlyCost:
    """A stack's month."""

    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    by_use: tuple[str, ...]
    """What is charged by its use and in no sum."""

    budget_usd: int
    """What a month may cost; 0 when the stack has no budget."""

    @property
    def before(self) -> Decimal:
        """US dollars a month before the change."""
        return sum((line.before for line in self.lines), Decimal(0))

    @property
    def after(self) -> Decimal:
        """US dollars a month after it."""
        return sum((line.after for line in self.lines), Decimal(0))

    @property
    def budget_share(self) -> int | None:
        """Per cent of the budget that the stack needs after the change; None without a budget."""
        return round(self.after * 100 / self.budget_usd) if self.budget_usd else None


def monthly_cost(found: Quantities) -> MonthlyCost | None:
    """Price what was counted, by the tables of this repository; None when AWS is paid for nothing."""
    if not found.items and not found.unknown:
        return None
    lines: list[Line] = []
    unpriced = [Unpriced(kind, "", 0, 0, "it is not known how it is charged") for kind in found.unknown]
    for item in found.items:
        price = prices_of(item.region).get(item.price)
        if price is not None:
            lines.append(Line(item, price))
        else:
            unpriced.append(Unpriced(title_of(item.price), item.region, item.before, item.after, _why(item.region)))
    return MonthlyCost(tuple(lines), tuple(unpriced), found.by_use, found.budget_usd)


def _why(region: str) -> str:
    if not file_of(region).is_file():
        return f"there is no table of {region}: `gostack prices` makes it"
    return "no dated source was found for this region: `gostack prices` reads it from AWS's price list"
