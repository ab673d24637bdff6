"""Changes under load lose no request; a release that cannot run fails in bounded time and the old one serves.

Does not prove how a cluster behaves whose nodes are full, or whose registry is far away.
"""

from __future__ import annotations

import time

from tests.integration_kubernetes.support import ClusterStack, tell
from tools.gostack.lifecycle import lifecycle

RATE = 100


def up_under_load(stack: ClusterStack, what: str) -> None:
    with stack.load(RATE) as load:
        time.sleep(1)
        assert lifecycle.up(stack.workspace) == 0
        time.sleep(1)
    tell(f"{what}, {RATE} requests/s: {load.result}")
    assert load.result.sent >= 100
    assert load.result.failures == []


def test_a_rolling_update_replaces_every_replica_and_loses_no_request(stack: ClusterStack) -> None:
    before = stack.names("application")
    stack.change_settings("users", environment={"LOG_LEVEL": "warn"})
    up_under_load(stack, "environment changed")
    assert not before & stack.names("application")
    assert stack.ready("application", 2)


def test_a_new_size_adds_and_removes_replicas_and_loses_no_request(stack: ClusterStack) -> None:
    kept = stack.names("application")
    stack.change_settings("users", replicas=3)
    up_under_load(stack, "scaled from 2 to 3")
    assert kept < stack.names("application")
    stack.change_settings("users", replicas=2)
    up_under_load(stack, "scaled from 3 to 2")
    assert len(stack.names("application")) == 2


def test_a_new_route_rolls_the_ingress_and_loses_no_request(stack: ClusterStack) -> None:
    before = stack.names("nginx")
    stack.change_settings("users", routes=[{"path": "/api/v1/users"}, {"path": "/health/ready", "match": "exact"}])
    up_under_load(stack, "route added")
    assert not before & stack.names("nginx")
    assert stack.request("GET", "/health/ready").status == 200


def test_rotated_passwords_and_certificates_lose_no_request(stack: ClusterStack) -> None:
    primary = stack.names("mysql", member="primary")
    stack.change_rotation(passwords=2, certificates=2)
    up_under_load(stack, "passwords and certificates rotated")
    # Its own pod knows no password of a service: it stays.
    assert stack.names("mysql", member="primary") == primary
    assert stack.preview_changes() == ""


def test_an_image_that_no_registry_has_fails_the_update_in_the_pods_words(stack: ClusterStack) -> None:
    before = stack.names("application")
    missing = f"localhost:5001/gostack/no-such-image@sha256:{64 * '0'}"
    stack.change_settings("users", context=None, image=missing, startup_timeout_seconds=5)
    began = time.monotonic()
    configuration = str(stack.workspace.configuration_file)
    result = stack.pulumi_command("up", "--yes", "--skip-preview", "--config-file", configuration)
    tell(f"an image that no registry has: the update failed after {time.monotonic() - began:.0f} s")
    assert result.returncode != 0
    text = result.stdout + result.stderr
    assert "ErrImagePull" in text or "ImagePullBackOff" in text, text
    assert before <= stack.names("application")
    assert stack.request("GET", "/api/v1/users?page=1&page_size=1").status == 200


def test_the_next_good_release_heals_it(stack: ClusterStack) -> None:
    stack.change_settings("users", context="service", image=None, startup_timeout_seconds=60)
    assert lifecycle.up(stack.workspace) == 0
    assert stack.preview_changes() == ""
    stack.wait_for("application", 2)
