"""How many of what AWS charges for are there before and after a change. It holds keys of prices and numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.aws.network.addresses import GLOBAL_REGION
from tools.gostack.prices.meters import WORLDWIDE, meter_of
from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.knowledge.charges import BY_USE, CHARGES, whole
from tools.gostack.report.knowledge.cost import COSTLY
from tools.gostack.report.place import Places

_BUDGET = "aws:budgets/budget:Budget"
_CLUSTER = "aws:eks/cluster:Cluster"


@dataclass(frozen=True)
class Quantity:
    """How many of one thing are there in one region."""

    region: str
    price: str
    """Key of its price."""

    before: int
    after: int


@dataclass(frozen=True)
class Quantities:
    """What a stack on AWS is charged for; empty for any other."""

    items: tuple[Quantity, ...] = ()
    """By region and price; what is the same before and after is among them."""

    by_use: tuple[str, ...] = ()
    """What is charged by its use, in words."""

    unknown: tuple[str, ...] = ()
    """Types that are paid for and of which it is not known how."""

    budget_usd: int = 0
    """What a month may cost after the change; 0 when the stack has no budget."""


def quantities(stack: StackChanges, places: Places) -> Quantities:
    """Count what the resources of a stack are charged for."""
    everything = [
        change for change in (*stack.changes, *stack.unchanged) if change.custom and change.operation != "read"
    ]
    if not any(change.type.startswith("aws:") for change in everything):
        return Quantities()
    # Disks of a cluster elsewhere are paid to somebody else.
    on_eks = any(change.type == _CLUSTER for change in everything)
    before, after = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for change in everything:
        if change.type in CHARGES and (on_eks or change.type.startswith("aws:")):
            was, becomes = _inputs(change)
            before += _charged(change, was, places)
            after += _charged(change, becomes, places)
    types = {change.type for change in everything}
    known = CHARGES.keys() | BY_USE.keys()
    return Quantities(
        items=tuple(Quantity(*key, before[key], after[key]) for key in sorted(before.keys() | after.keys())),
        by_use=tuple(words for kind, words in BY_USE.items() if kind in types),
        unknown=tuple(sorted(kind for kind in types & COSTLY - known if kind.startswith("aws:"))),
        budget_usd=sum(whole(change.new.get("limitAmount")) for change in everything if change.type == _BUDGET),
    )


def _inputs(change: Change) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Inputs of what is paid for before and after; what is only let out of the state is paid for all the same."""
    if change.operation == "same":
        return change.inputs, change.inputs
    stays = change.operation == "forget" or (change.operation == "delete" and change.retained)
    return change.old, change.old if stays else change.new


def _charged(change: Change, inputs: Mapping[str, Any], places: Places) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    # An empty mapping is a resource that is not there.
    for price, number in CHARGES[change.type](inputs) if inputs else ():
        found[_region(change, price, places), price] += number
    return found


def _region(change: Change, price: str, places: Places) -> str:
    if meter_of(price).worldwide:
        return WORLDWIDE
    # What watches over the whole stack is in one region of AWS, whatever region its name tells.
    return GLOBAL_REGION if "::aws-worldwide::" in change.provider else places.of(change).region or GLOBAL_REGION
