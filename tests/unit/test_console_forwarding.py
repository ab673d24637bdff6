"""How a command reaches the console inside a cluster, with a kubectl that does as it is told.

Does not prove that the real one says the same words: tests/integration_kubernetes/test_16_telemetry.py uses it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.settings.kubernetes import ClusterAccess
from tools.gostack.environment.errors import UserError
from tools.gostack.telemetry.console import TelemetryError
from tools.gostack.telemetry.forwarding import forwarded

INSIDE = "http://telemetry.gostack-staging-east.svc:3000"
AtExit = list[tuple[Any, subprocess.Popen[bytes]]]


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    settings = SimpleNamespace(cluster=lambda: ClusterAccess("kubeconfig", "context"))
    return SimpleNamespace(settings=settings, project=tmp_path)


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> AtExit:
    """What this process does at its end."""
    found: AtExit = []
    monkeypatch.setattr("atexit.register", lambda what, process: found.append((what, process)))
    return found


def kubectl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$*" > {folder}/asked\n{script}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_an_address_of_this_machine_is_reached_as_it_is(workspace: Any) -> None:
    assert forwarded(workspace, "http://127.0.0.1:8900") == "http://127.0.0.1:8900"


def test_a_port_is_forwarded_until_the_process_ends(
    workspace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_exit: AtExit
) -> None:
    kubectl(tmp_path, monkeypatch, "echo 'Forwarding from 127.0.0.1:40123 -> 3000'; exec sleep 60")
    assert forwarded(workspace, INSIDE) == "http://127.0.0.1:40123"
    assert (tmp_path / "asked").read_text().split() == [
        *("--kubeconfig", str(tmp_path / "kubeconfig"), "--context", "context", "--namespace", "gostack-staging-east"),
        *("port-forward", "--address", "127.0.0.1", "service/telemetry", ":3000"),
    ]
    ((end, process),) = at_exit
    assert process.poll() is None
    end(process)
    assert process.returncode is not None


@pytest.mark.usefixtures("at_exit")
def test_why_none_is_forwarded_is_said(workspace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, "echo 'error: services telemetry not found' >&2; exit 1")
    with pytest.raises(TelemetryError, match=r"cannot be reached \(error: services telemetry not found\)"):
        forwarded(workspace, INSIDE)


def test_without_kubectl_that_is_said(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UserError, match="reaching the console takes kubectl, which is not on PATH: install it"):
        forwarded(workspace, INSIDE)
