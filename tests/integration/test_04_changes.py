"""Changes under load lose no request, and a release that never gets healthy leaves the old one serving.

Does not prove that a region waits until the one before has got rid of its old replicas: it does not.
"""

from __future__ import annotations

import ssl
import time

from tests.integration.support import LiveStack, tell
from tools.gostack.lifecycle import lifecycle


def up_under_load(stack: LiveStack, what: str) -> None:
    with stack.mixed_load() as load:
        time.sleep(1)
        assert lifecycle.up(stack.workspace) == 0
        time.sleep(1)
    tell(f"{what}: {load.result}")
    assert load.result.sent >= 100
    assert load.result.failures == []


def served_certificates(stack: LiveStack) -> set[str]:
    """The certificate of every region's ingress, PEM."""
    regions = stack.workspace.settings.regions.values()
    return {ssl.get_server_certificate(("127.0.0.1", region.https_port)) for region in regions}


def test_new_environment_replaces_every_replica_and_loses_no_request(stack: LiveStack) -> None:
    before = {container.id for container in stack.containers("application", service="users")}
    stack.add_environment("users", LOG_LEVEL="warn")
    up_under_load(stack, "environment changed")
    after = {container.id for container in stack.containers("application", service="users")}
    assert len(after) == len(before)
    assert not before & after
    # A whole second: the engine leaves out zeros at the end of a fraction.
    registered = [agent.attrs["Created"][:19] for agent in stack.containers("agent", service="users", region="east")]
    started = [item.attrs["Created"][:19] for item in stack.containers("application", service="users", region="west")]
    assert max(registered) <= min(started), "the second region began before the first one had its new replicas"


def test_a_new_size_adds_and_removes_replicas_and_loses_no_request(stack: LiveStack) -> None:
    kept = {container.id for container in stack.containers("application", service="users")}
    stack.change_settings("users", replicas=3)
    up_under_load(stack, "scaled from 2 to 3")
    assert len(stack.containers("application", service="users")) == 6
    stack.change_settings("users", replicas=2)
    up_under_load(stack, "scaled from 3 to 2")
    assert {container.id for container in stack.containers("application", service="users")} == kept


def test_a_new_route_is_released_without_replacing_nginx(stack: LiveStack) -> None:
    before = {container.id for container in stack.containers("nginx")}
    stack.change_settings("greeter", routes=[{"path": "/hello"}, {"path": "/hello/new", "match": "exact"}])
    up_under_load(stack, "route added")
    assert {container.id for container in stack.containers("nginx")} == before
    assert stack.request("GET", f"{stack.outputs['url']}/hello/new").status == 200


def test_a_rotated_certificate_is_served_without_replacing_nginx(stack: LiveStack) -> None:
    before = {container.id for container in stack.containers("nginx")}
    old = served_certificates(stack)
    stack.change_rotation(certificates=2)
    up_under_load(stack, "certificate rotated")
    assert {container.id for container in stack.containers("nginx")} == before
    assert not old & served_certificates(stack)
    assert stack.preview_changes() == ""


def test_a_rotation_of_passwords_loses_no_request(stack: LiveStack) -> None:
    primary = [container.id for container in stack.containers("mysql", region="east")]
    stack.change_rotation(passwords=2)
    up_under_load(stack, "passwords rotated")
    assert [container.id for container in stack.containers("mysql", region="east")] == primary
    assert stack.preview_changes() == ""


def test_a_release_that_never_gets_healthy_fails_and_the_old_one_serves(stack: LiveStack) -> None:
    stack.change_settings("greeter", check={"path": "/no-such-path"}, startup_timeout_seconds=5)
    assert lifecycle.up(stack.workspace) != 0
    assert stack.request("GET", f"{stack.outputs['url']}/hello/ada").status == 200
    stack.change_settings("greeter", check={"path": "/ready"}, startup_timeout_seconds=60)
    assert lifecycle.up(stack.workspace) == 0
    assert stack.preview_changes() == ""
    assert len(stack.containers("application", service="greeter")) == 2
