"""Each component by itself: any program can make it, and make it twice.

Does not prove that what it makes works together with the other components; the graph and the real engine do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_type_hints

import pulumi
import pytest

from components.accessory.args import AccessoryCheck, DataVolume
from components.certificates.x509 import new_authority
from components.consul.check import Check
from components.images.build_options import BuildOptions
from components.ingress import IngressConfiguration, Route
from components.microservice.schedule import Schedule
from components.microservice.task import Task
from components.microservice.volumes import ServiceVolume
from components.microservice.workload import Workload
from tests.contract.aws_values import AWS_VALUES
from tests.contract.test_components import CLASSES, identity
from tests.graph.recorder import Graph, record

Component = type[pulumi.ComponentResource]

LABELS = {"gostack.project": "gostack", "gostack.stack": "test"}
AUTHORITY = new_authority("test", 365)
KEY_PAIR = json.dumps({"certificate": AUTHORITY.certificate, "private_key": AUTHORITY.private_key})
REGION = {
    "region": "east",
    "cidr": "10.80.1.0/24",
    "network": "east-network",
    "backbone_cidr": "10.80.0.0/24",
    "backbone_network": "backbone-network",
    "pause_image": "pause",
}
CONSUL = {
    "datacenter": "east",
    "server_addresses": ["10.80.1.11"],
    "gossip_key": "key",
    "gossip_volume": "gossip",
    "image": "consul",
}
CHECK = Check(protocol="tcp", interval="1s", timeout="1s", failures=1)
MYSQL = {
    "primary_address": "mysql-east:3306",
    "member_addresses": {"east": "mysql-east:3306"},
    "ca_certificate": AUTHORITY.certificate,
    "image": "mysql",
    "administration_volumes": {"east": "socket"},
    "group_addresses": [],
    "primary_datacenters": [],
    "administration": {"address": "mysql-east:3306", "user": "administration", "password": "password"},
}
CLUSTER = {
    "topology": "replica",
    "regions": [REGION],
    "consul": [CONSUL],
    "image": "mysql",
    "ca_key_pair": KEY_PAIR,
    "ca_certificate": AUTHORITY.certificate,
    "certificate_lifetime_days": 365,
    "password_rotation": 1,
    "ca_rotation": 1,
    "buffer_pool_mib": 64,
    "memory_mib": 1024,
    "storage_gib": 10,
    "max_connections": 200,
    "protect": False,
    "volume_prefix": "test",
    "labels": LABELS,
}
# One value for each argument, by its name: arguments that are called the same mean the same everywhere.
VALUES: dict[str, Any] = {
    **REGION,
    **CLUSTER,
    "region": REGION,
    "configuration": IngressConfiguration("east", ["west"], ["localhost"], 8443, {"users": [Route(path="/users")]}),
    "consul": CONSUL,
    "regions": [REGION],
    "cluster": {**CLUSTER, "consul": [CONSUL]},
    "mysql": MYSQL,
    "mysql_monitoring": {
        "addresses": {"east": "mysql-east:3306", "west": "mysql-west:3306"},
        "user": "monitoring",
        "password": "password",
        "ca_certificate": AUTHORITY.certificate,
    },
    "bind_address": "127.0.0.1",
    "bind_addresses": ["127.0.0.1"],
    "build": BuildOptions(),
    "certificate": AUTHORITY.certificate,
    "edge_files": {},
    "token_verifier": None,
    "certificates": {"east": "ingress-east:8443"},
    "hosts": ["shop.example.com"],
    "check": CHECK,
    "command": ["run"],
    "common_name": "test",
    "context": "services/users",
    "cpus": 1.0,
    "accessory": "queue",
    "certificate_client": "",
    "authority_rotation": 1,
    "architecture": {
        "regions": [{"name": "east", "ingress": "https://localhost", "consul_servers": 1}],
        "services": [],
        "mysql": {"topology": "single", "primary_region": "east", "members": ["east"]},
        "accessories": [],
    },
    "administration_password": "password",
    "capabilities": [],
    "data": {"data": DataVolume(path="/var/lib/queue")},
    "database": "users",
    "datacenters": ["east"],
    "disk_gib": 2,
    "docker_root": "/var/lib/docker",
    "dockerfile": "services/Dockerfile",
    "document": "{}",
    "drain_seconds": 1,
    "environment": {"A": "1"},
    "files": {"nginx.conf": "events {}"},
    "golang_image": "golang:1.26",
    "gossip_key": "key",
    "host": "localhost",
    "http_port": 8080,
    "https_port": 8443,
    "images": {part: part for part in ("metrics", "logs", "alerts", "alertmanager", "grafana", "collector", "console")},
    "lifetime_days": 60,
    "logs_days": 7,
    "main_package": ".",
    "metrics_days": 30,
    "receiver_ports": [443],
    "migrate": ["migrate"],
    "names": ["localhost"],
    "namespace": "east-network",
    "network_mode": "container:pod",
    "networks": ["east-network", "backbone-network"],
    "node": "node",
    "other_regions": ["west"],
    "more_values": {},
    "peers": [],
    "port": 8080,
    "order": {
        "directory": "https://acme.example.com/directory",
        "directory_ca": "",
        "email": "",
        "profile": "",
        "challenge": "http-01",
        "provider": "",
        "environment": {},
        "nameservers": [],
    },
    "ports": [5672, 15672],
    "private_key": AUTHORITY.private_key,
    "reachable_from": [],
    "receivers": {},
    "redact": ["[0-9]{16}"],
    "reference": "users:1.0",
    "references": {"nginx": "nginx:1.30"},
    "releases": "releases",
    "replaced_with_pod": True,
    "replicas": 2,
    "rotation": 1,
    "rules": {"consul.yml": "groups: []"},
    "schedules": {"nightly": Schedule(cron="30 3 * * *", task="purge")},
    "secret_files": {"private_key.pem": AUTHORITY.private_key},
    "secrets": {"PASSWORD": "secret"},
    "series": "[]",
    "server_id": 1,
    "servers": 3,
    "service": "users",
    "service_images": {"stable": "users"},
    "services": [],
    "stack": "test",
    "start_seconds": 5,
    "stop_seconds": 5,
    "tasks": {"purge": Task(args=["purge", "--old"])},
    "track": "stable",
    "user": 999,
    "version": "1",
    "volume": "releases",
    "volumes": {"uploads": ServiceVolume(path="/data/uploads"), "own": ServiceVolume(path="/own", shared="replica")},
    "workload": Workload(check=CHECK, memory_mib=128, cpus=1.0, drain_seconds=1, autoscaling=None),
    "writable": ["/run"],
}
# Where the same word means something else.
SPECIAL: dict[str, dict[str, Any]] = {
    "Accessory": {"check": AccessoryCheck()},
    "Region": {"region": "east"},
    "ConsulDatacenter": {"servers": 3},
    "MySqlCluster": {"consul": [CONSUL]},
    "Job": {"region": "east"},
    "Telemetry": {"consul": [CONSUL], "mysql": None},
}


def arguments(cls: Component) -> dict[str, Any]:
    """The required arguments of a component."""
    declared = get_type_hints(cls.__init__)["args"]
    if cls.__module__.startswith("components.aws."):
        return {key: AWS_VALUES[key] for key in declared.__required_keys__}
    return {key: {**VALUES, **SPECIAL.get(cls.__name__, {})}[key] for key in declared.__required_keys__}


def made(cls: Component, *names: str, opts: Callable[[], pulumi.ResourceOptions | None] = lambda: None) -> Graph:
    def program() -> dict[str, Any]:
        for name in names:
            cls(name, arguments(cls), opts())  # type: ignore[arg-type]
        return {}

    return record(program)


@pytest.fixture(scope="module")
def pairs() -> dict[str, Graph]:
    return {identity(cls): made(cls, "one", "two") for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_two_with_different_names_stand_side_by_side(cls: Component, pairs: dict[str, Graph]) -> None:
    graph = pairs[identity(cls)]
    one = {name.removeprefix("one") for name in graph.resources if name.startswith("one")}
    two = {name.removeprefix("two") for name in graph.resources if name.startswith("two")}
    assert one == two
    assert len(graph.resources) == len(one) + len(two)


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_nothing_is_made_outside_of_it(cls: Component, pairs: dict[str, Graph]) -> None:
    graph = pairs[identity(cls)]
    assert {item.name for item in graph.resources.values() if not item.parent} == {"one", "two"}
    for item in graph.resources.values():
        if item.parent:
            assert item.name.startswith(f"{item.parent}-"), item.name


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_it_tells_exactly_once_outputs_that_it_declares(cls: Component, pairs: dict[str, Graph]) -> None:
    graph = pairs[identity(cls)]
    components = sorted(item.name for item in graph.resources.values() if not item.custom)
    # The stack tells its own, under no name.
    assert sorted(name for name in graph.registered_outputs if name) == components
    assert graph.told["one"].keys() == graph.told["two"].keys()


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_the_callers_options_reach_what_is_inside(cls: Component) -> None:
    graph = made(cls, "one", opts=lambda: pulumi.ResourceOptions(protect=True))
    unprotected = {item.name for item in graph.resources.values() if not item.protect}
    # Pulumi hands `protect` down unless a child says otherwise: the data volume obeys the setting alone.
    assert {name for name in unprotected if not name.endswith("-data")} == set()


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_it_can_stand_below_another_component(cls: Component) -> None:
    def program() -> dict[str, Any]:
        parent = pulumi.ComponentResource("test:index:Parent", "parent")
        cls("child", arguments(cls), pulumi.ResourceOptions(parent=parent))  # type: ignore[arg-type]
        return {}

    graph = record(program)
    assert graph.resources["child"].parent == "parent"
    assert {item.urn.split("::")[2].split("$")[0] for item in graph.resources.values()} == {"test:index:Parent"}
