"""Every object of the stack, with every optional part in it, is taken by a real API server without a warning.

Asked by a server-side dry run in a namespace that refuses, audits and warns of pods beyond the standard `restricted`.
Does not prove that the pods run: the modules after this one do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.graph.conftest import Document, staging_graph
from tests.graph.kubernetes import manifests
from tests.graph.test_kubernetes import everything
from tools.gostack.kubernetes.api import ClusterApi, ClusterError
from tools.gostack.kubernetes.lifecycle import remove_namespace

NAMESPACE = "gostack-dry-run-east"
# Kinds whose plural is not the kind with an s.
PLURALS = {"NetworkPolicy": "networkpolicies"}


def elsewhere(document: Document) -> None:
    everything(document)
    document["kubernetes"]["namespace"] = "gostack-dry-run"


OBJECTS = manifests(staging_graph(elsewhere))


@pytest.fixture(scope="module")
def namespace(api: ClusterApi) -> Iterator[ClusterApi]:
    """A cluster that has the stack's namespace, with its labels."""
    remove_namespace(api, NAMESPACE)
    try:
        api.apply(f"/api/v1/namespaces/{NAMESPACE}", OBJECTS["east-namespace"])
        yield api
    finally:
        remove_namespace(api, NAMESPACE)


def path(manifest: dict[str, Any]) -> str:
    kind, version = manifest["kind"], manifest["apiVersion"]
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    within = f"/namespaces/{manifest['metadata']['namespace']}" if "namespace" in manifest["metadata"] else ""
    return f"{root}{within}/{plural}/{manifest['metadata']['name']}"


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_the_api_server_takes_it_without_a_warning(name: str, namespace: ClusterApi) -> None:
    _, warnings = namespace.apply(path(OBJECTS[name]), OBJECTS[name], dry_run=True)
    assert warnings == []


def test_a_pod_that_may_be_root_is_refused(namespace: ClusterApi) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "root", "image": "registry.example.com/root:1"}]},
    }
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        namespace.apply(path(pod), pod, dry_run=True)


def test_a_deployment_beyond_the_standard_is_warned_of(namespace: ClusterApi) -> None:
    deployment = OBJECTS["users-east-deployment"]
    pod = {**deployment["spec"]["template"]["spec"], "securityContext": {}}
    loose = {**deployment, "spec": {**deployment["spec"], "template": {**deployment["spec"]["template"], "spec": pod}}}
    _, warnings = namespace.apply(path(loose), loose, dry_run=True)
    assert ["seccompProfile" in warning for warning in warnings] == [True]
