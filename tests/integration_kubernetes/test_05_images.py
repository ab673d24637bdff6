"""The cluster's own word on images: the stack comes up with it, and a pod of another image is refused, whoever asks.

Does not prove anything of signatures: tests/rehearsal/test_supply_chain.py has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration_kubernetes.support import ClusterStack, wait_until
from tools.gostack.kubernetes.api import ClusterError
from tools.gostack.lifecycle import lifecycle

DIGEST = f"sha256:{'a' * 64}"
REGISTRY = "localhost:5001/gostack"
OLDER = "ghcr.io/elsewhere:1"


@pytest.fixture(scope="module")
def older(stack: ClusterStack) -> Iterator[str]:
    """A pod of an image without a digest that was there before the cluster was asked; it need not run."""
    stack.api.apply(stack.pod_path("older"), pod(stack, "older", OLDER))
    yield OLDER
    stack.api.delete(stack.pod_path("older"))


@pytest.fixture(scope="module")
def guarded(stack: ClusterStack, older: str) -> ClusterStack:
    def change(config: dict[str, Any]) -> None:
        # Where registries answer, images of others come from there, by the digest that was pulled.
        config["gostack:kubernetes"]["image_registries"] = [REGISTRY, "docker.io"]

    stack.change(change)
    assert lifecycle.up(stack.workspace) == 0
    return stack


def pod(stack: ClusterStack, name: str, image: str, **labels: str) -> dict[str, Any]:
    """A pod that is within every other rule of the namespace."""
    container = {
        "name": name,
        "image": image,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": stack.namespace, "labels": labels},
        "spec": {"securityContext": security, "containers": [container]},
    }


def ask(stack: ClusterStack, image: str, name: str = "asked", **labels: str) -> None:
    """Ask for a pod, or for a change of one, without making it."""
    stack.api.apply(stack.pod_path(name), pod(stack, name, image, **labels), dry_run=True)


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


def test_a_pod_that_was_there_before_may_change_and_go_and_gets_no_other_image(
    guarded: ClusterStack, older: str
) -> None:
    ask(guarded, older, "older", changed="yes")
    with pytest.raises(ClusterError, match="elsewhere:2 has no digest"):
        ask(guarded, "ghcr.io/elsewhere:2", "older")
    guarded.api.delete(guarded.pod_path("older"))
    wait_until(lambda: not guarded.api.exists(guarded.pod_path("older")), 60, "the older pod has gone")


def test_without_the_setting_the_cluster_asks_no_longer(guarded: ClusterStack) -> None:
    guarded.change(lambda config: config["gostack:kubernetes"].pop("image_registries"))
    assert lifecycle.up(guarded.workspace) == 0
    ask(guarded, "nginx:1.30")
