"""Illness, kills and slow starts that outlast every timeout of the stack: what is well is in traffic, without a person.

The faults of the first tests happen at the same time, in services of their own, and last longer than it once took to
forget a replica (60 to 90 seconds). Does not prove the loss of Consul's servers or of MySQL: drills do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from tests.integration.cases.client import Client
from tests.integration.cases.support import CasesStack, message, tell, wait_until
from tools.gostack.lifecycle import lifecycle

ILLNESS_SECONDS = 150
START_SECONDS = 120


@dataclass
class Storm:
    """What was seen of the faults."""

    sick_answer: urllib3.BaseHTTPResponse | None = None
    """What the ingress answered while no replica was well."""
    sick_call: dict[str, Any] = field(default_factory=dict[str, Any])
    """The same of a gRPC call."""
    well_after: float = 0.0
    """Time in seconds from the end of the illness until a replica of each region answered again."""
    all_after: float = 0.0
    """The same until every replica passed."""
    slow_start: int = -1
    """Exit code of the update that added a service which starts slowly."""
    slow_seconds: float = 0.0
    slow_passing: dict[str, int] = field(default_factory=dict[str, int])
    during: dict[str, int] = field(default_factory=dict[str, int])
    """Service to how many instances passed in the region of its fault, before `up`."""
    up: int = -1
    """Exit code of the `up` after all that."""
    afterwards: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Service and region to the instances that passed after it."""


@pytest.fixture(scope="module")
def storm(stack: CasesStack, client: Callable[..., Client]) -> Iterator[Storm]:
    storm = Storm()
    before = stack.workspace.stack_file.read_text()
    for replica in stack.replicas("probe"):
        assert replica.request("POST", "/p/sick/on").status == 200
    ill_since = time.monotonic()
    for container in stack.containers("application", service="shop", region="east"):
        container.kill()
    for container in stack.containers("agent", service="rpc", region="west"):
        container.kill()
    stack.containers("agent", service="hasty", region="west")[0].remove(force=True)
    try:
        wait_until(lambda: stack.ask("/p/echo/a").status == 503, 30, "nobody is left to ask")
        storm.sick_answer = stack.ask("/p/echo/a", headers={"Origin": "https://app.example.com"})
        caller = client("grpc", stack.url())
        storm.sick_call = {**caller.result(), "answer": caller.told("answer")[0]}
        # Plain `pulumi up`, which mends nothing of the other faults.
        stack.change_services(
            slow={
                "context": "tests/probe",
                "replicas": 1,
                "check": {"path": "/ready"},
                "environment": {"PROBE_START_SECONDS": str(START_SECONDS)},
                "startup_timeout_seconds": START_SECONDS + 60,
                "routes": [{"path": "/case/slow/p"}],
            }
        )
        began = time.monotonic()
        storm.slow_start = stack.start_up().wait(900)
        storm.slow_seconds = time.monotonic() - began
        storm.slow_passing = {region: stack.passing("slow", region) for region in ("east", "west")}
        time.sleep(max(0.0, ILLNESS_SECONDS - (time.monotonic() - ill_since)))
        storm.during = {
            "probe": stack.passing("probe", "east"),
            "shop": stack.passing("shop", "east"),
            "rpc": stack.passing("rpc", "west"),
            "hasty": stack.passing("hasty", "west"),
        }
        _recover(stack, storm, ILLNESS_SECONDS)
        storm.up = lifecycle.up(stack.workspace)
        for service in ("probe", "shop", "rpc", "hasty", "slow"):
            for region in ("east", "west"):
                storm.afterwards[service, region] = stack.passing(service, region)
        yield storm
    finally:
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0


def _recover(stack: CasesStack, storm: Storm, seconds: float) -> None:
    for replica in stack.replicas("probe"):
        assert replica.request("POST", "/p/sick/off").status == 200
    ended = time.monotonic()

    def answered() -> bool:
        return all(stack.ask("/p/echo/a", region=region).status == 200 for region in ("east", "west"))

    try:
        wait_until(answered, 60, "both regions answer again")
        storm.well_after = time.monotonic() - ended
        wait_until(lambda: stack.all_passing("probe"), 60, "every replica passes again")
        storm.all_after = time.monotonic() - ended
    except AssertionError as error:
        # The tests say so; what comes after this must be seen too.
        tell(f"after an illness of {seconds:g} s: {error}")
        storm.well_after = storm.well_after or float("inf")
        storm.all_after = float("inf")
    else:
        tell(
            f"after an illness of {seconds:g} s: answers after {storm.well_after:.1f} s, every replica after "
            f"{storm.all_after:.1f} s"
        )


def test_while_no_replica_is_well_the_ingress_says_so_in_a_way_that_pages_and_programs_read(storm: Storm) -> None:
    answer = storm.sick_answer
    assert answer is not None
    assert (answer.status, bool(message(answer))) == (503, True)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", "https://app.example.com"}
    assert storm.during["probe"] == 0


def test_while_no_replica_is_well_a_call_ends_as_unavailable(storm: Storm) -> None:
    assert storm.sick_call["statuses"] == {"Unavailable": 1}
    assert "HTTP status" not in storm.sick_call["answer"]["message"]


def test_replicas_that_were_ill_for_longer_than_every_timeout_are_in_traffic_again_within_seconds(
    storm: Storm,
) -> None:
    assert storm.well_after <= 10
    assert storm.all_after <= 10


def test_a_service_that_starts_slowly_gets_the_time_that_it_asked_for(storm: Storm) -> None:
    tell(f"a service that is deaf for {START_SECONDS} s: released to both regions after {storm.slow_seconds:.0f} s")
    assert storm.slow_start == 0
    assert storm.slow_passing == {"east": 1, "west": 1}


def test_what_was_killed_was_missing_until_up(storm: Storm) -> None:
    assert {name: storm.during[name] for name in ("shop", "rpc", "hasty")} == {"shop": 0, "rpc": 0, "hasty": 0}


@pytest.mark.parametrize(
    ("service", "count"), [("probe", 2), ("shop", 2), ("rpc", 2), ("hasty", 1), ("slow", 1)], ids=str
)
def test_up_brings_back_every_instance(storm: Storm, service: str, count: int) -> None:
    assert storm.up == 0
    assert {region: storm.afterwards[service, region] for region in ("east", "west")} == {"east": count, "west": count}


def test_what_came_back_is_in_traffic(stack: CasesStack, storm: Storm) -> None:
    seen = {stack.ask("/healthz", host="shop.example.test").json()["instance"] for _ in range(40)}
    assert seen == {"shop-east-0", "shop-east-1"}


def test_up_fails_and_names_what_is_missing_when_a_replica_cannot_get_well(
    stack: CasesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    (victim, _) = stack.replicas("shop", "west")
    assert victim.request("POST", "/p/sick/on").status == 200
    wait_until(lambda: stack.passing("shop", "west") == 1, 30, "one replica is taken out")
    try:
        assert lifecycle.up(stack.workspace) != 0
        told = capfd.readouterr().err
    finally:
        assert victim.request("POST", "/p/sick/off").status == 200
    assert "shop (stable) in west: 1 of 2 replicas pass" in told
    wait_until(lambda: stack.all_passing("shop"), 30, "it is back")
    assert lifecycle.up(stack.workspace) == 0


def test_a_service_that_nobody_can_reach_fails_in_the_first_region_and_the_old_one_serves(
    stack: CasesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    before = stack.service("shop")
    old = {region: ids(stack, region) for region in ("east", "west")}
    stack.change_services(shop={**before, "environment": {"PROBE_BIND": "127.0.0.1"}})
    with stack.load("/p/echo/a", 10) as others, stack.load("/healthz", 10, host="shop.example.test") as itself:
        try:
            assert lifecycle.up(stack.workspace) != 0
            told = "".join(capfd.readouterr())
            assert ids(stack, "west") == old["west"]
            assert old["east"] <= ids(stack, "east")
        finally:
            stack.change_services(shop=before)
            assert lifecycle.up(stack.workspace) == 0
    assert others.result.failures == []
    assert itself.result.failures == []
    assert "shop-east" in told
    assert "answers on 127.0.0.1 but not on the address that clients use" in told
    # In the region that began, replicas like the old ones are made anew: Pulumi has given the old ones up.
    assert ids(stack, "west") == old["west"]
    assert len(ids(stack, "east")) == len(old["east"])


def ids(stack: CasesStack, region: str) -> set[Any]:
    return {container.id for container in stack.containers("application", service="shop", region=region)}


@pytest.mark.long
def test_an_illness_of_five_minutes_ends_within_seconds_of_its_cause(stack: CasesStack) -> None:
    storm = Storm()
    for replica in stack.replicas("probe"):
        assert replica.request("POST", "/p/sick/on").status == 200
    time.sleep(300)
    _recover(stack, storm, 300)
    assert max(storm.well_after, storm.all_after) <= 10
