"""The cluster's own word on images: the stack comes up with it, and a pod of another image is refused, whoever asks.

Does not prove anything of signatures: tests/rehearsal/test_supply_chain.py has them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration_kubernetes.support import ClusterStack
from tools.gostack.kubernetes.api import ClusterError
from tools.gostack.lifecycle import lifecycle

DIGEST = f"sha256:{'a' * 64}"
REGISTRY = "localhost:5001/gostack"


@pytest.fixture(scope="module")
def guarded(stack: ClusterStack) -> ClusterStack:
    def change(config: dict[str, Any]) -> None:
        # Where registries answer, images of others come from there, by the digest that was pulled.
        config["gostack:kubernetes"]["image_registries"] = [REGISTRY, "docker.io"]

    stack.change(change)
    assert lifecycle.up(stack.workspace) == 0
    return stack


def ask(stack: ClusterStack, image: str) -> None:
    """Ask for a pod that is within every other rule of the namespace, without making it."""
    container = {
        "name": "asked",
        "image": image,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asked", "namespace": stack.namespace},
        "spec": {"securityContext": security, "containers": [container]},
    }
    stack.api.apply(f"/api/v1/namespaces/{stack.namespace}/pods/asked", pod, dry_run=True)


def test_an_image_of_the_registry_by_its_digest_is_taken(guarded: ClusterStack) -> None:
    ask(guarded, f"{REGISTRY}/users@{DIGEST}")
    assert guarded.create_user()["id"]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (f"{REGISTRY}/users:1.0", f"{REGISTRY}/users:1.0 has no digest, and may become another image"),
        (f"ghcr.io/elsewhere/users@{DIGEST}", f"users@{DIGEST} is not from {REGISTRY}, docker.io"),
    ],
    ids=["without a digest", "of another registry"],
)
def test_another_one_is_refused(image: str, words: str, guarded: ClusterStack) -> None:
    with pytest.raises(ClusterError, match=words):
        ask(guarded, image)


def test_without_the_setting_the_cluster_asks_no_longer(guarded: ClusterStack) -> None:
    guarded.change(lambda config: config["gostack:kubernetes"].pop("image_registries"))
    assert lifecycle.up(guarded.workspace) == 0
    ask(guarded, "nginx:1.30")
