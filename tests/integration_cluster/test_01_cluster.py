"""The local cluster is a real one: nodes, names, images by digest, volumes, addresses, rights, network policies.

Run with `pytest tests/integration_cluster` as root; not part of tests/integration, which needs Docker and no cluster.
Does not prove anything about another cluster, nor that a claim's size is enforced (it is not), nor isolation between
nodes: they share this host's kernel and its network.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration_cluster.support import FIGURES, LiveCluster, pod, wait_until, web_server
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.progress import Progress
from tools.offline.cluster import cgroups, leftovers, lifecycle
from tools.offline.cluster.layout import LOAD_BALANCER_CIDR, NODES, REGISTRY_PORT, Folders
from tools.offline.cluster.processes import Processes


def fetch(address: str) -> str:
    """The answer of a web server, or an empty text when there is none."""
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.read().decode().strip()
    except (urllib.error.URLError, OSError, ValueError):
        return ""


def test_every_node_is_ready_in_a_zone_of_its_own(cluster: LiveCluster) -> None:
    nodes = cluster.get("nodes")["items"]
    zones = {node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    assert zones == {node.name: node.zone for node in NODES}
    for node in nodes:
        ready = [condition for condition in node["status"]["conditions"] if condition["type"] == "Ready"]
        assert [condition["status"] for condition in ready] == ["True"]


def test_a_second_make_cluster_changes_nothing(cluster: LiveCluster) -> None:
    before = [(process.name, process.number) for process in Processes(cluster.folders).known()]
    revision = cluster.get("deployment/coredns", "--namespace=kube-system")["metadata"]["generation"]
    began = time.monotonic()
    assert not lifecycle.up(cluster.folders, Progress())
    FIGURES.append(f"make cluster, everything running: {time.monotonic() - began:.1f} s")
    assert [(process.name, process.number) for process in Processes(cluster.folders).known()] == before
    assert cluster.get("deployment/coredns", "--namespace=kube-system")["metadata"]["generation"] == revision


def test_the_kubeconfig_is_readable_by_its_owner_only(cluster: LiveCluster) -> None:
    assert cluster.folders.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert cluster.kubectl("config", "current-context").strip() == "gostack"


def test_a_pod_runs_from_the_local_registry_by_digest(cluster: LiveCluster, space: str, image: str) -> None:
    cluster.apply(*(pod(space, node.name, image, nodeName=node.name) for node in NODES))
    cluster.ready(space, *(node.name for node in NODES))
    for node in NODES:
        (status,) = cluster.get(f"pod/{node.name}", "--namespace", space)["status"]["containerStatuses"]
        assert status["imageID"] == image


def test_docker_pushes_to_the_registry_and_a_node_pulls_it(cluster: LiveCluster, space: str, image: str) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False, timeout=30).returncode != 0:
        pytest.skip("no Docker engine answers, and this test pushes with one")
    name = f"localhost:{REGISTRY_PORT}/gostack-tests/pushed:1"
    for command in (["pull", image], ["tag", image, name], ["push", name]):
        subprocess.run([docker, *command], capture_output=True, check=True, timeout=120)
    try:
        cluster.apply(pod(space, "pushed", name))
        cluster.ready(space, "pushed")
    finally:
        subprocess.run([docker, "rmi", name, image], capture_output=True, check=False, timeout=60)


def test_a_wrong_image_is_reported_with_its_reason(cluster: LiveCluster, space: str, image: str) -> None:
    missing = image[:-8] + "00000000"
    cluster.apply(pod(space, "wrong", missing))

    def reason() -> str:
        statuses = cluster.get("pod/wrong", "--namespace", space)["status"].get("containerStatuses", [])
        return statuses[0]["state"].get("waiting", {}).get("reason", "") if statuses else ""

    wait_until(lambda: reason() in ("ErrImagePull", "ImagePullBackOff"), "the pod should have said why it waits")


def test_pods_find_services_by_name_across_nodes(cluster: LiveCluster, space: str, image: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": space},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    web = web_server(space, "web", image, nodeName=NODES[0].name)
    cluster.apply(service, web, pod(space, "client", image, nodeName=NODES[-1].name))
    cluster.ready(space, "web", "client")
    for name in ("web", f"web.{space}.svc.cluster.local"):
        wait_until(
            lambda name=name: "web" in cluster.probe(space, "client", "get", f"http://{name}").stdout,
            f"the pod should have reached the service {name}",
        )


def test_a_load_balancer_gets_an_address_that_answers_on_this_host(
    cluster: LiveCluster, space: str, image: str
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "entry", "namespace": space},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 8088, "targetPort": 8080}],
        },
    }
    cluster.apply(service, web_server(space, "web", image))
    cluster.ready(space, "web")

    def address() -> str:
        ingress = cluster.get("service/entry", "--namespace", space)["status"]["loadBalancer"].get("ingress", [])
        return ingress[0]["ip"] if ingress else ""

    wait_until(lambda: bool(address()), "the Service should have got an address")
    given = address()
    assert given in [str(host) for host in LOAD_BALANCER_CIDR.hosts()]
    wait_until(lambda: fetch(f"http://{given}:8088") == "web", "the address should have answered")
    port = cluster.get("service/entry", "--namespace", space)["spec"]["ports"][0]["nodePort"]
    wait_until(lambda: fetch(f"http://127.0.0.1:{port}") == "web", "the node port should have answered")

    cluster.kubectl("delete", "service", "entry", "--namespace", space)
    wait_until(lambda: given not in addresses(), "the address should have gone with its Service")


def test_two_load_balancers_have_two_addresses(cluster: LiveCluster, space: str) -> None:
    for name in ("one", "two"):
        cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": space},
                "spec": {"type": "LoadBalancer", "selector": {"app": "none"}, "ports": [{"port": 8089}]},
            }
        )

    def given() -> list[str]:
        found = cluster.get("services", "--namespace", space)["items"]
        return [entry["ip"] for item in found for entry in item["status"]["loadBalancer"].get("ingress", [])]

    wait_until(lambda: len(given()) == 2, "both Services should have got an address")
    assert len(set(given())) == 2


def test_a_volume_survives_its_pod_and_is_writable_through_fsgroup(
    cluster: LiveCluster, space: str, image: str
) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": space},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    mounted = {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "mounts": [{"name": "data", "mountPath": "/data"}],
    }
    cluster.apply(claim, pod(space, "writer", image, "write", "/data/file", "kept", **mounted))
    cluster.ready(space, "writer")
    zone = cluster.get("pod/writer", "--namespace", space)["spec"]["nodeName"]
    cluster.kubectl("delete", "pod", "writer", "--namespace", space, "--wait=true")
    cluster.apply(pod(space, "reader", image, **mounted))
    cluster.ready(space, "reader")
    assert cluster.probe(space, "reader", "read", "/data/file").stdout == "kept"
    # As with a cloud's block storage: where the volume is.
    assert cluster.get("pod/reader", "--namespace", space)["spec"]["nodeName"] == zone


def test_a_removed_claim_takes_its_folder_along(cluster: LiveCluster, space: str, image: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "gone", "namespace": space},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volumes = [{"name": "gone", "persistentVolumeClaim": {"claimName": "gone"}}]
    cluster.apply(claim, pod(space, "user", image, volumes=volumes))
    cluster.ready(space, "user")
    volume = cluster.get("persistentvolumeclaim/gone", "--namespace", space)["spec"]["volumeName"]
    folder = cluster.folders.data / "volumes" / volume
    assert folder.is_dir()
    cluster.kubectl("delete", "pod/user", "persistentvolumeclaim/gone", "--namespace", space, "--wait=true")
    wait_until(lambda: not folder.exists(), "the volume's folder should have been removed")


def test_default_deny_refuses_a_rogue_pod_and_admits_the_allowed_one(
    cluster: LiveCluster, space: str, image: str
) -> None:
    cluster.apply(
        web_server(space, "web", image, nodeName=NODES[0].name),
        pod(space, "near", image, nodeName=NODES[0].name),
        pod(space, "far", image, nodeName=NODES[1].name),
        pod(space, "friend", image, nodeName=NODES[2].name),
    )
    cluster.ready(space, "web", "near", "far", "friend")
    target = cluster.get("pod/web", "--namespace", space)["status"]["podIP"]

    def reaches(name: str) -> bool:
        return cluster.probe(space, name, "get", f"http://{target}:8080").stdout == "web"

    for name in ("near", "far", "friend"):
        wait_until(lambda name=name: reaches(name), f"without a policy {name} should have reached the server")
    policies = {
        "deny": {"podSelector": {}, "policyTypes": ["Ingress"]},
        "allow": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}], "ports": [{"port": 8080}]}],
        },
    }
    for name, spec in policies.items():
        cluster.apply(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": name, "namespace": space},
                "spec": spec,
            }
        )
    taken = wait_until(lambda: not reaches("far"), "the policy should have refused a pod of another node")
    FIGURES.append(f"a NetworkPolicy is in force after {taken:.1f} s")
    wait_until(lambda: not reaches("near"), "the policy should have refused a pod of the same node")
    for name in ("near", "far"):
        refused = cluster.probe(space, name, "dial", f"{target}:8080")
        assert "refused" in refused.stderr or "timeout" in refused.stderr, refused.stderr
    assert reaches("friend")
    cluster.kubectl("delete", "networkpolicy", "deny", "allow", "--namespace", space)
    wait_until(lambda: reaches("far"), "without the policy the pod should have reached the server again")


def test_denied_egress_leaves_names_and_nothing_else(cluster: LiveCluster, space: str, image: str) -> None:
    system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    names = {"namespaceSelector": system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "only-names", "namespace": space},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [names], "ports": ports}]},
    }
    server = pod(space, "client", image)
    cluster.apply(server, policy)
    cluster.ready(space, "client")

    def reaches_api_server() -> bool:
        return cluster.probe(space, "client", "dial", "10.245.0.1:6443").returncode == 0

    wait_until(lambda: not reaches_api_server(), "the API server should be refused")
    found = cluster.probe(space, "client", "lookup", "kubernetes.default.svc.cluster.local")
    assert found.stdout.strip() == "[10.96.0.1]", found.stderr
    cluster.kubectl("delete", "networkpolicy", "only-names", "--namespace", space)
    wait_until(reaches_api_server, "without the policy the API server should be reached")


def test_the_strictest_pod_security_refuses_a_privileged_pod(cluster: LiveCluster, space: str, image: str) -> None:
    document = pod(space, "root", image)
    document["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    refused = cluster.run("apply", "--dry-run=server", "--filename=-", given=json.dumps(document))
    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted' in refused.stderr


def test_secrets_are_not_in_plain_text_on_the_disk(cluster: LiveCluster, space: str) -> None:
    word = "plain-text-marker-1871"
    cluster.kubectl("create", "secret", "generic", "marker", "--namespace", space, f"--from-literal=key={word}")
    cluster.kubectl("create", "configmap", "marker", "--namespace", space, "--from-literal=key=config-marker-1871")
    stored = b"".join(path.read_bytes() for path in (cluster.folders.data / "etcd").rglob("*.wal"))
    # That the other one is found shows that the search would find it.
    assert b"config-marker-1871" in stored
    assert word.encode() not in stored


def test_use_of_processors_and_memory_can_be_read(cluster: LiveCluster) -> None:
    lines = cluster.kubectl("top", "nodes", "--no-headers").splitlines()
    assert sorted(line.split()[0] for line in lines) == [node.name for node in NODES]


def test_killed_components_are_started_again_and_pods_go_on(cluster: LiveCluster, space: str, image: str) -> None:
    cluster.apply(pod(space, "steady", image, nodeName=NODES[0].name))
    cluster.ready(space, "steady")
    processes = Processes(cluster.folders)
    victims = ["etcd", "kube-apiserver", f"{NODES[0].name}-containerd", f"{NODES[1].name}-kubelet", "network-policy"]
    for name in victims:
        process = processes.find(name)
        assert process is not None
        os.kill(process.number, signal.SIGKILL)
    wait_until(lambda: all(processes.find(name) is None for name in victims), "the components should have ended")
    assert lifecycle.up(cluster.folders, Progress())
    assert all(processes.find(name) is not None for name in victims)
    (status,) = cluster.get("pod/steady", "--namespace", space)["status"]["containerStatuses"]
    assert status["restartCount"] == 0
    wait_until(
        lambda: cluster.probe(space, "steady", "lookup", "127.0.0.1").stdout == "[127.0.0.1]\n",
        "the pod should have gone on",
    )


def test_a_lost_node_is_noticed_and_comes_back(cluster: LiveCluster, space: str, image: str) -> None:
    lost = NODES[-1]
    cluster.apply(pod(space, "victim", image, nodeName=lost.name), pod(space, "steady", image, nodeName=NODES[0].name))
    cluster.ready(space, "victim", "steady")
    lifecycle.stop_node(cluster.folders, lost)
    assert leftovers.shims(cluster.folders, node=lost) == []
    assert cgroups.processes(group=lost.cgroup) == set()

    def ready() -> str:
        conditions = cluster.get("node", lost.name)["status"]["conditions"]
        return next(condition["status"] for condition in conditions if condition["type"] == "Ready")

    taken = wait_until(lambda: ready() == "Unknown", "the node should have been found lost")
    FIGURES.append(f"a lost node is noticed after {taken:.0f} s")
    assert cluster.probe(space, "steady", "lookup", "127.0.0.1").returncode == 0
    assert lifecycle.up(cluster.folders, Progress())
    assert ready() == "True"
    wait_until(
        lambda: cluster.probe(space, "victim", "lookup", "127.0.0.1").returncode == 0,
        "the pod should have been started again",
    )


def test_another_checkout_is_told_whose_cluster_runs(cluster: LiveCluster, tmp_path: Path) -> None:
    other = Folders(tmp_path)
    for command in (lifecycle.up, lifecycle.down):
        with pytest.raises(BootstrapError, match=f"make -C {cluster.folders.project} cluster-down"):
            command(other, Progress())


def addresses() -> str:
    """The addresses of this host."""
    with suppress(subprocess.SubprocessError):
        return subprocess.run(["ip", "-4", "address"], capture_output=True, text=True, check=True).stdout
    return ""
