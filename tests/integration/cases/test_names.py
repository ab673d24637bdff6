"""One service calls another by its name: healthy replicas only, this region first, and no call lost by a release.

The probe is the caller: it looks names up and fetches URLs with Go's own client. Does not prove that a client which
tries one address of a name alone loses nothing while a service is added: both gateways are known by the names then, and
the new one refuses until it can find replicas.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from tests.integration.cases.client import Client
from tests.integration.cases.support import CasesStack, message, tell, wait_until
from tools.gostack.lifecycle import lifecycle

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def fetch(url: str) -> str:
    """The path by which the probe fetches a URL."""
    return f"/p/fetch?url={quote(url, safe='')}"


def called(stack: CasesStack, url: str, region: str = "east", **headers: str) -> dict[str, Any]:
    """What a service answers, as JSON, when the probe of a region calls it."""
    response = stack.ask(fetch(url), region=region, headers=headers)
    assert response.status == 200, response.data
    status, _, body = response.data.decode().partition("\n")
    assert status == "200 OK"
    found: dict[str, Any] = json.loads(body)
    return found


def gateway_address(stack: CasesStack, region: str) -> str:
    """The address that the gateway has in its region's network."""
    (container,) = stack.containers("gateway", region=region)
    return stack.pod_address(container)


@pytest.mark.parametrize("region", ["east", "west"])
def test_a_name_is_found_in_every_region_and_leads_to_its_own(stack: CasesStack, region: str) -> None:
    assert gateway_address(stack, region) in stack.ask("/p/lookup?name=shop", region=region).data.decode()
    answers = Counter(called(stack, "http://shop/p/echo/a", region)["instance"] for _ in range(20))
    assert len(answers) == 2, answers
    assert all(instance.startswith(f"shop-{region}-") for instance in answers)


def test_a_service_without_a_route_is_called_as_well(stack: CasesStack) -> None:
    # No route of `shop` is served on the name by which it is called, and none of `users` has this path.
    assert called(stack, "http://shop/p/echo/a")["host"] == "shop"
    assert stack.ask(fetch("http://users/health/ready")).status == 200
    assert stack.ask(fetch("http://users:80/health/ready")).status == 200


def test_a_call_keeps_its_identity_and_what_the_caller_says_of_the_client(stack: CasesStack) -> None:
    headers = called(stack, "http://shop/p/echo/a", traceparent=TRACE)["headers"]
    # The gateway's span lies between the two.
    (received,) = headers["Traceparent"]
    _, trace, _, flags = TRACE.split("-")
    assert received != TRACE
    assert [*received.split("-")[:2], received.split("-")[3]] == ["00", trace, flags]
    assert headers["X-Trace-Id"] == [trace]
    # The ingress in front of the probe says who the client is, the probe passes it on, and the gateway adds the caller.
    forwarded = headers["X-Forwarded-For"][0].split(", ")
    assert len(forwarded) == 2
    assert len(set(forwarded)) == 2


def test_answers_are_the_services_own(stack: CasesStack) -> None:
    response = stack.ask(fetch("http://shop/p/status/503"))
    assert (response.status, response.data.decode().splitlines()[0]) == (503, "503 Service Unavailable")
    unknown = stack.ask(fetch("http://nobody/"))
    assert unknown.status >= 500


def test_the_ingress_does_not_serve_names_to_clients_outside(stack: CasesStack) -> None:
    unknown = stack.ask("/p/echo/a", host="localhost", headers={"Host": "shop"})
    assert message(unknown) == "unknown host"


def test_grpc_is_called_by_name(stack: CasesStack, client: Callable[..., Client]) -> None:
    address = f"{gateway_address(stack, 'east')}:80"
    for kind in ("unary", "health", "chat"):
        sums = client("grpc", "http://rpc", "-kind", kind, "-count", "5", connect=address).result()
        assert sums["failures"] == [], kind
        assert set(sums["statuses"]) == {"OK"}, kind


def test_a_websocket_goes_by_name(stack: CasesStack) -> None:
    address = gateway_address(stack, "east")
    upgrade = {
        "Host": "shop",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with urllib3.HTTPConnectionPool(address, 80, retries=False, timeout=10) as pool:
        response = pool.request("GET", "/p/ws", headers=upgrade, preload_content=False)
        assert response.status == 101
        response.close()


def test_the_other_region_serves_when_this_one_has_no_replica(stack: CasesStack) -> None:
    for container in stack.containers("application", service="shop", region="east"):
        container.kill()
    try:
        wait_until(lambda: stack.passing("shop", "east") == 0, 30, "no replica of shop passes in the east")
        time.sleep(2)
        answers = {called(stack, "http://shop/p/echo/a")["instance"].rsplit("-", 1)[0] for _ in range(10)}
        assert answers == {"shop-west"}
    finally:
        assert lifecycle.up(stack.workspace) == 0
    stack.wait_until_all_pass("shop")
    wait_until(
        lambda: called(stack, "http://shop/p/echo/a")["instance"].startswith("shop-east-"),
        30,
        "a call stays in the region again",
    )


def under_load(stack: CasesStack, what: str) -> None:
    """Call by name 20 times a second in each region while `up` goes on: nobody may notice."""
    path = fetch("http://shop/p/echo/a")
    with stack.load(path, 20) as load:
        time.sleep(2)
        assert lifecycle.up(stack.workspace) == 0
        time.sleep(2)
    tell(f"calls by name while {what}: {load.result}")
    assert load.result.sent >= 100
    assert load.result.failures == []


def test_a_release_of_what_is_called_loses_no_call(stack: CasesStack) -> None:
    before = stack.workspace.stack_file.read_text()
    replicas = {replica.container.id for replica in stack.replicas("shop")}
    stack.change_services(shop={**stack.service("shop"), "environment": {"PROBE_RELEASE": "2"}})
    try:
        under_load(stack, "what is called is released")
        assert not replicas & {replica.container.id for replica in stack.replicas("shop")}
    finally:
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0


def test_one_more_service_loses_no_call_and_is_called_at_once(stack: CasesStack) -> None:
    before = stack.workspace.stack_file.read_text()
    gateways = {container.id for container in stack.containers("gateway")}
    ingresses = {container.id for container in stack.containers("nginx")}
    stack.change_services(late={"context": "tests/probe", "replicas": 1, "check": {"path": "/ready"}})
    try:
        under_load(stack, "one more name is made")
        assert called(stack, "http://late/p/echo/a")["instance"] == "late-east-0"
        # A name belongs to a container: the gateway is another one. Clients' connections to the ingress stay.
        assert not gateways & {container.id for container in stack.containers("gateway")}
        assert ingresses == {container.id for container in stack.containers("nginx")}
        assert stack.preview_changes() == ""
    finally:
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0
    assert stack.ask("/p/lookup?name=late").data.decode().startswith("[] ")


def test_the_loss_of_the_ingress_ends_no_call(stack: CasesStack) -> None:
    path = fetch("http://shop/p/echo/a")
    ingress = stack.ingress("west")
    with stack.load(path, 20) as load:
        time.sleep(2)
        ingress.restart(timeout=5)
        time.sleep(5)
    assert load.result.failures == []
