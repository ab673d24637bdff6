"""`dev` on a running stack: a save is answered within seconds, no GET is lost, and the released image comes back.

Does not prove it for a service with one replica in one region: its clients wait nowhere else meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from docker.models.containers import Container

from infra.settings.services import ServiceSettings
from tests.integration.brought_up import PROJECT
from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.dev.command import dev
from tools.gostack.dev.source import compiled, source_of
from tools.gostack.lifecycle import lifecycle

MOST_SECONDS = 4.0
"""From a save to the first new answer; the aim is 2 s, on a machine that does nothing else."""

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on this machine")


@pytest.fixture
def source(stack: LiveStack, tmp_path: Path) -> Iterator[Path]:
    """The program of a greeter with two replicas in each region."""
    folder = tmp_path / "greeter"
    shutil.copytree(PROJECT / "services" / "greeter", folder)
    with stack.as_before():
        stack.change_settings("greeter", context=str(folder), replicas=2)
        assert lifecycle.up(stack.workspace) == 0
        yield folder / "main.go"


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


def test_where_there_is_no_go_the_image_with_go_compiles(
    stack: LiveStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "greeter"
    shutil.copytree(PROJECT / "services" / "greeter", folder)
    found = shutil.which
    monkeypatch.setattr("shutil.which", lambda name, **more: None if name == "go" else found(name, **more))
    settings = ServiceSettings.model_validate({"context": str(folder)})
    source = source_of(stack.workspace.project, "greeter", settings)
    assert source.builder
    (tmp_path / "out").mkdir()
    program = tmp_path / "out" / "service"
    assert compiled(source, "amd64", program) == ""
    assert program.read_bytes()[:4] == b"\x7fELF"
    began = time.monotonic()
    (folder / "main.go").write_text("package main\nfunc main() { nothing() }\n")
    assert "undefined: nothing" in compiled(source, "amd64", program)
    tell(f"dev: {time.monotonic() - began:.1f} s in the image with Go")


def test_a_replica_under_the_debugger_answers_clients_and_the_debuggers_own(stack: LiveStack, source: Path) -> None:
    del source
    problems: list[str] = []
    released = {str(one.id) for one in stack.containers("application", service="greeter")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])

    def swapped() -> int:
        return len(
            released - {str(one.id) for one in stack.containers("application", service="greeter") if running(one)}
        )

    with asked(stack, f"{stack.outputs['url']}/hello/ada") as answers:

        def steps() -> None:
            try:
                # The standard library is compiled once for a debugger.
                wait_until(lambda: swapped() == 1, 400, "one replica runs under the debugger")
                wait_until(lambda: debugger(port, "GetVersion").get("APIVersion") == 2, 20, "the debugger answers")
                assert debugger(port, "State", NonBlocking=True)["State"]["Running"]
                time.sleep(2)
                assert swapped() == 1
            except AssertionError as error:
                problems.append(str(error))

        worker = threading.Thread(target=steps)
        worker.start()
        threading.Thread(target=interrupted_after, args=(worker,)).start()
        assert dev(stack.workspace, "greeter", "east", port) == 0
    assert problems == []
    assert {status for status, _ in answers} == {200}
    assert {str(one.id) for one in stack.containers("application", service="greeter")} == released


def running(container: Container) -> bool:
    return container.status == "running"


def debugger(port: int, method: str, **arguments: object) -> dict[str, Any]:
    """What a debugger answers to a question; nothing while it is not there."""
    question = {"method": f"RPCServer.{method}", "params": [arguments], "id": 1}
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"{json.dumps(question)}\n".encode())
            with connection.makefile() as lines:
                return json.loads(lines.readline() or "{}").get("result") or {}
    except OSError:
        return {}


def test_nothing_of_it_is_a_change_for_pulumi(stack: LiveStack, source: Path) -> None:
    del source
    timer = threading.Timer(30, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    assert dev(stack.workspace, "greeter", "east") == 0
    timer.cancel()
    assert stack.preview_changes() == ""
