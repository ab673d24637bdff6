"""Children of the bootstrap: what a failure shows, and that nothing is left running after an interruption.

Does not prove that a compiler heeds the signal in time: the children here are shells.
"""

from __future__ import annotations

import io
import subprocess
import time
from pathlib import Path

import pytest

from tools.gostack.environment import processes
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.preparation import in_parallel
from tools.gostack.environment.progress import Progress, duration


def test_a_failure_shows_the_last_lines_of_this_run_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    processes.run_logged(["sh", "-c", "echo before"], log, what="The first")
    with pytest.raises(BootstrapError) as failure:
        processes.run_logged(["sh", "-c", "seq 1 30; exit 3"], log, what="Counting", last_lines=2)
    assert str(failure.value) == f"Counting failed (exit status 3).\n    29\n    30\n  The whole log: {log}"
    assert "before" in log.read_text()


def test_a_missing_command_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match="Cannot start no-such-command: No such file or directory"):
        processes.run_logged(["no-such-command"], tmp_path / "log", what="Nothing")


def test_a_command_is_ended_after_its_time(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(BootstrapError, match="took longer than"):
        processes.run_logged(["sleep", "60"], tmp_path / "log", what="Sleeping", seconds=0.2)
    assert time.monotonic() - started < 10


def test_a_failing_lane_ends_the_children_of_the_other_with_their_descendants(tmp_path: Path) -> None:
    mark = f"97.{time.monotonic_ns()}"

    def slow() -> None:
        processes.run_logged(["sh", "-c", f"sleep {mark} & wait"], tmp_path / "log", what="Waiting")

    def fails() -> None:
        time.sleep(0.3)
        raise BootstrapError("It went wrong.")

    with pytest.raises(BootstrapError, match="It went wrong"):
        in_parallel([slow, fails])
    time.sleep(0.2)
    assert subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, check=False).stdout == b""


def test_nothing_is_started_after_an_interruption(tmp_path: Path) -> None:
    processes.stop_children()
    with pytest.raises(BootstrapError, match="Interrupted"):
        processes.run_logged(["true"], tmp_path / "log", what="Late")


def test_a_step_says_what_it_does_and_how_long_it_took() -> None:
    stream = io.StringIO()
    with Progress(stream).step("toolchain", "building the Pulumi CLI (usually 4 min)"):
        pass
    assert stream.getvalue() == (
        "[   0s] toolchain: building the Pulumi CLI (usually 4 min)…\n"
        "[   0s] toolchain: building the Pulumi CLI: done in 0.0 s\n"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
