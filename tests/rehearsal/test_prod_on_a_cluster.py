"""One region of prod, whole, with a stand-in for AWS and on a real cluster: the service answers through Nginx there.

The cluster is the one of `make cluster` on this machine, or the one that GOSTACK_TEST_KUBECONFIG names, with the
registry of GOSTACK_TEST_REGISTRY. It does not prove what AWS does: the database is a MySQL of this machine and no
Aurora (no reader, no forwarded write), nodes have the images under the registry's names and have not pulled them from
ECR, disks are of the local class, and requests go to the pods as the load balancer's would, without the load balancer,
ACM and Route 53 in front. Nor a second region: tests/rehearsal/test_prod.py has both.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import urllib3

from components.aws.network.addresses import plan_subnets
from components.ingress import HTTPS_PORT
from tests.support.eks_objects import eks_objects
from tests.support.engine import missing_toolchain
from tests.support.https import ask
from tests.support.local_aurora import LocalAurora, local_aurora
from tests.support.prod_rehearsal import REGIONS, Document, Rehearsal, prepared
from tests.support.real_cluster import CONTEXT, KUBECONFIG, REGISTRY, connected, missing_cluster
from tests.support.regional_images import RegionalImages, regional_images
from tools.offline.cluster.debian import find_debian_programs
from tools.offline.cluster.layout import NODES, Folders
from tools.offline.cluster.node_images import held, runner
from tools.offline.providers.aws import local_database
from tools.offline.providers.kubernetes.cluster import Cluster

REGION, OTHER = REGIONS
ACCOUNT, NETWORK, HOST = "123456789012", "10.16.0.0/16", "api.example.com"
NAMESPACE = f"gostack-prod-{REGION}"
USERS = "/api/v1/users"
# The first address in a subnet that AWS gives to anybody.
DATABASE = str(IPv4Network(plan_subnets(NETWORK).database[0])[4])


KINDS = {
    "v1": ("Pod", "Service", "Secret", "PersistentVolumeClaim", "ResourceQuota", "LimitRange"),
    "apps/v1": ("Deployment", "StatefulSet"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("Job",),
    "eks.amazonaws.com/v1": ("TargetGroupBinding",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
}
"""What a region is made of, and Kubernetes itself puts into no namespace."""


def missing_nodes() -> str | None:
    """Why images cannot be given to the cluster's nodes; None when they can."""
    if find_debian_programs() is None or not all(Folders().containerd_socket(node).exists() for node in NODES):
        return "the cluster is not the one that `make cluster` starts on this machine: its nodes must be given images"
    return None


def reason_to_skip() -> str:
    return missing_toolchain() or missing_cluster() or missing_nodes() or ""


pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())


@dataclass
class Region:
    """The region, and what it stands on."""

    stack: Rehearsal
    cluster: Cluster
    database: LocalAurora
    authority: Path
    """Where the certificate is kept that the ingress's is verified against."""

    def ingress_addresses(self) -> list[str]:
        """The addresses that the load balancer would send requests to: those of the ingress's pods."""
        pods = self.cluster.list("v1", "Pod", NAMESPACE, "gostack.role=nginx")
        return [pod["status"]["podIP"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def request(self, address: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request to one of them over TLS, verified for the name that clients use."""
        return ask(
            (address, HTTPS_PORT),
            HOST,
            path,
            authority=self.authority,
            method=method,
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode() if body is not None else None,
            timeout=10,
        )


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """The region with nothing in it yet. Whatever happens, nothing of it is left."""
    cluster, programs = connected(), find_debian_programs()
    assert programs is not None
    assert namespace(cluster) is None, f"somebody has {NAMESPACE}: `kubectl delete namespace` it, if it was a test's"
    folder = tmp_path_factory.mktemp("prod")
    with ExitStack() as ground:
        images = ground.enter_context(regional_images(REGISTRY, ACCOUNT, REGION, tmp_path_factory.mktemp("images")))
        ground.enter_context(held(images.held, runner(Folders(), programs)))
        ground.enter_context(eks_objects(cluster))
        database = ground.enter_context(local_aurora(images.mysql, DATABASE))
        authority = folder / "database-authority.pem"
        authority.write_text(database.authority, encoding="utf-8")
        stack = Rehearsal(folder, {}, prepared(folder, f"{KUBECONFIG}#{CONTEXT}"))
        stack.variables[local_database.VARIABLE] = database.command
        stack.change(lambda document: adapt(document, images, authority))
        stack.begin()
        ground.callback(remove_namespace, cluster)
        ground.callback(stack.destroy)
        yield Region(stack, cluster, database, folder / "ingress-authority.pem")


def adapt(document: Document, images: RegionalImages, authority: Path) -> None:
    """Take the published stack file to one region and to what there is on this machine; all else stays as it is."""
    document["gostack:regions"].pop(OTHER)
    aws = document["gostack:aws"]
    aws["regions"].pop(OTHER)
    assert (aws["account"], aws["regions"][REGION]["cidr"], aws["domain"]["name"]) == (ACCOUNT, NETWORK, HOST)
    aws["database"]["certificate_authority"] = str(authority)
    # The end is tested as well, and the shortest time that resolvers are given.
    aws["protect"], aws["domain"]["drain_seconds"] = False, 61
    document["gostack:images"].update(images.upstream)
    document["gostack:ingress"]["hosts"].remove(f"{OTHER}.{HOST}")
    document["gostack:services"]["users"]["image"] = images.users


def namespace(cluster: Cluster) -> dict[str, Any] | None:
    return cluster.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})


def remove_namespace(cluster: Cluster) -> None:
    """The program lets go of it: on another platform disks are in it."""
    cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, "Background")
    deadline = time.monotonic() + 180
    while namespace(cluster) is not None:
        assert time.monotonic() < deadline, f"{NAMESPACE} is still there"
        time.sleep(1)


def tell(figure: str) -> None:
    """Print what was measured; pytest shows it with `-s` or `-rP`."""
    print(f"prod on a cluster: {figure}")


def test_01_up_makes_the_region_on_the_cluster(region: Region) -> None:
    began = time.monotonic()
    result = region.stack.up()
    took = time.monotonic() - began
    assert result.code == 0, result.text[-6000:]
    resources = region.stack.state()
    tell(f"up in {took:.0f} s, {len(resources)} resources in the state")
    (cluster,) = [item for item in resources if item["type"] == "aws:rds/cluster:Cluster"]
    assert cluster["outputs"]["endpoint"] == DATABASE
    region.authority.write_text(output(region.stack, "ca_certificate"), encoding="utf-8")


def test_02_pods_run_what_the_stack_file_names_from_the_registry_of_the_region(region: Region) -> None:
    pods = region.cluster.list("v1", "Pod", NAMESPACE)
    images = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    assert len(images) == 5
    for image in images:
        assert image.startswith(f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/")
        assert "@sha256:" in image
    roles = [pod["metadata"]["labels"].get("gostack.role") for pod in pods]
    assert [roles.count(role) for role in ("application", "consul-server", "nginx")] == [3, 3, 2]
    bindings = region.cluster.list("eks.amazonaws.com/v1", "TargetGroupBinding", NAMESPACE)
    assert {binding["spec"]["serviceRef"]["port"] for binding in bindings} == {80, 443}


def test_03_the_service_answers_through_nginx_and_keeps_a_row(region: Region) -> None:
    addresses = region.ingress_addresses()
    assert len(addresses) == 2
    first, second = addresses
    user = {"name": "Ada", "email": f"{uuid.uuid4()}@example.com"}
    created = region.request(first, "POST", USERS, user)
    assert created.status == 201, created.data
    made = created.json()["data"]
    # The other pod of the ingress, and any replica.
    for address in (second, first):
        answer = region.request(address, "GET", f"{USERS}/{made['id']}")
        assert answer.status == 200, answer.data
        assert answer.json()["data"]["email"] == user["email"]


def test_04_nobody_is_answered_under_another_name_or_by_an_unknown_authority(region: Region) -> None:
    address = region.ingress_addresses()[0]
    region.authority.rename(region.authority.with_suffix(".kept"))
    region.authority.write_text(region.database.authority, encoding="utf-8")
    try:
        with pytest.raises(urllib3.exceptions.SSLError):
            region.request(address, "GET", USERS)
    finally:
        region.authority.with_suffix(".kept").rename(region.authority)


def test_05_a_second_time_nothing_changes(region: Region) -> None:
    began = time.monotonic()
    steps = [(step["op"], step["urn"]) for step in region.stack.steps() if step["op"] != "same"]
    assert steps == []
    result = region.stack.up()
    assert result.code == 0, result.text[-4000:]
    assert "unchanged" in result.text
    assert not any(word in result.text for word in ("created", "updated", "replaced", "deleted"))
    tell(f"preview and second up in {time.monotonic() - began:.0f} s")


def test_06_the_end_leaves_an_empty_namespace_which_a_cluster_of_eks_takes_with_it(region: Region) -> None:
    began = time.monotonic()
    result = region.stack.destroy()
    assert result.code == 0, result.text[-6000:]
    tell(f"destroy in {time.monotonic() - began:.0f} s")
    assert region.stack.state() == []
    cluster = region.cluster
    assert namespace(cluster) is not None
    for version, kinds in KINDS.items():
        for kind in kinds:
            left = [item["metadata"]["name"] for item in cluster.list(version, kind, NAMESPACE)]
            assert left == [], f"{kind}: {left}"
    classes = [item["provisioner"] for item in cluster.list("storage.k8s.io/v1", "StorageClass", "")]
    assert "ebs.csi.eks.amazonaws.com" not in classes
    remove_namespace(cluster)


def output(stack: Rehearsal, name: str) -> str:
    """An output of the stack."""
    result = stack.pulumi("stack", "output", name, "--stack", "prod")
    assert result.code == 0, result.text
    return result.text.rstrip() + "\n"
