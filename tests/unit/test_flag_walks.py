"""`gostack flags walk`: a variant goes to all callers, or is taken back by what its requests did.

Each region's Consul is a server on this machine that answers as its KV does; time passes by waiting. Does not prove
that replicas follow: tests/integration/test_19_flags.py asks them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.settings.canary import AnalysisSettings
from tests.support.console import running_console
from tests.support.flag_stores import Datacenters, flags, running_consuls, stack_of
from tools.gostack.canary.figures import Figures
from tools.gostack.environment.errors import UserError
from tools.gostack.flags.figures import VariantMetrics
from tools.gostack.flags.rollout import FlagRollout, walk_flag
from tools.gostack.flags.store import FlagStore


@pytest.fixture
def known() -> Datacenters:
    return Datacenters("east", "west")


@pytest.fixture
def store(known: Datacenters, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlagStore]:
    with running_consuls(known) as servers:
        yield stack_of(servers, monkeypatch)


class Walked:
    """Time passes by waiting; each variant has the figures that the test gives it."""

    def __init__(self, **by_variant: Figures) -> None:
        self.now = 0.0
        self.by_variant = by_variant
        self.happens: dict[float, Any] = {}

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for at in [moment for moment in self.happens if moment <= self.now]:
            self.happens.pop(at)()

    def figures(self, seconds: float) -> dict[str, Figures]:
        assert seconds > 0
        return self.by_variant


LIMITS = AnalysisSettings(steps=[1, 5, 25, 100], interval_seconds=30, checks=2, threshold=2)
GOOD = Figures(requests=100, errors=0, p99_milliseconds=10)
BAD = Figures(requests=100, errors=3, p99_milliseconds=10)


def walked(store: FlagStore, scene: Walked, variant: str = "on") -> int:
    rollout = FlagRollout(store, "x", variant, cast("VariantMetrics", scene), lambda: scene.now)
    return walk_flag(rollout, LIMITS, "x", scene.wait, lambda: scene.now)


def test_a_good_variant_is_walked_to_everybody(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x", "--target", "region=west:off") == 0
    assert walked(store, Walked(on=GOOD, off=GOOD)) == 0
    flag = known.document("west")["flags"]["x"]
    assert flag["defaultVariant"] == "on"
    assert flag["targeting"] == {"if": [{"==": [{"var": "region"}, "west"]}, "off", "on"]}
    changes = [one["what"] for one in json.loads(known.keys["west"]["flags-history/users"][1])]
    assert changes[:4] == [f"walked: on {weight} %" for weight in (100, 25, 5, 1)]


def test_a_bad_variant_is_taken_back_and_other_flags_stay(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    before = known.document("east")["flags"]["x"]
    scene = Walked(on=GOOD, off=GOOD)

    def turns_bad() -> None:
        assert known.document("east")["flags"]["x"]["targeting"] == {"fractional": [["on", 5], ["off", 95]]}
        scene.by_variant = {"on": BAD, "off": GOOD}
        assert flags("set", "users", "other") == 0

    scene.happens = {78.0: turns_bad}
    assert walked(store, scene) == 1
    told = capsys.readouterr()
    assert "taken back, everybody has what was before: 3.00 % of the variant's requests failed" in told.err
    assert "5 % of the clients have the variant\n" in told.out
    assert "  variant: 100 requests, 3 errors (3.00 %), P99 10 ms; default: 100 requests, 0 errors" in told.out
    assert "canary" not in told.out + told.err
    for region in ("east", "west"):
        assert known.document(region)["flags"]["x"] == before
        assert "other" in known.document(region)["flags"]


def test_a_variant_that_nobody_asks_for_is_taken_back(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0
    assert walked(store, Walked(off=GOOD)) == 1
    assert "targeting" not in known.document("east")["flags"]["x"]


def test_what_somebody_else_does_to_the_flag_ends_the_walk_and_stays(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0
    scene = Walked(on=GOOD, off=GOOD)
    scene.happens = {31.0: lambda: flags("set", "users", "x", "--off")}
    with pytest.raises(UserError, match="somebody else has changed x meanwhile: it stays as it is"):
        walked(store, scene)
    assert known.document("east")["flags"]["x"]["state"] == "DISABLED"


def test_a_walk_that_is_interrupted_takes_the_variant_back(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0

    def interrupt() -> None:
        raise KeyboardInterrupt

    scene = Walked(on=GOOD, off=GOOD)
    scene.happens = {31.0: interrupt}
    with pytest.raises(KeyboardInterrupt):
        walked(store, scene)
    assert "targeting" not in known.document("east")["flags"]["x"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--off"], "x is off"),
        (["--until", "2030-01-01"], "has a schedule"),
        (["--default", "on"], "nothing to walk"),
    ],
)
def test_what_cannot_be_walked_says_why(arguments: list[str], told: str, store: FlagStore) -> None:
    assert flags("set", "users", "x", *arguments) == 0
    with pytest.raises(UserError, match=told):
        walked(store, Walked())


def test_figures_by_variant_are_what_the_metrics_say() -> None:
    on, off = {"variant": "on"}, {"variant": "off"}
    with running_console() as server:
        server.results = {"bucket": [(on, 0.9), (off, 0.02)], "failed": [(on, 4)], "count": [(on, 20), (off, 380)]}
        metrics = VariantMetrics(server.console(), "users", "x")
        found = metrics.figures(43.4)
        queries = [parse_qs(urlsplit(path).query)["query"][0] for path in server.asked]
    assert (found["on"].requests, found["on"].errors, round(found["on"].p99_milliseconds)) == (20, 4, 900)
    assert (found["off"].requests, found["off"].errors, round(found["off"].p99_milliseconds)) == (380, 0, 20)
    series = 'feature_flag_request_duration_seconds_count{service="users",flag="x"}'
    assert queries[-1] == f"sum by (variant) (increase_pure({series}[43s]))"
    with pytest.raises(UserError, match="does not answer"):
        metrics.figures(1)
