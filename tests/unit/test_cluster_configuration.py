"""The cluster's rendered files and command lines. Not that the programs accept them: tests/integration_cluster does."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.offline.cluster import components, images
from tools.offline.cluster.configuration import rendered, resolver
from tools.offline.cluster.debian import DebianPrograms
from tools.offline.cluster.layout import (
    HOST_CIDR,
    LOAD_BALANCER_CIDR,
    NODES,
    PAUSE_IMAGE,
    POD_CIDR,
    SERVICE_CIDR,
    Folders,
)
from tools.offline.cluster.programs import Programs

FOLDERS = Folders(Path("/project"), Path("/run/gostack-cluster"))


def test_no_two_networks_of_the_cluster_overlap() -> None:
    networks = [HOST_CIDR, LOAD_BALANCER_CIDR, POD_CIDR, SERVICE_CIDR]
    assert [pair for pair in combinations(networks, 2) if pair[0].overlaps(pair[1])] == []


def test_every_node_has_addresses_devices_and_zones_of_its_own() -> None:
    for values in (
        {node.address for node in NODES},
        {node.pod_cidr for node in NODES},
        {node.bridge for node in NODES},
        {node.zone for node in NODES},
    ):
        assert len(values) == len(NODES)
    for node in NODES:
        assert node.address in HOST_CIDR
        assert node.pod_cidr.subnet_of(POD_CIDR)
        # The kernel's limit.
        assert len(node.bridge) <= 15


def test_the_kubeconfig_names_one_context_and_holds_its_certificates() -> None:
    document = yaml.safe_load(
        rendered("kubeconfig.yaml", authority=b"authority", certificate=b"certificate", key=b"key")
    )
    assert document["current-context"] == "gostack"
    assert [context["name"] for context in document["contexts"]] == ["gostack"]
    (cluster,), (user,) = document["clusters"], document["users"]
    assert cluster["cluster"]["server"] == "https://10.245.0.1:6443"
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == b"authority"
    assert base64.b64decode(user["user"]["client-certificate-data"]) == b"certificate"
    assert base64.b64decode(user["user"]["client-key-data"]) == b"key"


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_a_container_runtime_shares_nothing_with_another_one(node: components.Node) -> None:
    document = tomllib.loads(rendered("containerd.toml", folders=FOLDERS, node=node, plugins=Path("/plugins")))
    own = [document["root"], document["state"], document["grpc"]["address"]]
    own += [document["plugins"]["io.containerd.internal.v1.opt"]["path"]]
    own += [document["plugins"]["io.containerd.grpc.v1.cri"]["cni"]["conf_dir"]]
    assert all(f"/{node.name}/" in path for path in own)
    # The kernel's limit for a socket's path, and containerd appends to it.
    assert len(document["grpc"]["address"]) < 90


def test_pods_of_a_node_get_addresses_of_its_range() -> None:
    for node in NODES:
        bridge, _ = json.loads(rendered("pod-network.json", folders=FOLDERS, node=node))["plugins"]
        (((subnet,),)) = bridge["ipam"]["ranges"]
        assert IPv4Network(subnet["subnet"]) == node.pod_cidr
        assert bridge["bridge"] == node.bridge


def test_a_kubelet_refuses_who_has_no_certificate() -> None:
    document = yaml.safe_load(rendered("kubelet.yaml", folders=FOLDERS, node=NODES[0]))
    assert document["authentication"]["anonymous"] == {"enabled": False}
    assert document["authorization"] == {"mode": "Webhook"}
    assert (document["readOnlyPort"], document["healthzPort"]) == (0, 0)


def test_node_ports_are_not_open_on_the_network_outside() -> None:
    addresses = yaml.safe_load(rendered("kube-proxy.yaml", folders=FOLDERS))["nodePortAddresses"]
    assert addresses == ["127.0.0.0/8", str(HOST_CIDR)]


def test_the_registry_listens_on_the_loopback_address_only() -> None:
    assert yaml.safe_load(rendered("registry.yaml", folders=FOLDERS))["http"]["addr"] == "127.0.0.1:5001"


def test_secrets_are_encrypted_and_older_plain_ones_stay_readable() -> None:
    (resource,) = yaml.safe_load(rendered("encryption.yaml", key=b"k" * 32))["resources"]
    assert [list(provider) for provider in resource["providers"]] == [["secretbox"], ["identity"]]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nameserver 192.0.2.1\nsearch example.com\n", "nameserver 192.0.2.1\n"),
        ("nameserver 127.0.0.53\n", "nameserver 1.1.1.1\n"),
        ("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", "nameserver 192.0.2.1\n"),
        ("", "nameserver 1.1.1.1\n"),
    ],
)
def test_pods_get_only_name_servers_that_they_can_reach(host: str, expected: str) -> None:
    assert resolver(host) == expected


def test_no_password_or_key_is_an_argument_of_a_process(tmp_path: Path) -> None:
    for component in all_components(tmp_path):
        assert not [part for part in component.command if re.search(r"PRIVATE KEY|--[a-z-]*(password|token)=", part)]


def test_etcd_and_the_api_server_listen_only_where_this_machine_and_the_pods_reach_them(tmp_path: Path) -> None:
    by_name = {component.name: component.command for component in all_components(tmp_path)}
    assert "--bind-address=10.245.0.1" in by_name["kube-apiserver"]
    assert "--listen-client-urls=https://10.245.0.1:2379" in by_name["etcd"]
    assert "--client-cert-auth=true" in by_name["etcd"]
    assert "--peer-client-cert-auth=true" in by_name["etcd"]


def test_a_component_starts_anew_when_a_file_of_its_changes(tmp_path: Path) -> None:
    file = tmp_path / "configuration"
    file.write_text("one")
    component = components.Component("x", ("program",), (file,))
    before = component.fingerprint()
    assert component.fingerprint() == before
    file.write_text("two")
    assert component.fingerprint() != before


def addons() -> list[dict[str, Any]]:
    text = rendered("addons.yaml", kubernetes=Path("/kubernetes"), authority=b"authority")
    return list(yaml.safe_load_all(text))


def test_the_cluster_has_one_default_storage_class_that_waits_for_the_zone() -> None:
    documents = addons()
    (found,) = [document for document in documents if document["kind"] == "StorageClass"]
    assert found["metadata"]["name"] == "standard"
    assert found["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert found["volumeBindingMode"] == "WaitForFirstConsumer"


def test_no_component_is_an_administrator() -> None:
    documents = addons()
    roles = [document for document in documents if document["kind"] == "ClusterRole"]
    assert {role["metadata"]["name"] for role in roles} == {
        "gostack:network-policy",
        "gostack:local-cloud",
        "gostack:metrics-server",
        "system:coredns",
    }
    for role in roles:
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "secrets" not in rule["resources"]
    bindings = [document["roleRef"]["name"] for document in documents if document["kind"].endswith("RoleBinding")]
    assert "cluster-admin" not in bindings


def test_the_same_program_gives_the_same_image() -> None:
    assert images.archive(b"program", PAUSE_IMAGE) == images.archive(b"program", PAUSE_IMAGE)
    assert images.archive(b"program", PAUSE_IMAGE) != images.archive(b"another", PAUSE_IMAGE)


def all_components(folder: Path) -> list[components.Component]:
    root = folder / "debian"
    for name in ("containerd", "ctr"):
        (root / "usr" / "bin").mkdir(parents=True, exist_ok=True)
        (root / "usr" / "bin" / name).touch()
    programs = Programs(Path("/kubernetes"), Path("/pause"), DebianPrograms(root))
    makers = (
        components.etcd,
        components.api_server,
        components.controller_manager,
        components.scheduler,
        components.kube_proxy,
        components.network_policy,
        components.local_cloud,
        components.metrics_server,
        components.registry,
    )
    found = [make(FOLDERS, programs) for make in makers]
    for node in NODES:
        found += [components.containerd(FOLDERS, programs, node), components.kubelet(FOLDERS, programs, node)]
    return found
