"""Feature flags of running replicas: how fast the off-switch is, what a replica does without Consul, and a bad variant
that is taken back by its metrics.

Does not prove that a service of somebody else follows its document, nor a walk with the default intervals.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
import urllib3

from infra.settings.canary import AnalysisSettings
from tests.integration.support import LiveStack, tell, wait_until
from tests.support.live import JSON
from tests.support.load import Load, Request
from tools.gostack.flags.command import Wanted, set_flag, store_of
from tools.gostack.flags.figures import VariantMetrics
from tools.gostack.flags.rollout import FlagRollout, walk_flag
from tools.gostack.flags.store import FlagStore, StoreError
from tools.gostack.telemetry.console import console_of

FLAG = "request_timeout"
VARIANTS = ['usual=""', "hopeless=1us"]
PROBE = "targetingKey=probe:hopeless"


@pytest.fixture(scope="module")
def store(stack: LiveStack) -> Iterator[FlagStore]:
    found = store_of(stack.workspace, "users")
    assert set_flag(found, FLAG, Wanted(variants=VARIANTS, default="usual", targets=[PROBE])) == 0
    yield found
    assert set_flag(found, FLAG, Wanted(remove=True)) == 0


def version(store: FlagStore) -> int:
    return store.read("east").document.version


def in_force(stack: LiveStack, version: int) -> dict[str, float]:
    """Replica to when it took a version of the document over, in seconds of the epoch."""
    taken: dict[str, float] = {}
    for container in stack.containers("application", service="users"):
        for line in container.logs(timestamps=True, tail=2000).decode(errors="replace").splitlines():
            if '"key":"flags/users"' in line and re.search(rf'"version":{version}\b', line):
                at = line.partition(" ")[0][:26].rstrip("Z") + "+00:00"
                taken.setdefault(str(container.name), datetime.fromisoformat(at).timestamp())
    return taken


def everywhere(stack: LiveStack, version: int, seconds: float = 30) -> float:
    """Wait until every replica has a version; return when the last one took it over."""
    count = len(stack.containers("application", service="users"))
    wait_until(lambda: len(in_force(stack, version)) == count, seconds, f"version {version} is in force everywhere")
    return max(in_force(stack, version).values())


def created(stack: LiveStack, client: str) -> int:
    """Status of a write, which no cache can answer."""
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=20)
    user = {"name": "Flag", "email": f"{uuid.uuid4()}@example.com"}
    headers = {**JSON, "X-Client-ID": client}
    return pool.request("POST", stack.users_url, body=json.dumps(user).encode(), headers=headers).status


def test_a_flag_reaches_every_replica_of_every_region(stack: LiveStack, store: FlagStore) -> None:
    everywhere(stack, version(store))
    for region in store.consul:
        url = f"http://127.0.0.1:{stack.workspace.settings.regions[region].consul_port}/v1/kv/flags/users?raw"
        assert FLAG in urllib3.request("GET", url).json()["flags"]
    assert [created(stack, "probe"), created(stack, "another")] == [503, 201]


def test_the_off_switch_is_in_force_within_two_seconds(stack: LiveStack, store: FlagStore) -> None:
    took: list[float] = []
    for state in (False, True) * 5:
        began = time.time()
        assert set_flag(store, FLAG, Wanted(state=state)) == 0
        took.append(everywhere(stack, version(store)) - began)
    tell(f"flags: in force in all replicas of both regions after {max(took):.2f} s at most, in {len(took)} switches")
    assert max(took) <= 2
    assert created(stack, "probe") == 503
    assert set_flag(store, FLAG, Wanted(state=False)) == 0
    everywhere(stack, version(store))
    assert created(stack, "probe") == 201


@contextmanager
def without_consul(stack: LiveStack) -> Iterator[None]:
    servers = stack.containers("consul-server")
    for server in servers:
        server.kill()
    try:
        yield
    finally:
        for server in servers:
            server.start()


def test_replicas_evaluate_while_consul_is_away(stack: LiveStack, store: FlagStore) -> None:
    assert set_flag(store, FLAG, Wanted(state=True)) == 0
    everywhere(stack, version(store))
    with without_consul(stack):
        ended = time.monotonic() + 30
        while time.monotonic() < ended:
            assert [created(stack, "probe"), created(stack, "another")] == [503, 201]
            time.sleep(1)

    def written() -> bool:
        try:
            return set_flag(store, FLAG, Wanted(state=False)) == 0
        except StoreError:
            # The servers that were killed have no leader yet.
            return False

    wait_until(written, 120, "the flags can be written again")
    began = time.time()
    tell(f"flags: off {everywhere(stack, version(store), 60) - began:.2f} s after Consul took the change again")
    assert created(stack, "probe") == 201


def test_a_bad_variant_is_taken_back_at_five_percent(
    stack: LiveStack, store: FlagStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_flag(store, FLAG, Wanted(state=True, clear=True)) == 0
    everywhere(stack, version(store))
    before = store.read("west").document.flags[FLAG]
    metrics = VariantMetrics(console_of(stack.outputs, stack.workspace.stack), "users", FLAG)
    limits = AnalysisSettings(steps=[5, 100], interval_seconds=40, checks=1, threshold=2)
    url = f"{stack.users_url}/{stack.create_user()['id']}"
    body = json.dumps({"name": "Ada", "email": f"{uuid.uuid4()}@example.com"}).encode()

    def write(number: int) -> Request:
        return Request("PUT", url, body, {**JSON, "X-Client-ID": f"client-{number % 997}"})

    began = time.monotonic()
    with Load(stack.authority, 40, write) as load:
        assert walk_flag(FlagRollout(store, FLAG, "hopeless", metrics), limits, FLAG) == 1
        took = time.monotonic() - began
        everywhere(stack, version(store))
    assert "of the variant's requests failed" in capsys.readouterr().err
    tell(f"flags: a bad variant at 5 % is taken back after {took:.0f} s: {load.result}")
    for region in store.consul:
        assert store.read(region).document.flags[FLAG] == before
    statuses: Any = {created(stack, f"client-{number}") for number in range(60)}
    assert statuses == {201}
