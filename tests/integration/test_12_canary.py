"""A canary beside a stable track, on the real ingress: who gets it, how it goes on, and how it comes back.

Does not prove that a walk with the default intervals takes the time that it should: the steps here are short.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from components.ingress import TRACKS_FILE
from components.ingress.docker import variable_name
from components.text import script
from tests.integration.support import LiveStack, tell
from tests.support.load import Load, Request
from tools.gostack.canary.promote import promote, roll_back
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError

CANARY: dict[str, Any] = {
    "context": "tests/chaos/unsteady_service",
    "match": [{"header": "X-App-Version", "value": "2.0"}, {"header": "X-User-Tag", "value": "beta"}],
    "analysis": {"steps": [25, 100], "interval_seconds": 3, "checks": 2, "threshold": 2},
}
CLIENTS = 4000


@pytest.fixture(scope="module", autouse=True)
def settings_as_before(stack: LiveStack) -> Iterator[None]:
    before = stack.workspace.stack_file.read_text()
    yield
    stack.workspace.stack_file.write_text(before)
    assert lifecycle.up(stack.workspace) == 0


def release(stack: LiveStack, **canary: Any) -> None:
    stack.change_settings("greeter", canary={**CANARY, **canary})
    assert lifecycle.up(stack.workspace) == 0


def hello(stack: LiveStack) -> str:
    return f"{stack.outputs['url']}/hello/ada"


def clients(url: str) -> Any:
    return lambda number: Request("GET", url, headers={"X-Client-ID": f"client-{number % 997}"})


def served(stack: LiveStack, clients: int, **headers: str) -> dict[str, set[str]]:
    """Client to the tracks that answered it; each of them asks twice."""
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)
    url = hello(stack)
    tracks: dict[str, set[str]] = defaultdict(set)
    for number in range(2 * clients):
        client = f"client-{number % clients}"
        response = pool.request("GET", url, headers={"X-Client-ID": client, **headers})
        assert response.status == 200
        tracks[client].add(response.headers["X-Track"])
    return tracks


def test_a_share_of_the_clients_and_every_matching_header_get_the_canary(stack: LiveStack) -> None:
    release(stack, weight=5)
    assert stack.outputs["services"]["greeter"]["tracks"] == {"stable": 2, "canary": 2}
    tracks = served(stack, CLIENTS)
    assert {len(seen) for seen in tracks.values()} == {1}, "a client was moved from one track to the other"
    share = 100 * sum(seen == {"canary"} for seen in tracks.values()) / CLIENTS
    tell(f"canary at 5 %: {share:.2f} % of {CLIENTS} clients in {2 * CLIENTS} requests, nobody changed track")
    # The ids are the same in every run, and so is their hash.
    assert 4.3 <= share <= 5.7
    for header, value in (("X-App-Version", "2.0"), ("X-User-Tag", "beta")):
        assert set().union(*served(stack, 50, **{header: value}).values()) == {"canary"}


def test_who_has_the_canary_keeps_it_when_the_share_grows(stack: LiveStack) -> None:
    before = {client for client, seen in served(stack, 300).items() if seen == {"canary"}}
    release(stack, weight=25)
    after = {client for client, seen in served(stack, 300).items() if seen == {"canary"}}
    assert before
    assert before < after


def test_a_browser_keeps_its_track_by_a_cookie(stack: LiveStack) -> None:
    first = stack.request("GET", hello(stack))
    cookie = first.headers["Set-Cookie"].split(";")[0]
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False)
    answers = [pool.request("GET", hello(stack), headers={"Cookie": cookie}) for _ in range(50)]
    assert {answer.headers["X-Track"] for answer in answers} == {first.headers["X-Track"]}
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_a_request_can_ask_for_a_region(stack: LiveStack) -> None:
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False)
    for region in ("east", "west"):
        headers = {"X-Region": region, "X-App-Version": "2.0"}
        assert {pool.request("GET", hello(stack), headers=headers).json()["region"] for _ in range(10)} == {region}
    refused = pool.request("GET", hello(stack), headers={"X-Region": "nowhere"})
    assert (refused.status, refused.json()["message"]) == (400, "X-Region names no region of this stack")


@pytest.mark.parametrize(("weight", "everybody"), [(0, {"stable"}), (100, {"canary"})])
def test_a_switch_from_nobody_to_everybody_loses_no_request(stack: LiveStack, weight: int, everybody: set[str]) -> None:
    with Load(stack.authority, 50, clients(hello(stack))) as load:
        time.sleep(1)
        release(stack, weight=weight)
        time.sleep(1)
    tell(f"canary weight to {weight} %: {load.result}")
    assert load.result.failures == []
    assert set().union(*served(stack, 50).values()) == everybody


def test_a_request_of_ten_seconds_outlives_the_release_that_replaces_its_replica(stack: LiveStack) -> None:
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=30)
        response = pool.request("GET", f"{hello(stack)}?wait=10s")
        answers.append((response.status, response.json()["instance"]))

    before = {container.id for container in stack.containers("application", service="greeter", track="canary")}
    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1)
    release(stack, weight=100, environment={"RELEASE": "next"})
    asking.join()
    assert not before & {c.id for c in stack.containers("application", service="greeter", track="canary")}
    assert answers == [(200, "greeter-east-canary-0")]


def test_files_that_nginx_refuses_leave_the_ones_in_force(stack: LiveStack) -> None:
    (container,) = stack.containers("configuration", region="east")
    status = ["curl", "-fsS", "http://127.0.0.1:8081/release"]
    before = container.exec_run(status)
    code, _ = container.exec_run(
        ["/bin/sh", "-c", script("ingress/release.sh")],
        environment={"ONCE": "1", variable_name(TRACKS_FILE): "map $nothing { broken"},
    )
    assert code == 1
    assert before.exit_code == 0
    assert container.exec_run(status).output == before.output
    assert stack.request("GET", hello(stack)).status == 200


def test_a_canary_that_fails_is_rolled_back(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    release(stack, weight=0, environment={"ERROR_EVERY": "50"})
    with Load(stack.authority, 100, clients(hello(stack))) as load:
        assert promote(quiet(stack), "greeter") == 1
    printed = capsys.readouterr()
    assert "% of the canary's requests failed" in printed.err
    tell(f"canary with 2 % errors rolled back: {load.result}")
    assert_nobody_has_the_canary(stack)


def test_a_slow_canary_is_rolled_back(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    release(stack, weight=0, environment={"SLOW_EVERY": "50", "SLOW_MILLISECONDS": "900"})
    with Load(stack.authority, 100, clients(hello(stack))) as load:
        assert promote(quiet(stack), "greeter") == 1
    # 900 ms lie between the bounds of 800 and 1000 ms.
    assert re.search(r"the canary's P99 is ([89]\d\d|1000) ms, the limit is 800 ms", capsys.readouterr().err)
    assert load.result.failures == []
    assert_nobody_has_the_canary(stack)


def test_a_canary_that_nobody_asks_is_rolled_back(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    release(stack, weight=0)
    assert promote(quiet(stack), "greeter") == 1
    assert "no data: the canary had 0 requests" in capsys.readouterr().err
    assert_nobody_has_the_canary(stack)


def test_a_rollback_by_hand_takes_all_clients_away(stack: LiveStack) -> None:
    release(stack, weight=50)
    assert roll_back(quiet(stack), "greeter") == 0
    assert_nobody_has_the_canary(stack)


def test_a_good_canary_becomes_the_stable_version_and_loses_no_request(stack: LiveStack) -> None:
    release(stack, weight=0)
    with Load(stack.authority, 50, clients(hello(stack))) as load:
        assert promote(quiet(stack), "greeter") == 0
        time.sleep(1)
    tell(f"canary promoted: {load.result}")
    assert load.result.failures == []
    greeter = stack.workspace.settings.services["greeter"]
    assert (greeter.context, greeter.canary) == (CANARY["context"], None)
    assert stack.containers("application", service="greeter", track="canary") == []
    assert stack.request("GET", hello(stack)).json()["track"] == "stable"
    assert stack.preview_changes() == ""


def test_a_canary_that_never_gets_healthy_is_no_reason_to_fail(stack: LiveStack) -> None:
    stack.change_settings("greeter", canary={"environment": {"ERROR_EVERY": "often"}}, startup_timeout_seconds=5)
    assert lifecycle.up(stack.workspace) != 0
    assert stack.request("GET", hello(stack)).json()["track"] == "stable"
    with pytest.raises(PulumiError, match="run `make up`"):
        roll_back(quiet(stack), "greeter")
    assert stack.request("GET", hello(stack)).json()["track"] == "stable"


def quiet(stack: LiveStack) -> Any:
    return dataclasses.replace(stack.workspace, quiet=True)


def assert_nobody_has_the_canary(stack: LiveStack) -> None:
    assert set().union(*served(stack, 100).values()) == {"stable"}
    canary = stack.workspace.settings.services["greeter"].canary
    assert canary is not None
    assert canary.weight == 0
    stack.workspace.prepare()
    assert stack.preview_changes() == ""
