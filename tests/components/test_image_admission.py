"""The cluster's rule about images is asked by the library with which API servers ask it: an image that is not allowed
is refused where it comes in, and a pod that was there before may change, and be taken over by whoever looks after it.

Does not prove that a cluster asks: tests/integration_kubernetes/test_05_images.py does. Removals are never asked.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.region.kubernetes import Region
from tests.components.alone import alone, spec
from tools.offline.toolchain.go_build import build_binary

Pod = dict[str, Any]
REGISTRY = "registry.example.com/gostack"
GOOD, OTHER = (f"{REGISTRY}/{name}@sha256:{64 * '0'}" for name in ("users", "orders"))
TAG, ELSEWHERE = f"{REGISTRY}/users:1.0", f"ghcr.io/elsewhere/users@sha256:{64 * '0'}"
NO_DIGEST = f"{TAG} has no digest, and may become another image: write it as name@sha256:…"
STRANGE = f"{ELSEWHERE} is not from {REGISTRY}"


def pod(image: str, *, labels: dict[str, str] | None = None, **more: dict[str, str]) -> Pod:
    """A pod; `more` are further kinds of containers, each a name to an image."""
    kinds = {"containers": {"application": image}, **more}
    containers = {
        kind: [{"name": name, "image": image} for name, image in images.items()] for kind, images in kinds.items()
    }
    return {"metadata": {"labels": labels or {}}, "spec": containers}


REQUESTS: dict[str, tuple[Pod, Pod | None, list[str]]] = {
    "a pod of the registry": (pod(GOOD), None, []),
    "a tag": (pod(TAG), None, [NO_DIGEST]),
    "another registry": (pod(ELSEWHERE), None, [STRANGE]),
    "a job before it": (pod(GOOD, initContainers={"first": TAG}), None, [NO_DIGEST]),
    "an older pod with another label": (pod(TAG, labels={"a": "b"}), pod(TAG), []),
    "an older pod with another older image": (pod(ELSEWHERE), pod(TAG), [STRANGE]),
    "an older pod that becomes a good one": (pod(GOOD), pod(TAG), []),
    "a good pod with another image": (pod(TAG), pod(GOOD), [NO_DIGEST]),
    "a good pod with another good image": (pod(OTHER), pod(GOOD), []),
    "a good debugger in an older pod": (pod(TAG, ephemeralContainers={"debugger": GOOD}), pod(TAG), []),
    "a debugger with its image": (pod(TAG, ephemeralContainers={"debugger": TAG}), pod(TAG), [NO_DIGEST]),
    "a second debugger": (
        pod(GOOD, ephemeralContainers={"one": TAG, "two": ELSEWHERE}),
        pod(GOOD, ephemeralContainers={"one": TAG}),
        [STRANGE],
    ),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[str]]:
    program = build_binary(Path(__file__).resolve().parents[1] / "admission", ".", "admission", lane="tests")
    policy = spec(alone(Region, image_registries=[REGISTRY]), "images")
    requests = [{"object": new, "oldObject": old} for new, old, _ in REQUESTS.values()]
    asked = json.dumps({"policy": policy, "requests": requests})
    done = subprocess.run([str(program)], input=asked, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return dict(zip(REQUESTS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_judged_by_the_images_that_it_brings(name: str, answers: dict[str, list[str]]) -> None:
    assert answers[name] == REQUESTS[name][2]
