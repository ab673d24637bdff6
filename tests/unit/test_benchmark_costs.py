"""What `make bench` counts of commands, how it shows it beside docker compose, and where its copy of a stack is.

Does not prove what a stack costs: the benchmark measures that on a running engine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.settings import load_stack_file
from infra.settings.stack_file import written
from tests.benchmarks import telemetry
from tests.benchmarks.cost import Cost, cost_of, table
from tests.benchmarks.docker import shifted
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.lifecycle.workspace import Workspace

_BUSY = "import time\nended = time.process_time() + 0.4\nwhile time.process_time() < ended: pass"


def test_the_processors_time_of_a_child_of_a_child_counts_and_waiting_does_not() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}])"
    worked = cost_of(lambda: subprocess.run([sys.executable, "-c", child], check=True))
    waited = cost_of(lambda: time.sleep(0.4))
    assert worked.commands >= 0.4
    assert waited.seconds >= 0.4
    assert waited.commands < 0.2


def test_medians_stand_beside_those_of_compose_and_ratios_are_those_of_rounds() -> None:
    ours = [Cost(10, 4, 1.0), Cost(30, 6, 2.0), Cost(20, 5, 3.0)]
    theirs = [Cost(5, 1, 0.0), Cost(10, 2, 0.0), Cost(20, 4, 0.0)]
    alone = [Cost(7, 3, None)]
    assert table([("up", ours, theirs), ("preview", alone, [])]).splitlines() == [
        "medians of 3 rounds  seconds  CPU-s  engine's  compose v2  CPU-s  engine's  ratio  of CPU-s",
        "up                   20.0     5.0    2.0       10.0        2.0    0.0       2.00   4.00",
        "preview              7.0      3.0    -         -           -      -         -      -",
    ]


@pytest.mark.parametrize("observed", [False, True])
def test_the_copy_shares_no_port_and_no_network_with_the_stack_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observed: bool
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    workspace = Workspace(PROJECT_ROOT, "dev")
    file = tmp_path / "Pulumi.copy.yaml"
    document = shifted(workspace)
    if observed:
        telemetry.change(document["config"], True)
    file.write_text(written(document), encoding="utf-8")
    itself, copy = workspace.settings, load_stack_file(file, PROJECT_ROOT)
    assert itself.mysql.witness is not None
    assert copy.mysql.witness is not None
    assert set(copy.networks().values()).isdisjoint(itself.networks().values())
    assert {port for _, port in copy.host_ports().values()}.isdisjoint(port for _, port in itself.host_ports().values())
    assert copy.has_telemetry == observed
