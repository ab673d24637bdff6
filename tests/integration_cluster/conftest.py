"""The local cluster of the tests: brought up by the same code as `make cluster`, and left as it was found.

It does not prove anything by itself: a failure here is a failure to bring the cluster up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration_cluster.support import FIGURES, LiveCluster, namespace, push
from tools.gostack.environment.progress import Progress
from tools.offline.cluster import lifecycle, ownership
from tools.offline.cluster.api import ApiServer
from tools.offline.cluster.layout import Folders
from tools.offline.toolchain.go_build import build_binary

_REPOSITORY = "gostack-tests/probe"
_PROBE = Path(__file__).parent / "probe"


@pytest.fixture(scope="session")
def folders() -> Folders:
    return Folders()


@pytest.fixture(scope="session")
def cluster(folders: Folders) -> Iterator[LiveCluster]:
    if os.geteuid() != 0:
        pytest.skip("the local cluster needs root")
    was_up = ownership.owner(folders) is not None
    lifecycle.up(folders, Progress())
    assert ApiServer(folders).ready()
    try:
        yield LiveCluster(folders)
    finally:
        if not was_up:
            lifecycle.down(folders, Progress())


@pytest.fixture(scope="session")
def image(cluster: LiveCluster) -> str:
    """The probe as an image in the cluster's registry, by digest."""
    return push(_REPOSITORY, build_binary(_PROBE, ".", "probe", lane="tests").read_bytes())


@pytest.fixture
def space(cluster: LiveCluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of one test, which enforces the strictest pod security."""
    name = namespace(request.node.name)
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        }
    )
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=true", "--timeout=90s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("measured")
        for figure in FIGURES:
            terminalreporter.write_line(figure)
