"""What a stack costs a month, as a table for people and as figures for programs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tools.gostack.report.monthly_cost import Line, MonthlyCost, Unpriced


def sums(cost: MonthlyCost) -> str:
    """Return the sums in one sentence."""
    change = f"{_usd(cost.before)} → {_usd(cost.after)} USD ({_signed(cost.after - cost.before)})"
    share = "" if cost.budget_share is None else f", {cost.budget_share} % of the budget of {cost.budget_usd:,}"
    left_out = f"; {len(cost.unpriced)} kinds of resources are not priced" if cost.unpriced else ""
    return f"{change}{share}{left_out}"


def table(cost: MonthlyCost) -> Iterator[str]:
    """Return each line with its source, then what is in no sum; lines that change come first."""
    yield "| region | what | number | price | USD a month | difference | source |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for line in sorted(cost.lines, key=lambda line: line.before == line.after):
        number, amount = _arrow(line.quantity.before, line.quantity.after), _amounts(line)
        source = f"[{line.price.date}]({line.price.source})"
        cells = [line.quantity.region, line.title, number, f"{line.price.usd:f} / {line.price.unit}", amount]
        yield f"| {' | '.join([*cells, _signed(line.after - line.before), source])} |"
    yield ""
    yield from (f"- not priced: {unpriced(item)}" for item in cost.unpriced)
    yield from (f"- by use, in no sum: {words}" for words in cost.by_use)


def unpriced(item: Unpriced) -> str:
    """Return why something is in no sum."""
    where = f" in {item.region}, {_arrow(item.before, item.after)}" if item.region else ""
    return f"{item.title}{where}: {item.reason}"


def figures(cost: MonthlyCost) -> dict[str, Any]:
    """Return the same for programs; amounts are US dollars a month."""
    return {
        "before": _rounded(cost.before),
        "after": _rounded(cost.after),
        "difference": _rounded(cost.after - cost.before),
        "budget": cost.budget_usd or None,
        "budgetShare": cost.budget_share,
        "lines": [
            {
                "region": line.quantity.region,
                "price": line.quantity.price,
                "numberBefore": line.quantity.before,
                "numberAfter": line.quantity.after,
                "usd": float(line.price.usd),
                "unit": line.price.unit,
                "before": _rounded(line.before),
                "after": _rounded(line.after),
                "difference": _rounded(line.after - line.before),
                "source": line.price.source,
                "date": line.price.date.isoformat(),
            }
            for line in cost.lines
        ],
        "notPriced": [
            {
                "what": item.title,
                "region": item.region,
                "numberBefore": item.before,
                "numberAfter": item.after,
                "reason": item.reason,
            }
            for item in cost.unpriced
        ],
        "byUse": list(cost.by_use),
    }


def _arrow(before: int, after: int) -> str:
    return str(after) if before == after else f"{before} → {after}"


def _amounts(line: Line) -> str:
    return _usd(line.after) if line.before == line.after else f"{_usd(line.before)} → {_usd(line.after)}"


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}" if amount else "0"


def _rounded(amount: Decimal) -> float:
    return float(round(amount, 2))
