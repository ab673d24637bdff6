"""The stack of the tests on a real cluster: brought up once, by the same code as `make up`, removed whatever happens.

Needs the cluster that tests/integration_kubernetes/settings.yaml names, which `make cluster` starts; where there is
none, every test is skipped and says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import SettingsError
from tests.integration_kubernetes.support import FIGURES, ClusterStack, tell
from tools.gostack.kubernetes.api import ClusterApi, ClusterError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = PROJECT / "tests" / "integration_kubernetes" / "settings.yaml"
STACK = "integration-kubernetes"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The stack with a copy of its settings, which tests may change."""
    settings = tmp_path_factory.mktemp("settings") / f"Pulumi.{STACK}.yaml"
    settings.write_bytes(SETTINGS.read_bytes())
    return Workspace(PROJECT, STACK, settings)


@pytest.fixture(scope="session")
def api(workspace: Workspace) -> ClusterApi:
    """The cluster, which answers."""
    try:
        found = ClusterApi.of(workspace.settings, PROJECT)
        found.version()
    except (ClusterError, SettingsError) as error:
        pytest.skip(f"no cluster to test on: {error}")
    return found


@pytest.fixture(scope="session")
def stack(workspace: Workspace, api: ClusterApi) -> Iterator[ClusterStack]:
    assert lifecycle.down(workspace, purge=True) == 0
    live = ClusterStack(workspace, api)
    try:
        began = time.monotonic()
        assert lifecycle.up(workspace) == 0
        tell(f"first up: {time.monotonic() - began:.0f} s")
        yield live
    finally:
        assert lifecycle.down(workspace, purge=True) == 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("measured on the cluster")
        for figure in FIGURES:
            terminalreporter.write_line(figure)
