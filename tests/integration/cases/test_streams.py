"""Websockets, event streams and gRPC through the ingress with real clients: at once, quiet, and through changes.

Does not prove how many connections one ingress holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.integration.cases.client import Client
from tests.integration.cases.support import HOST, RPC, CasesStack, tell, wait_until
from tools.gostack.lifecycle import lifecycle

Start = Callable[..., Client]

QUIET_SECONDS = 80
"""Longer than every timeout of nginx and of the stack that could end a quiet connection: 15, 30, 60 and 75 seconds."""


def call(stack: CasesStack, client: Start, *flags: str, host: str = RPC) -> Client:
    """A gRPC client; `rpc` is the service that speaks nothing else."""
    return client("grpc", stack.url(host=host), *flags, connect=f"127.0.0.1:{stack.port('east')}")


def test_a_websocket_carries_frames_both_ways(stack: CasesStack, client: Start) -> None:
    sums = client("ws", "/p/ws", "-frames", "50", "-interval", "10ms").result()
    assert (sums["sent"], sums["echoed"], sums["connections"], sums["failures"]) == (50, 50, 1, [])


def test_a_handshake_with_the_origin_of_the_address_bar_is_accepted(stack: CasesStack, client: Start) -> None:
    header = f"Origin: {stack.url()}"
    sums = client("ws", "/p/ws", "-frames", "1", "-header", header).result()
    assert (sums["echoed"], sums["failures"]) == (1, [])
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": stack.url()}
    assert stack.ask("/p/upgrade", headers=upgrade).status == 101


def test_the_service_decides_about_other_origins(stack: CasesStack) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example.com"}
    assert stack.ask("/p/upgrade", headers=upgrade).status == 403
    assert stack.ask("/p/upgrade").status == 426


@pytest.mark.parametrize("flags", [("/p/events", "-accept=true"), ("/case/sse/p/events", "-accept=false")])
@pytest.mark.parametrize("http2", ["false", "true"])
def test_each_event_arrives_before_the_next_one_is_sent(
    stack: CasesStack, client: Start, flags: tuple[str, str], http2: str
) -> None:
    path, accept = flags
    events = client("sse", f"{path}?pause=0.5&count=6", accept, "-events", "6", f"-http2={http2}")
    assert events.result()["failures"] == []
    told = events.told("data")
    assert [event["index"] for event in told] == list(range(6))
    for event, following in pairwise(told):
        assert event["received"] < following["sent"]


@dataclass(frozen=True)
class Quiet:
    """What became of connections on which nothing was said for longer than every timeout."""

    websocket: dict[str, Any]
    declared: dict[str, Any]
    events: dict[str, Any]
    call: dict[str, Any]


def stay_quiet(stack: CasesStack, client: Start, seconds: int) -> Quiet:
    two_frames = ("-frames", "2", "-interval", f"{seconds}s")
    events = f"?pause={seconds}&count=2"
    clients = [
        client("ws", "/p/ws", *two_frames),
        client("ws", "/case/ws/p/ws", *two_frames),
        client("sse", f"/p/events{events}", "-events", "2"),
        call(stack, client, "-kind", "chat", "-count", "2", "-interval", f"{seconds}s"),
    ]
    return Quiet(*(one.result(seconds + 60) for one in clients))


def assert_it_was_held(quiet: Quiet) -> None:
    for websocket in (quiet.websocket, quiet.declared):
        assert (websocket["echoed"], websocket["connections"], websocket["failures"]) == (2, 1, [])
    assert (quiet.events["received"], quiet.events["connections"], quiet.events["failures"]) == (2, 1, [])
    assert (quiet.call["statuses"], quiet.call["failures"]) == ({"OK": 1}, [])


def test_a_quiet_connection_outlives_every_timeout_of_the_stack(stack: CasesStack, client: Start) -> None:
    assert_it_was_held(stay_quiet(stack, client, QUIET_SECONDS))


@pytest.mark.long
def test_a_connection_may_be_quiet_for_ten_minutes(stack: CasesStack, client: Start) -> None:
    assert_it_was_held(stay_quiet(stack, client, 600))


def test_a_connection_that_is_quiet_for_longer_than_the_route_allows_is_ended(stack: CasesStack, client: Start) -> None:
    websocket = client("ws", "/case/idle/p/ws", "-frames", "2", "-interval", "60s")
    websocket.wait_for("closed", seconds=30)
    assert websocket.told("frame") != []
    websocket.kill()


def test_a_call_has_its_answer_its_header_and_its_trailers(stack: CasesStack, client: Start) -> None:
    for host in (HOST, RPC):
        caller = call(stack, client, "-header", "x-token: t", host=host)
        assert caller.result()["statuses"] == {"OK": 1}
        (answer,) = caller.told("answer")
        assert answer["text"] == "hello"
        assert answer["header"]["x-instance"] == [answer["instance"]]
        assert answer["trailer"]["x-checksum"] == ["42"]
        assert answer["metadata"]["x-token"] == "t"
        assert answer["metadata"][":authority"] == f"{host}:{stack.port('east')}"


@pytest.mark.parametrize("kind", ["stream", "chat"])
@pytest.mark.parametrize("host", [HOST, RPC])
def test_a_stream_has_every_message_and_its_trailers(stack: CasesStack, client: Start, host: str, kind: str) -> None:
    caller = call(stack, client, "-kind", kind, "-count", "20", "-interval", "20ms", host=host)
    assert caller.result()["statuses"] == {"OK": 1}
    assert len(caller.told("message")) == 20
    (trailer,) = caller.told("trailer")
    assert trailer["trailer"]["x-checksum"] == ["42"]


def test_the_health_service_answers_through_the_ingress(stack: CasesStack, client: Start) -> None:
    caller = call(stack, client, "-kind", "health")
    assert caller.result()["statuses"] == {"OK": 1}
    assert caller.told("health")[0]["serving"] == "SERVING"


@pytest.mark.parametrize(("code", "name"), [(5, "NotFound"), (8, "ResourceExhausted"), (14, "Unavailable")])
def test_a_status_of_a_call_is_the_services_own(stack: CasesStack, client: Start, code: int, name: str) -> None:
    caller = call(stack, client, "-code", str(code))
    assert caller.result()["statuses"] == {name: 1}
    (answer,) = caller.told("answer")
    assert answer["message"] == "as asked"
    assert answer["trailer"]["x-checksum"] == ["42"]


def test_calls_over_one_connection_are_spread_over_the_replicas(stack: CasesStack, client: Start) -> None:
    flags = ("-count", "40", "-interval", "10ms")
    sums = call(stack, client, *flags).result()
    assert sums["statuses"] == {"OK": 40}
    assert sorted(sums["instances"]) == ["rpc-east-0", "rpc-east-1"]


def test_a_call_may_take_longer_than_a_request(stack: CasesStack, client: Start) -> None:
    assert call(stack, client, "-sleep", "20").result()["statuses"] == {"OK": 1}


def test_a_call_that_is_quiet_for_longer_than_the_route_allows_ends_as_a_call_does(
    stack: CasesStack, client: Start
) -> None:
    caller = call(stack, client, "-sleep", "20", host=HOST)
    assert caller.result()["statuses"] == {"DeadlineExceeded": 1}
    assert "HTTP status" not in caller.told("answer")[0]["message"]


def test_a_method_that_the_service_does_not_have_is_refused_as_a_call_is(stack: CasesStack, client: Start) -> None:
    caller = call(stack, client, "-kind", "unknown")
    assert caller.result()["statuses"] == {"Unimplemented": 1}


@pytest.fixture
def talking(stack: CasesStack, client: Start) -> Iterator[dict[str, Client]]:
    """Clients that talk without a pause until they are stopped."""
    forever = ("-count", "0", "-interval", "100ms")
    clients = {
        "websocket": client("ws", "/p/ws", "-interval", "100ms"),
        "events": client("sse", "/p/events?pause=0.1&count=100000"),
        "calls": call(stack, client, *forever),
        "shared": call(stack, client, *forever, host=HOST),
        "chat": call(stack, client, "-kind", "chat", *forever),
    }
    clients["websocket"].wait_for("frame", 3)
    clients["events"].wait_for("data", 3)
    clients["calls"].wait_for("answer", 3)
    clients["shared"].wait_for("answer", 3)
    clients["chat"].wait_for("message", 3)
    yield clients
    for one in clients.values():
        one.kill()


def progress(clients: dict[str, Client]) -> dict[str, int]:
    return {name: len(one.events) for name, one in clients.items()}


def assert_all_go_on(clients: dict[str, Client]) -> None:
    before = progress(clients)
    wait_until(
        lambda: all(now > before[name] + 3 for name, now in progress(clients).items()), 20, f"more than {before}"
    )


def test_a_reload_of_nginx_ends_no_connection(stack: CasesStack, talking: dict[str, Client]) -> None:
    shop = stack.service("shop")
    try:
        stack.change_services(
            shop={**shop, "routes": [*shop["routes"], {"path": "/p", "hosts": shop["routes"][0]["hosts"]}]}
        )
        assert lifecycle.up(stack.workspace) == 0
        # Longer than the worker processes with the old configuration were once given.
        time.sleep(40)
        assert_all_go_on(talking)
        sums = {name: one.stop() for name, one in talking.items()}
    finally:
        stack.change_services(shop=shop)
        assert lifecycle.up(stack.workspace) == 0
    tell(f"through a reload of nginx: {sums}")
    assert {name: one["failures"] for name, one in sums.items()} == {name: [] for name in sums}
    assert (sums["websocket"]["connections"], sums["events"]["connections"]) == (1, 1)


def test_a_release_of_the_service_says_goodbye_and_loses_no_call(stack: CasesStack, talking: dict[str, Client]) -> None:
    before = {name: stack.service(name) for name in ("probe", "rpc")}
    released = {
        name: {**service, "environment": {**service.get("environment", {}), "RELEASE": "next"}}
        for name, service in before.items()
    }
    old = {replica.container.id for name in before for replica in stack.replicas(name)}
    stack.change_services(**released)
    assert lifecycle.up(stack.workspace) == 0
    assert not old & {replica.container.id for name in before for replica in stack.replicas(name)}
    # A stream in both directions ends with the replica: its client is told so with a status that says "again".
    chat = talking.pop("chat").result()
    assert (chat["statuses"], len(chat["failures"])) == ({"Unavailable": 1}, 1)
    assert "the service is released anew" in chat["failures"][0]
    assert_all_go_on(talking)
    sums = {name: one.stop() for name, one in talking.items()}
    tell(f"through a release of the service: {sums}")
    assert {name: one["failures"] for name, one in sums.items()} == {name: [] for name in sums}
    # Going away: what a client takes as the invitation to connect anew.
    assert sums["websocket"]["closes"] != []
    assert set(sums["websocket"]["closes"]) == {1001}
    assert sums["events"]["connections"] > 1
