"""What an update touches, and what it leaves alone: a graph is recorded again on the state of the one before.

Does not prove that the engine replaces what has changed instead of changing it in place, nor how long that takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.conftest import Document, as_replica, dev_graph
from tests.graph.recorder import Graph, unwrapped

REGIONS = ("east", "west")
DAY = 86400
REPLICAS = {
    f"users-{region}-{index}-{part}"
    for region in REGIONS
    for index in range(2)
    for part in ("pod-sandbox", "application", "registration-agent")
}
CONSUL_SERVERS = {f"consul-{region}-server-{index}" for region in REGIONS for index in range(3)}
OTHER_AGENTS = {f"ingress-{region}-discovery-agent" for region in REGIONS} | {
    f"mysql-{region}-registration-agent" for region in REGIONS
}
RELEASES = {f"ingress-{region}-release-files" for region in REGIONS}
MEMBERS = (*REGIONS, "witness")
MYSQL_SERVERS = {f"mysql-{place}-server" for place in MEMBERS}
MYSQL_CERTIFICATES = {f"mysql-{place}-certificate-{part}" for place in MEMBERS for part in ("issued-at", "key-pair")}
PROXIES = {
    f"mysql-proxy-{region}-{part}" for region in REGIONS for part in ("pod-sandbox", "program", "registration-agent")
}
STACK_PASSWORDS = {f"mysql-{account}-password-value" for account in ("replication", "monitoring")}
SERVICE_PASSWORDS = {f"users-database-{account}-password-value" for account in ("application", "migration")}


def secrets(*holders: str) -> set[str]:
    """The volumes of secrets, and what fills them: with another secret each is another volume."""
    return {f"{holder}-secrets{end}" for holder in holders for end in ("", "-writer")}


KEYS = secrets(*(f"ingress-{region}-release" for region in REGIONS))
ACCOUNTS = {
    *("users-database-accounts-run", "users-database-migrations-run"),
    *("users-database-accounts-files", "users-database-accounts-files-writer"),
}
"""What says how many connections the service's account may have, and what comes after it."""


def told(*programs: str) -> set[str]:
    """Programs of the telemetry and what holds their files: with other files each is another container."""
    return {f"telemetry-{program}{end}" for program in programs for end in ("", "-files", "-files-writer")}


CONSOLE = told("console")
"""What the picture of the stack is drawn from."""

TOLD = told("console", "alerts")
"""And what is to be there, or somebody is alerted."""

CHANGES: dict[str, tuple[Callable[[Document], Any], set[str]]] = {
    "routes reload nginx, are shown, and change nothing else": (
        lambda d: d["services"]["users"]["routes"].append({"path": "/api/v2/users"}),
        RELEASES | CONSOLE,
    ),
    "maintenance reloads nginx and nothing else": (
        lambda d: d["services"]["users"].update(maintenance=True),
        RELEASES,
    ),
    "a rate limit reloads nginx and nothing else": (
        lambda d: d["services"]["users"]["routes"][0].update(rate_limit_per_second=7),
        RELEASES,
    ),
    "a canary is made beside the stable track": (
        lambda d: d["services"]["users"].update(canary={"environment": {"LOG_LEVEL": "debug"}, "weight": 5}),
        RELEASES | ACCOUNTS | TOLD,
    ),
    "other hosts get another certificate": (
        lambda d: d.update(ingress={"hosts": ["example.com"]}),
        # The collector asks for the certificate of the first host.
        RELEASES
        | KEYS
        | CONSOLE
        | told("collector")
        | {"ingress-certificate-issued-at", "ingress-certificate-key-pair"},
    ),
    "a rotated certificate reloads nginx": (
        lambda d: d.update(rotation={"certificates": 2}),
        RELEASES | KEYS | {"ingress-certificate-issued-at", "ingress-certificate-key-pair"},
    ),
    "another nginx leaves its pod and its address": (
        lambda d: d.update(images={"nginx": "nginx:1.31"}),
        RELEASES
        | {f"ingress-{region}-{part}" for region in REGIONS for part in ("nginx", "release-secrets-writer")}
        | {"upstream-nginx"},
    ),
    "another consul replaces servers, agents and the pods that hold one": (
        lambda d: d.update(images={"consul": "hashicorp/consul:1.23"}),
        CONSUL_SERVERS
        | OTHER_AGENTS
        | REPLICAS
        | PROXIES
        # What writes files is of an image that is there anyway.
        | {f"telemetry-{program}-files-writer" for program in ("metrics", "alerts", "collector", "console")}
        | {f"consul-{region}-secrets-writer" for region in REGIONS}
        | {"telemetry-metrics-opening", "telemetry-logs-opening", "upstream-consul"},
    ),
    "more memory for MySQL leaves services alone": (
        lambda d: d["mysql"].update(memory_mib=2048),
        MYSQL_SERVERS,
    ),
    "another environment replaces the service's pods alone, and its migrations have it too": (
        lambda d: d["services"]["users"].update(environment={"LOG_LEVEL": "debug"}),
        REPLICAS | {"users-database-migrations-run"},
    ),
    "new passwords reach accounts and services, and restart no member": (
        lambda d: d.update(rotation={"passwords": 2}),
        STACK_PASSWORDS
        | SERVICE_PASSWORDS
        | REPLICAS
        | told("collector")
        | ACCOUNTS
        | {"mysql-accounts-run", "mysql-accounts-files", "mysql-accounts-files-writer"},
    ),
    "a new gossip key reaches every member of Consul": (
        lambda d: d.update(rotation={"gossip_key": 2}),
        CONSUL_SERVERS
        | OTHER_AGENTS
        | REPLICAS
        | PROXIES
        | secrets(*(f"consul-{region}" for region in REGIONS))
        | {"gossip-key-value"},
    ),
    "a new authority signs everything anew": (
        lambda d: d.update(rotation={"authority": 2}),
        {"authority-key-pair", "ingress-certificate-issued-at", "ingress-certificate-key-pair"}
        | RELEASES
        | KEYS
        | MYSQL_CERTIFICATES
        | MYSQL_SERVERS
        | secrets(*(f"mysql-{place}" for place in MEMBERS))
        | {"mysql-group-password-value"}
        | REPLICAS
        | told("collector")
        | {"users-database-migrations-run"},
    ),
    "fewer replicas leave the others alone": (lambda d: d["services"]["users"].update(replicas=1), TOLD),
    "more replicas leave the others alone": (lambda d: d["services"]["users"].update(replicas=5), ACCOUNTS | TOLD),
    "another service reloads nginx, is shown, and changes nothing else": (
        lambda d: d["services"].update(greeter={"context": "services/greeter", "routes": [{"path": "/greeting"}]}),
        RELEASES | TOLD,
    ),
}


@pytest.mark.parametrize(("change", "touched"), CHANGES.values(), ids=CHANGES)
def test_an_update_touches_exactly_what_it_must(
    dev: Graph, change: Callable[[Document], Any], touched: set[str]
) -> None:
    assert dev_graph(change, kept=dev).changed(dev) == touched


REGIONS_ADDED: dict[str, Callable[[Document], Any]] = {
    "one that comes last": lambda d: d["regions"].update(
        north={"cidr": "10.80.8.0/24", "https_port": 7443, "http_port": 7080, "consul_port": 7500}
    ),
    "one that comes first by its name leaves the primary where it is": lambda d: d.update(
        regions={
            "alps": {"cidr": "10.80.8.0/24", "https_port": 7443, "http_port": 7080, "consul_port": 7500},
            **d["regions"],
        }
    ),
}


@pytest.mark.parametrize("change", REGIONS_ADDED.values(), ids=REGIONS_ADDED)
def test_another_region_is_joined_by_consul_nginx_and_telemetry_and_replicas_stay(
    replica: Graph, change: Callable[[Document], Any]
) -> None:
    def added(document: Document) -> None:
        as_replica(document)
        change(document)

    # It joins the network of the new region, with every program in it.
    telemetry = told("metrics", "alerts", "collector", "console") | {"telemetry-pod-sandbox", "telemetry-logs"}
    assert dev_graph(added, kept=replica).changed(replica) == CONSUL_SERVERS | RELEASES | ACCOUNTS | telemetry


def test_a_region_in_the_place_of_the_witness_rolls_through_the_members_that_stay(dev: Graph) -> None:
    def change(document: Document) -> None:
        document["mysql"].pop("witness")
        REGIONS_ADDED["one that comes last"](document)

    changed = dev_graph(change, kept=dev).changed(dev)
    assert changed >= {"mysql-east-server", "mysql-west-server"}
    assert changed & {"mysql-east-data", "mysql-west-data"} == set()


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_the_same_settings_change_nothing(dev: Graph, preview: bool) -> None:
    again = dev_graph(kept=dev, preview=preview)
    assert again.changed(dev) == set()
    assert again.resources.keys() == dev.resources.keys()
    assert again.outputs == dev.outputs


def test_the_order_of_settings_means_nothing_to_a_replica(dev: Graph) -> None:
    def two(first: str, second: str) -> Callable[[Document], None]:
        def change(document: Document) -> None:
            document["services"]["users"]["environment"] = {first: "1", second: "1"}

        return change

    before = dev_graph(two("A", "B"), kept=dev)
    assert dev_graph(two("B", "A"), kept=before).changed(before) == set()


def test_an_update_renews_the_certificate_each_time_70_percent_of_its_life_have_passed(
    dev: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = unwrapped(dev.resources["ingress-certificate-issued-at"].outputs["output"])
    state = dev
    for window in (1, 2):
        due = issued + 0.7 * 60 * DAY * window
        monkeypatch.setattr(time, "time", lambda due=due: due - 60)
        assert dev_graph(kept=state).changed(state) == set()
        monkeypatch.setattr(time, "time", lambda due=due: due + 60)
        renewed = dev_graph(kept=state)
        assert renewed.changed(state) == RELEASES | KEYS | {"ingress-certificate-key-pair"}
        state = renewed


def test_a_second_region_for_the_database_leaves_the_primary_alone(single: Graph) -> None:
    both = dev_graph(as_replica, kept=single)
    assert "mysql-west-server" in set(both.resources) - set(single.resources)
    changed = both.changed(single)
    assert "mysql-east-server" not in changed
    # Replicas in the west read from the new member; those in the east see no difference.
    assert {name for name in changed if name.startswith("users-east")} == set()
    assert {name for name in changed if name.startswith("users-west")} == {
        name for name in REPLICAS if name.startswith("users-west")
    }
