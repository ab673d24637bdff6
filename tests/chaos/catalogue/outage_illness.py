"""A dependency that every replica needs is away, and comes back: nobody may have forgotten the replicas."""

from __future__ import annotations

from functools import partial

from tests.chaos.outage import outage
from tests.chaos.probe import make_ill

DRILL = outage(
    "outage-illness",
    "Every replica of a service in every region fails its check",
    partial(make_ill, ill=True),
    partial(make_ill, ill=False),
)
