"""A service with REST, gRPC and an admin interface on ports of their own, on the real engine: through the ingress, by
name, through a release, and below 1024.

The service is the probe, whose image has a user that is not root. Does not prove what Kubernetes does with them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.cases.client import Client
from tests.integration.cases.support import CasesStack, tell, wait_until
from tools.gostack.lifecycle import lifecycle
from tools.offline.toolchain.go_build import build_binary

ORDERS: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 2,
    "port": 80,
    "ports": {"grpc": {"port": 9090, "protocol": "grpc"}, "admin": {"port": 6060}},
    "check": {"port": "admin", "path": "/ready"},
    "environment": {"PROBE_GRPC_PORT": "9090", "PROBE_ADMIN_PORT": "6060"},
    "routes": [{"path": "/p"}, {"path": "/probe.Echo", "port": "grpc", "protocol": "grpc"}],
}
SHOP: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 1,
    "check": {"path": "/ready"},
    "environment": {"ORDERS": "${service.orders.grpc.address} ${service.orders.url}"},
    "routes": [{"path": "/case/shop/p"}],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    document = one_region({"orders": ORDERS, "shop": SHOP}, ports=34, network=97)
    file = tmp_path_factory.mktemp("ports") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("ports", file, tmp_path_factory, CasesStack)


def calls(stack: CasesStack, url: str, connect: str, *flags: str) -> Client:
    program = build_binary(PROJECT / "tests" / "probe", "./client", "probe-client", lane="tests")
    return Client(
        [str(program), "grpc", "-url", url, "-ca", str(stack.authority), "-connect", connect, *flags],
    )


def through_the_ingress(stack: CasesStack, *flags: str) -> Client:
    return calls(stack, stack.url(), f"127.0.0.1:{stack.port('east')}", *flags)


NOBODY = 600
"""What the probe answers for a call that got no answer."""


def fetched(stack: CasesStack, url: str) -> str:
    """The status that the shop gets when it calls; empty when nobody answers."""
    answer = stack.ask(f"/case/shop/p/fetch?url={quote(url, safe='')}")
    return answer.data.decode().splitlines()[0] if answer.status < NOBODY else ""


def test_rest_and_grpc_are_served_on_two_ports_through_one_ingress(stack: CasesStack) -> None:
    assert stack.ask("/p/echo/a").status == 200
    sums = through_the_ingress(stack, "-count", "20", "-interval", "10ms").result()
    assert (sums["failures"], set(sums["statuses"]), len(sums["instances"])) == ([], {"OK"}, 2)


def test_consul_knows_the_ports_that_others_use_and_no_other(stack: CasesStack) -> None:
    known = urllib3.request("GET", "http://127.0.0.1:34500/v1/catalog/services").json()
    assert {name for name in known if name.startswith("orders")} == {"orders", "orders-grpc"}
    assert stack.passing("orders-grpc", "east") == 2


def test_another_service_calls_a_port_by_its_name(stack: CasesStack) -> None:
    given = stack.ask("/case/shop/p/given?name=ORDERS").data.decode()
    assert given == "orders-grpc:80 http://orders"
    assert fetched(stack, "http://orders/p/echo/a") == "200 OK"
    # The check's port has no name, and what it answers is on no other port.
    assert fetched(stack, "http://orders-admin/ready") == ""
    assert fetched(stack, "http://orders/ready") == "404 Not Found"
    (gateway,) = stack.containers("gateway", region="east")
    sums = calls(stack, "http://orders-grpc", f"{stack.pod_address(gateway)}:80", "-count", "5").result()
    assert (sums["failures"], set(sums["statuses"])) == ([], {"OK"})


def test_a_program_that_is_not_root_listens_on_port_80(stack: CasesStack) -> None:
    (one, *_) = stack.replicas("orders")
    assert one.container.attrs["Config"]["User"] not in ("", "0", "root")
    assert one.address.endswith(":80")


def test_a_release_loses_no_call_on_either_port(stack: CasesStack) -> None:
    old = {one.container.id for one in stack.replicas("orders")}
    before = stack.workspace.stack_file.read_text()
    released = {**ORDERS, "environment": {**ORDERS["environment"], "RELEASE": "next"}}
    stack.change_services(orders=released)
    client = through_the_ingress(stack, "-count", "0", "-interval", "50ms")
    try:
        with stack.load("/p/echo/a", 20) as load:
            time.sleep(2)
            assert lifecycle.up(stack.workspace) == 0
            time.sleep(2)
        sums = client.stop()
    finally:
        client.kill()
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0
    tell(f"REST and gRPC through a release: {load.result}; {sums['statuses']}")
    assert load.result.sent >= 100
    assert (load.result.failures, sums["failures"], set(sums["statuses"])) == ([], [], {"OK"})
    assert not old & {one.container.id for one in stack.replicas("orders")}


def test_a_replica_whose_second_port_is_deaf_gets_no_request(stack: CasesStack) -> None:
    before = stack.workspace.stack_file.read_text()
    deaf = {**ORDERS, "environment": {"PROBE_ADMIN_PORT": "6060"}, "startup_timeout_seconds": 10}
    stack.change_services(orders=deaf)
    try:
        assert lifecycle.up(stack.workspace) != 0
        wait_until(lambda: stack.passing("orders", "east") == 2, 30, "the old replicas are those that serve")
        assert through_the_ingress(stack, "-count", "5").result()["failures"] == []
    finally:
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0


def test_a_second_update_would_change_nothing(stack: CasesStack) -> None:
    assert stack.preview_changes() == ""
