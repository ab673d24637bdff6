"""kube-score (https://github.com/zegl/kube-score) finds nothing critical in the objects but what is listed here.

Needs Go, no cluster. Does not prove that the list of a scanner is complete.
"""

from __future__ import annotations

import subprocess

import yaml

from tests.graph.conftest import staging_graph
from tests.graph.kubernetes import manifests
from tests.graph.test_kubernetes import everything
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.programs import kube_score

EXCEPTIONS = {
    "container-image-pull-policy": "images are named by digest: what a node has under it is what the registry has",
    "container-security-context-user-group-id": "100:1000, 101 and 999 are the users of the official images of Consul, "
    "Nginx and MySQL; none is root, and no file of the node is mounted",
}
"""Check to the reason why it is not followed."""


def scan(*ignored: str) -> list[str]:
    """Critical findings, one a line."""
    text = yaml.safe_dump_all(manifests(staging_graph(everything)).values())
    done = subprocess.run(
        [
            str(kube_score(PROJECT_ROOT, Progress())),
            "score",
            "--output-format=ci",
            *(f"--ignore-test={check}" for check in ignored),
            "-",
        ],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "[OK]" in done.stdout, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("[CRITICAL]")]


def test_nothing_critical_is_found_beside_the_reasoned_exceptions() -> None:
    assert scan(*EXCEPTIONS) == []


def test_every_exception_is_still_needed() -> None:
    for check in EXCEPTIONS:
        others = [other for other in EXCEPTIONS if other != check]
        assert scan(*others), f"{check} is followed by now: remove its exception"
