"""A document in the settings reaches running services in seconds, a poisoned one is refused, and nothing restarts.

Does not prove that a service of somebody else refuses what it does not understand, nor how long a document takes when
a region has hundreds of replicas.
"""

from __future__ import annotations

import json
import threading
import time

import pytest
import urllib3
from docker.models.containers import Container

from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.lifecycle import lifecycle

KEY = "v1/kv/services/users/settings"
LIMITED = {"rate_limit_per_second": 0.001, "rate_limit_burst": 1}
POISON = b'{"rate_limit_per_second": "fast"}'
POISONED = [KEY.removeprefix("v1/kv/"), POISON.decode()]


def replicas(stack: LiveStack) -> list[Container]:
    return stack.containers("application", service="users")


def starts(stack: LiveStack) -> set[tuple[str, str]]:
    """Every container that takes requests or stores rows, and since when it runs."""
    roles = ("application", "agent", "nginx", "mysql", "consul-server")
    found = [container for role in roles for container in stack.containers(role)]
    return {(str(container.name), container.attrs["State"]["StartedAt"]) for container in found}


def limited(stack: LiveStack, region: str) -> bool:
    """Whether the region's replicas limit requests: each has one token for a burst, and then none for a long time."""
    place = stack.workspace.settings.regions[region]
    url = f"https://localhost:{place.https_port}/api/v1/users?page_size=1"
    try:
        return all(stack.request("GET", url).status == 429 for _ in range(3))
    except urllib3.exceptions.HTTPError:
        return False


def logged(stack: LiveStack, text: str, since: float) -> int:
    """Number of users replicas whose log has the text since then (seconds since the epoch)."""
    return sum(text.encode() in container.logs(since=since) for container in replicas(stack))


def keys(stack: LiveStack) -> dict[str, bytes | None]:
    """Region to what its Consul holds for the service."""
    return {region: read(f"{url}/{KEY}?raw") for region, url in consul_urls(stack).items()}


def consul_urls(stack: LiveStack) -> dict[str, str]:
    """Region to Consul's address, from the settings: asking Pulumi takes seconds, and an update may be running."""
    regions = stack.workspace.settings.regions
    return {name: f"http://127.0.0.1:{region.consul_port}" for name, region in regions.items()}


def read(url: str) -> bytes | None:
    response = urllib3.request("GET", url, timeout=10)
    return response.data if response.status == 200 else None


def up_with(stack: LiveStack, document: dict[str, object]) -> None:
    stack.change_settings("users", settings=document)
    assert lifecycle.up(stack.workspace) == 0


@pytest.fixture(scope="module", autouse=True)
def afterwards_without_a_limit(stack: LiveStack):
    yield
    up_with(stack, {})


def test_a_document_is_in_force_in_seconds_and_restarts_nothing(stack: LiveStack) -> None:
    before = starts(stack)
    moments: dict[str, float] = {}

    def watch() -> None:
        def seen() -> bool:
            moments.setdefault("written", time.monotonic()) if any(keys(stack).values()) else None
            return limited(stack, "east") and limited(stack, "west")

        wait_until(seen, 600, "both regions limit requests")
        moments["in force"] = time.monotonic()

    watcher = threading.Thread(target=watch)
    started = time.monotonic()
    watcher.start()
    up_with(stack, LIMITED)
    watcher.join()
    tell(
        f"hot settings: 429 in both regions {moments['in force'] - moments['written']:.1f} s after Consul had the "
        f"document, {moments['in force'] - started:.1f} s after the start of `up`"
    )
    assert {json.dumps(LIMITED, sort_keys=True).encode()} == set(keys(stack).values())
    assert starts(stack) == before
    assert stack.preview_changes() == ""


def test_a_poisoned_key_is_refused_and_logged_and_the_old_value_stays(stack: LiveStack) -> None:
    moment = time.time()
    for region in consul_urls(stack):
        # Consul's command speaks to its HTTP interface from inside: from elsewhere a server takes no writes.
        code, output = stack.containers("consul-server", region=region)[0].exec_run(["consul", "kv", "put", *POISONED])
        assert code == 0, output
    told = time.monotonic()
    count = len(replicas(stack))
    wait_until(lambda: logged(stack, "settings in Consul were refused", moment) == count, 60, "every replica refuses")
    tell(f"hot settings: every replica refused the poisoned key within {time.monotonic() - told:.1f} s")
    assert limited(stack, "east")
    assert limited(stack, "west")


def test_up_corrects_the_poisoned_key_and_restarts_nothing(stack: LiveStack) -> None:
    before, documents = starts(stack), {item.id for item in stack.containers("dynamic-configuration")}
    assert set(keys(stack).values()) == {POISON}
    moment = time.time()
    assert lifecycle.up(stack.workspace) == 0
    assert set(keys(stack).values()) == {json.dumps(LIMITED, sort_keys=True).encode()}
    count = len(replicas(stack))
    wait_until(lambda: logged(stack, "settings from Consul are in force", moment) == count, 60, "every replica follows")
    assert starts(stack) == before
    assert {item.id for item in stack.containers("dynamic-configuration")} == documents


def test_another_document_takes_the_place_of_the_first_without_a_gap(stack: LiveStack) -> None:
    seen: set[bytes | None] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            seen.update(keys(stack).values())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        up_with(stack, {"rate_limit_per_second": 100_000})
    finally:
        stop.set()
        watcher.join()
    last = b'{"rate_limit_per_second": 100000}'
    assert seen == {json.dumps(LIMITED, sort_keys=True).encode(), last}
    assert set(keys(stack).values()) == {last}
    wait_until(lambda: stack.request("GET", stack.users_url).status == 200, 30, "the limit is gone")


def test_without_a_document_the_key_goes_and_services_use_their_environment(stack: LiveStack) -> None:
    before, moment = starts(stack), time.time()
    up_with(stack, {})
    assert set(keys(stack).values()) == {None}
    count = len(replicas(stack))
    wait_until(lambda: logged(stack, "no settings in Consul", moment) == count, 60, "every replica is back")
    assert starts(stack) == before
