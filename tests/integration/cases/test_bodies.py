"""Large bodies: the ingress holds neither uploads nor downloads, however slow their clients are, and stays alive.

Memory is what the ingress's container uses without the cache of files, which the kernel gives back by itself. Does not
prove anything about a disk that is full.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cases.client import Client
from tests.integration.cases.support import CasesStack, message, tell, unique, wait_until
from tools.gostack.lifecycle import lifecycle

Start = Callable[..., Client]

MEBIBYTE = 1 << 20
MIB_A_CONNECTION = 2
"""Most memory that the ingress may use for one connection that carries a large body: buffers, TLS, and no more."""


@dataclass
class Memory:
    """Memory of the ingress of the east in bytes while a block runs."""

    before: int
    samples: list[int] = field(default_factory=list[int])

    @property
    def grown(self) -> int:
        """How much more than before it was at most."""
        return max(self.samples) - self.before


def used(stack: CasesStack) -> int:
    pid = int(stack.ingress().attrs["State"]["Pid"])
    lines = Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines()
    groups = dict(line.split(":", 2)[1:] for line in lines)
    # As the kernel tells it: an engine of a busy machine needs half a minute for two samples.
    kind, usage, cache = (
        ("memory", "memory.usage_in_bytes", "cache") if "memory" in groups else ("", "memory.current", "file")
    )
    folder = Path("/sys/fs/cgroup", kind, groups[kind].lstrip("/"))
    figures = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    # A memory file system counts as a file too, and is not given back.
    return int((folder / usage).read_text()) - int(figures[cache]) + int(figures["shmem"])


@contextmanager
def watched(stack: CasesStack) -> Iterator[Memory]:
    memory, over = Memory(used(stack)), threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            memory.samples.append(used(stack))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


def assert_it_lived_with_little(stack: CasesStack, before: dict[str, Any], memory: Memory, connections: int) -> None:
    ingress = stack.ingress()
    assert not ingress.attrs["State"]["OOMKilled"]
    assert ingress.attrs["State"]["StartedAt"] == before["State"]["StartedAt"]
    log: bytes = ingress.logs(tail=5000)
    assert b"exited on signal" not in log
    assert len(memory.samples) > 5
    assert memory.grown < connections * MIB_A_CONNECTION * MEBIBYTE


def test_slow_readers_and_large_uploads_at_once_leave_the_memory_constant_and_others_are_served(
    stack: CasesStack, client: Start
) -> None:
    before = stack.ingress().attrs
    with watched(stack) as memory, stack.load("/p/echo/a", 20) as others:
        readers = client("slow-read", "/p/download/600", "-connections", "20", "-rate", "65536", "-for", "10m")
        readers.wait_for("open", 20)
        flags = ("-connections", "10", "-mib", "400", "-rate", str(16 * MEBIBYTE))
        uploads = client("upload", "/case/upload/p/upload", "-kind", "form", *flags)
        uploads.wait_for("begins", 10)
        outcomes = uploads.result(240)["outcomes"]
        assert outcomes == {"whole": 10}
        downloads = readers.stop()
    tell(
        f"20 slow readers of 600 MiB and 10 uploads of 400 MiB: the ingress used {memory.grown / MEBIBYTE:.0f} MiB "
        f"more than {memory.before / MEBIBYTE:.0f} MiB; beside them {others.result}"
    )
    assert downloads["outcomes"] == {"still going": 20}
    assert others.result.failures == []
    assert_it_lived_with_little(stack, before, memory, 30)


@pytest.mark.parametrize("kind", ["length", "chunked"])
@pytest.mark.parametrize("http2", ["false", "true"])
def test_an_upload_of_any_kind_arrives_whole(stack: CasesStack, client: Start, kind: str, http2: str) -> None:
    flags = ("-mib", "100", "-kind", kind, f"-http2={http2}")
    assert client("upload", "/case/upload/p/body", *flags).result(120)["outcomes"] == {"whole": 1}


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_an_upload_over_the_limit_of_its_route_is_refused(stack: CasesStack, client: Start, kind: str) -> None:
    (outcome,) = client("upload", "/p/body", "-mib", "3", "-kind", kind).result()["outcomes"]
    assert outcome.startswith("status 413: {")


def test_slow_readers_of_a_buffered_route_free_the_replica_and_leave_the_memory_constant(
    stack: CasesStack, client: Start
) -> None:
    before = stack.ingress().attrs
    with watched(stack) as memory:
        flags = ("-connections", "5", "-rate", "65536", "-for", "15s")
        readers = client("slow-read", "/case/buffered/p/download/200", *flags).result()
    assert readers["outcomes"] == {"still going": 5}
    assert_it_lived_with_little(stack, before, memory, 5)


def test_a_download_goes_on_through_a_reload_of_nginx(stack: CasesStack, client: Start) -> None:
    shop = stack.service("shop")
    download = client("slow-read", "/p/download/20", "-rate", str(MEBIBYTE // 2), "-for", "2m")
    download.wait_for("open")
    try:
        routes = [*shop["routes"], {"path": "/p", "hosts": shop["routes"][0]["hosts"]}]
        stack.change_services(shop={**shop, "routes": routes})
        assert lifecycle.up(stack.workspace) == 0
        sums = download.result(120)
    finally:
        stack.change_services(shop=shop)
        assert lifecycle.up(stack.workspace) == 0
    assert (sums["outcomes"], sums["bytes"]) == ({"whole": 1}, 20 * MEBIBYTE)


def test_an_upload_whose_replica_is_killed_ends_with_502_and_is_not_begun_elsewhere(
    stack: CasesStack, client: Start
) -> None:
    path = unique("/case/upload/p/body")
    flags = ("-mib", "400", "-rate", str(20 * MEBIBYTE))
    with stack.load("/p/echo/a", 20) as others:
        upload = client("upload", path, *flags)
        wait_until(lambda: bool(stack.begun(path)), 30, "a replica has begun the upload")
        (instance,) = stack.begun(path)
        time.sleep(2)
        (victim,) = [replica for replica in stack.replicas() if replica.instance == instance]
        # Behind the engine's back: it is restarted as after a crash.
        os.kill(victim.pid(), signal.SIGKILL)
        (outcome,) = upload.result()["outcomes"]
    assert outcome.startswith('status 502: {"code":502')
    assert others.result.failures == []
    stack.wait_until_all_pass()
    assert stack.begun(path) == {}


def test_a_refusal_in_the_middle_of_an_upload_reaches_the_client(stack: CasesStack) -> None:
    answer = stack.ask("/p/body", method="POST", body=b"x" * (2 * MEBIBYTE))
    assert (answer.status, bool(message(answer))) == (413, True)
