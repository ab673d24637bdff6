"""`dev` on a running stack: a save is answered within seconds, no GET is lost, and the released image comes back.

Does not prove it for a service with one replica in one region: its clients wait nowhere else meanwhile.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from tests.integration.brought_up import PROJECT
from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.dev.command import dev
from tools.gostack.lifecycle import lifecycle

MOST_SECONDS = 4.0
"""From a save to the first new answer; the aim is 2 s, on a machine that does nothing else."""

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on this machine")


@pytest.fixture
def source(stack: LiveStack, tmp_path: Path) -> Iterator[Path]:
    """The program of a greeter with two replicas in each region."""
    folder = tmp_path / "greeter"
    shutil.copytree(PROJECT / "services" / "greeter", folder)
    before = stack.workspace.stack_file.read_bytes()
    stack.change_settings("greeter", context=str(folder), replicas=2)
    assert lifecycle.up(stack.workspace) == 0
    yield folder / "main.go"
    stack.workspace.stack_file.write_bytes(before)
    assert lifecycle.up(stack.workspace) == 0


@contextmanager
def asked(stack: LiveStack, url: str) -> Iterator[list[tuple[int, bytes]]]:
    answers: list[tuple[int, bytes]] = []
    ended = threading.Event()
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)

    def ask() -> None:
        while not ended.wait(0.02):
            try:
                answer = pool.request("GET", url)
                answers.append((answer.status, answer.data))
            except urllib3.exceptions.HTTPError as error:
                answers.append((0, str(error).encode()))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()


def interrupted_after(action: threading.Thread) -> None:
    """Press Ctrl-C once the steps are done, whatever became of them."""
    action.join()
    os.kill(os.getpid(), signal.SIGINT)


def test_a_save_is_answered_and_no_request_is_lost(stack: LiveStack, source: Path) -> None:
    url = f"{stack.outputs['url']}/hello/ada"
    released = {str(one.id) for one in stack.containers("application", service="greeter")}
    problems: list[str] = []

    def replicas_that_were_released() -> int:
        found = {str(one.id) for one in stack.containers("application", service="greeter", region="east")}
        return len(found & released)

    with asked(stack, url) as answers:

        def steps() -> None:
            try:
                wait_until(lambda: replicas_that_were_released() == 0, 60, "the source runs in both replicas of east")
                text = source.read_text()
                saved = time.monotonic()
                source.write_text(text.replace('"%s, %s, from %s\\n"', '"saved: %s, %s, from %s\\n"'))
                wait_until(lambda: b"saved: " in answers[-1][1], 30, "a new answer")
                seconds = time.monotonic() - saved
                tell(f"dev: {seconds:.1f} s from a save to a new answer")
                assert seconds <= MOST_SECONDS
                wait_until(lambda: all(b"saved: " in body for _, body in answers[-20:]), 30, "only new answers")
                source.write_text("package main\nfunc main() { nothing() }\n")
                time.sleep(5)
                assert all(b"saved: " in body for _, body in answers[-20:])
            except AssertionError as error:
                problems.append(str(error))

        worker = threading.Thread(target=steps)
        worker.start()
        threading.Thread(target=interrupted_after, args=(worker,)).start()
        assert dev(stack.workspace, "greeter", "east") == 0
        wait_until(lambda: b"saved: " not in answers[-1][1], 10, "the released answer")
    assert problems == []
    assert {status for status, _ in answers} == {200}
    assert {str(one.id) for one in stack.containers("application", service="greeter")} == released


def test_nothing_of_it_is_a_change_for_pulumi(stack: LiveStack, source: Path) -> None:
    del source
    timer = threading.Timer(30, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    assert dev(stack.workspace, "greeter", "east") == 0
    timer.cancel()
    assert stack.preview_changes() == ""
