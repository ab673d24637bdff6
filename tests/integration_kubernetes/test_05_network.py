"""Default-deny: a pod that belongs to nobody reaches the ingress and nothing else of the stack.

Where the cluster's network enforces no policies, which a policy of the tests' own tells, they are skipped: policies are
then words alone. A stack without policies of its own fails them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tools.gostack.kubernetes.lifecycle import remove_namespace

STRANGERS = "gostack-integration-strangers"
NOWHERE = {"may-reach": "nothing"}
SETTLED_SECONDS = 5


@pytest.fixture(scope="module")
def strangers(stack: ClusterStack) -> Iterator[ClusterStack]:
    """A namespace whose pods may reach whatever lets them in, on a cluster that enforces policies."""
    remove_namespace(stack.api, STRANGERS)
    stack.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STRANGERS}})
    try:
        if not enforces_policies(stack):
            pytest.skip("this cluster's network enforces no policies: a pod that may reach nothing reached the ingress")
        yield stack
    finally:
        remove_namespace(stack.api, STRANGERS)


def enforces_policies(stack: ClusterStack) -> bool:
    """Whether a pod that a policy forbids everything is kept from what everybody else reaches."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "nowhere"},
        "spec": {"podSelector": {"matchLabels": NOWHERE}, "policyTypes": ["Egress"]},
    }
    stack.api.post(f"/apis/networking.k8s.io/v1/namespaces/{STRANGERS}/networkpolicies", policy)
    ingress = addresses(stack)["ingress"]
    assert connects(stack, STRANGERS, "free-to-ingress", ingress, {}), "nobody reaches the ingress"
    return not connects(stack, STRANGERS, "forbidden-to-ingress", ingress, NOWHERE)


def connects(stack: ClusterStack, namespace: str, name: str, url: str, labels: dict[str, str]) -> bool:
    """Whether a pod that is started for it can open a connection: curl's answer, whatever the other side says then."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    stack.api.post(path, rogue(name, str(stack.outputs["images"]["nginx"]["reference"]), url, labels))

    def ended() -> bool:
        return stack.api.get(f"{path}/{name}")["status"]["phase"] in ("Succeeded", "Failed")

    wait_until(ended, 90, f"the pod {name} has ended")
    return stack.api.get(f"{path}/{name}")["status"]["phase"] == "Succeeded"


def rogue(name: str, image: str, url: str, labels: dict[str, str]) -> dict[str, Any]:
    # 7 is a refused connection, 28 one that got no answer; anything else means that somebody answered.
    # A pod's own rules are in force some time after it has started: what it may reach is asked then.
    curl = f"curl -skv -o /dev/null --connect-timeout 5 -m 8 {url}"
    command = f"sleep {SETTLED_SECONDS}; {curl}; code=$?; [ $code != 7 ] && [ $code != 28 ]"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "curl",
                    "image": image,
                    "command": ["/bin/sh", "-c", command],
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"cpu": "100m", "memory": "64Mi"},
                    },
                    "securityContext": {
                        "runAsUser": 101,
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }


def addresses(stack: ClusterStack) -> dict[str, str]:
    """Part to what a stranger would ask."""
    found = {
        role: stack.pods(role)[0]["status"]["podIP"] for role in ("application", "nginx", "consul-server", "mysql")
    }
    return {
        "ingress": f"https://{found['nginx']}:8443/healthz",
        "application": f"http://{found['application']}:8080/health/live",
        "mysql": f"telnet://{found['mysql']}:3306",
        "consul": f"http://{found['consul-server']}:8500/v1/status/leader",
    }


def test_a_stranger_reaches_the_ingress_and_nothing_else(strangers: ClusterStack) -> None:
    urls = addresses(strangers)
    assert connects(strangers, STRANGERS, "to-ingress", urls.pop("ingress"), {})
    reached = [part for part, url in urls.items() if connects(strangers, STRANGERS, f"to-{part}", url, {})]
    assert reached == []
    tell(f"default-deny: a stranger was refused by {', '.join(sorted(urls))}")


def test_a_pod_of_the_stack_without_a_role_reaches_nothing(strangers: ClusterStack) -> None:
    urls = addresses(strangers)
    for part, url in urls.items():
        name = f"rogue-to-{part}"
        try:
            assert not connects(strangers, strangers.namespace, name, url, {}), part
        finally:
            strangers.api.delete(strangers.pod_path(name))
