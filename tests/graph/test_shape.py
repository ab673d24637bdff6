"""How the graph is put together: order by data, growth, the smallest and the largest stack.

Does not prove that a machine can carry the largest one.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.graph.conftest import Document, as_replica, dev_graph
from tests.graph.recorder import Graph, Registered, unwrapped
from tests.graph.test_promises import asked


@cache
def sized(regions: int, services: int) -> Graph:
    def change(document: Document) -> None:
        document["consul"]["servers"] = 1
        document["mysql"]["primary"] = "r0"
        # A group cannot have any number of members.
        as_replica(document)
        document["regions"] = {
            f"r{number}": {
                "cidr": f"10.80.{number + 1}.0/24",
                "https_port": 8400 + number,
                "http_port": 8000 + number,
                "consul_port": 8500 + number,
            }
            for number in range(regions)
        }
        document["services"] = {
            f"s{number}": {
                "context": "services/greeter",
                "replicas": 1,
                "routes": [{"path": f"/s{number}"}],
            }
            for number in range(services)
        }

    return dev_graph(change)


def host_paths(container: Registered) -> list[str]:
    """Paths of the machine that a container mounts."""
    return [volume["hostPath"] for volume in container.plain("volumes") or [] if "hostPath" in volume]


def is_file_of_a_volume(path: str) -> bool:
    """One file of a volume is mounted by its path."""
    return re.fullmatch(r"/var/lib/docker/volumes/[a-z0-9-]+/_data/\d+", path) is not None


def test_the_graph_grows_linearly_in_regions_times_services() -> None:
    # From two services on: with the second one, each region gets what they call each other by.
    small = {(r, s): len(sized(r, s).resources) for r in (1, 2) for s in (2, 3)}
    a_region = small[2, 2] - small[1, 2]
    a_service = small[1, 3] - small[1, 2]
    # One replica of one service in one region: its pod with a sandbox, the program and the registration.
    both = small[2, 3] - small[1, 2] - a_region - a_service
    assert both == 6
    for regions, services in ((8, 2), (3, 4)):
        expected = (
            small[1, 2] + (regions - 1) * a_region + (services - 2) * a_service + (regions - 1) * (services - 2) * both
        )
        assert len(sized(regions, services).resources) == expected, (regions, services)


def test_every_region_names_all_others_as_backups_in_their_order() -> None:
    graph = sized(3, 1)
    for region, order in {"r0": ["r0", "r1", "r2"], "r1": ["r1", "r0", "r2"], "r2": ["r2", "r0", "r1"]}.items():
        assert asked(graph, region, "s0", "anywhere") == [(name, "" if name == region else " backup") for name in order]


@pytest.mark.parametrize("region", ["east", "west"])
def test_replicas_wait_for_migrations_by_what_they_are_made_from(dev: Graph, region: str) -> None:
    application = dev.resources[f"users-{region}-0-application"]
    assert "users-database-migrations-run" in application.property_dependencies["envs"]
    migrations = dev.resources["users-database-migrations-run"]
    assert "users-database-accounts-run" in migrations.property_dependencies["envs"]
    accounts = dev.resources["users-database-accounts-run"]
    assert "mysql-accounts-run" in accounts.property_dependencies["volumes"]


def test_nothing_depends_on_itself_or_in_a_circle(dev: Graph) -> None:
    order = list(dev.resources)
    for resource in dev.resources.values():
        for dependency in resource.dependencies:
            if dependency in dev.resources:
                assert order.index(dependency) < order.index(resource.name), (resource.name, dependency)


def test_replicas_of_a_region_do_not_wait_for_each_other(dev: Graph) -> None:
    for region in ("east", "west"):
        applications = {item.name for item in dev.with_role("application", region=region)}
        assert {name: dev.reachable(name) & applications for name in applications} == {
            name: set() for name in applications
        }


def registrations(graph: Graph, region: str) -> set[str]:
    return {item.name for item in graph.with_role("agent", service="users", region=region)}


def test_a_release_reaches_a_region_only_when_the_one_before_serves_it(dev: Graph) -> None:
    replicas = {item.name for item in dev.with_role("application", service="users", region="west")}
    assert len(replicas) == 2
    for name in replicas:
        assert registrations(dev, "east") <= dev.reachable(name)
    for item in dev.with_role("application", service="users", region="east"):
        assert dev.reachable(item.name) & replicas == set()


def test_regions_do_not_wait_for_each_other_but_for_the_primary_and_in_a_release(dev: Graph) -> None:
    east = {item.name for item in dev.containers if item.labels.get("gostack.region") == "east"}
    primary = {name for name in east if name.startswith(("mysql", "consul-east"))}
    assert dev.reachable("ingress-west-release-files") & east == set()
    released = {item.name for item in dev.containers if item.labels.get("gostack.service") == "users"}
    assert dev.reachable("users-west-0-registration-agent") & east - primary - released == set()


def canary(document: Document) -> None:
    document["services"]["users"]["canary"] = {"context": "services/greeter", "weight": 5}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return dev_graph(canary)


def test_nobody_is_sent_to_a_canary_that_is_not_there_yet(graph: Graph) -> None:
    canaries = {item.name for item in graph.with_role("agent", track="canary")}
    assert canaries == {"users-east-canary-0-registration-agent", "users-west-canary-0-registration-agent"}
    for region in ("east", "west"):
        assert canaries <= graph.reachable(f"ingress-{region}-release-files")


def test_a_canarys_own_migrations_run_before_it_and_after_the_stable_tracks(graph: Graph) -> None:
    migrations = graph.resources["users-database-canary-migrations-run"]
    assert "users-database-migrations-run" in migrations.property_dependencies["envs"]
    for region in ("east", "west"):
        application = graph.resources[f"users-{region}-canary-0-application"]
        assert migrations.name in application.property_dependencies["envs"]
        assert migrations.name not in graph.reachable(f"users-{region}-0-application")


def test_a_canary_has_its_own_image_unless_it_names_none(graph: Graph) -> None:
    def same(document: Document) -> None:
        document["services"]["users"]["canary"] = {"environment": {"LOG_LEVEL": "debug"}}

    shared = dev_graph(same)
    assert "users-canary-image" in graph.resources
    assert "users-canary-image" not in shared.resources
    (stable, other) = (
        shared.resources[name] for name in ("users-east-0-application", "users-east-canary-0-application")
    )
    assert stable.plain("image") == other.plain("image")
    assert other.environment["LOG_LEVEL"] == "debug"
    assert other.environment["TRACK"] == "canary"


def test_a_container_that_runs_as_its_images_user_is_one_whose_image_is_not_roots(dev: Graph) -> None:
    users = {(item.labels["gostack.role"], item.inputs.get("user")) for item in dev.containers}
    # The images of a service and of the stack's own programs are built by services/Dockerfile, the sandbox's is a pause
    # image: all of them say their user.
    assert users == {
        ("agent", "100:1000"),
        ("alerts", "65534:65534"),
        ("application", None),
        # The engine's logs belong to root.
        ("collector", "0:0"),
        ("configuration", "nginx"),
        ("console", None),
        ("consul-server", "100:1000"),
        ("job", "65534:65534"),
        ("job", "mysql"),
        ("job", None),
        ("logs", "65534:65534"),
        ("metrics", "65534:65534"),
        ("mysql", "mysql"),
        ("nginx", "nginx"),
        ("proxy", None),
        ("sandbox", None),
    }


def test_no_container_sees_the_machine_but_what_reads_the_logs_of_all(dev: Graph) -> None:
    seen = {(item.name, path) for item in dev.containers for path in host_paths(item) if not is_file_of_a_volume(path)}
    assert seen == {("telemetry-collector", "/var/lib/docker/containers"), ("telemetry-collector", "/sys/fs/cgroup")}
    for container in dev.containers:
        assert all(volume.get("readOnly") for volume in container.plain("volumes") or [] if "hostPath" in volume)
        assert "mounts" not in container.inputs, container.name
        assert "devices" not in container.inputs, container.name
        assert container.plain("networkMode") != "host", container.name
        assert container.plain("pidMode") is None, container.name
        assert container.plain("ipcMode") == "private", container.name


def test_every_mounted_volume_is_one_of_the_stacks(dev: Graph) -> None:
    own = {unwrapped(item.outputs)["name"] for item in dev.of_type("docker:index/volume:Volume")}
    volumes = [volume for container in dev.containers for volume in container.plain("volumes") or []]
    named = {volume["volumeName"] for volume in volumes if "volumeName" in volume}
    files = {path.split("/")[-3] for item in dev.containers for path in host_paths(item) if is_file_of_a_volume(path)}
    assert named | {name for name in own if name.rpartition("-")[0] in files} == own


def test_the_smallest_stack_is_complete() -> None:
    def smallest(document: Document) -> None:
        document["regions"].pop("west")
        document["mysql"].pop("witness")
        document["mysql"]["topology"] = "single"
        document["consul"]["servers"] = 1
        document["services"]["users"]["replicas"] = 1
        document["telemetry"] = {"enabled": False}

    graph = dev_graph(smallest)
    roles = sorted(item.labels["gostack.role"] for item in graph.containers)
    assert roles == [
        *["agent"] * 3,
        "application",
        "configuration",
        "consul-server",
        # Both jobs of accounts and the migrations; what fills a volume for either, the server, Consul and the release.
        *["job"] * 8,
        "mysql",
        "nginx",
        *["sandbox"] * 3,
    ]
    assert unwrapped(graph.outputs["mysql"]["value"]) == {
        "topology": "single",
        "primary": "mysql-east:3306",
        "replicas": {},
        "members": {"east": "mysql-east:3306"},
    }


def test_the_longest_names_still_fit_into_a_label_of_dns() -> None:
    # Consul answers with <node>.node.<datacenter>.consul; the agent adds a hyphen and twelve digits to NODE,
    # and the last of twenty replicas has a digit more.
    service, region = "s" * 30, "r" * 15

    def longest(document: Document) -> None:
        document["regions"] = {region: document["regions"]["east"]}
        document["mysql"] = {"primary": region, "topology": "single"}
        document["services"] = {service: {"context": "services/greeter", "replicas": 1}}

    nodes = {item.environment["NODE"] for item in dev_graph(longest).with_role("agent")}
    assert {node for node in nodes if len(node) + 14 > 63} == set()


def test_a_name_by_which_services_call_each_other_is_there_after_what_answers_to_it() -> None:
    graph = sized(1, 2)
    gateway = graph.resources["ingress-r0-gateway-nginx"]
    assert "ingress-r0-release-files" in graph.reachable("ingress-r0-gateway")
    # Only in its order: what it took from a release would look changed in the preview of every route.
    assert "ingress-r0-release-files" not in {
        name for names in gateway.property_dependencies.values() for name in names
    }
