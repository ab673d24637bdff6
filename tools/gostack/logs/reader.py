"""The lines of many replicas as one sequence: those that are there, or those to come, in order of time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue

from tools.gostack.environment.errors import UserError
from tools.gostack.logs.line import LogLine, lines_of
from tools.gostack.running.replica import RunningReplica, Runtime

_LISTS_EVERY_SECONDS = 1.0
_SETTLES_AFTER_SECONDS = 0.3
"""Time in seconds in which a line that was written earlier elsewhere may still arrive."""
_SECOND = 1_000_000_000

Choose = Callable[[], list[RunningReplica]]
"""Lists the replicas whose lines are wanted, at this moment."""


def written(runtime: Runtime, replicas: Iterable[RunningReplica], since: float) -> Iterator[LogLine]:
    """Yield the lines that replicas have written since a moment, in seconds of the epoch."""

    def lines(replica: RunningReplica) -> Iterator[LogLine]:
        found = lines_of(replica, runtime.lines(replica, since, follow=False))
        return (line for line in found if line.time >= since * _SECOND)

    return heapq.merge(*(lines(replica) for replica in replicas))


class Follower:
    """Follows the replicas that there are and those that appear later; one that ends and starts again too."""

    def __init__(self, runtime: Runtime, choose: Choose, since: float) -> None:
        self._runtime = runtime
        self._choose = choose
        self._arrived: SimpleQueue[tuple[float, LogLine]] = SimpleQueue()
        self._read_to: dict[str, int] = {}
        self._reading: dict[str, threading.Thread] = {}
        self._since = int(since * _SECOND)

    def lines(self) -> Iterator[LogLine]:
        """Yield lines without end, each a moment after it was written."""
        waiting: list[tuple[LogLine, float]] = []
        listed = 0.0
        while True:
            if time.monotonic() - listed >= _LISTS_EVERY_SECONDS:
                self._attach(first=listed == 0.0)
                listed = time.monotonic()
            try:
                arrived, line = self._arrived.get(timeout=0.1)
                heapq.heappush(waiting, (line, arrived))
            except Empty:
                pass
            while waiting and time.monotonic() - waiting[0][1] >= _SETTLES_AFTER_SECONDS:
                yield heapq.heappop(waiting)[0]

    def _attach(self, *, first: bool) -> None:
        try:
            replicas = self._choose()
        except UserError:
            # A cluster that does not answer for a moment is no reason to stop; one that never did is.
            if first:
                raise
            return
        for replica in replicas:
            reading = self._reading.get(replica.identity)
            if reading is not None and (reading.is_alive() or not replica.running):
                continue
            thread = threading.Thread(target=self._read, args=(replica,), daemon=True)
            self._reading[replica.identity] = thread
            thread.start()

    def _read(self, replica: RunningReplica) -> None:
        read_to = self._read_to.get(replica.identity, self._since - 1)
        pieces = self._runtime.lines(replica, read_to / _SECOND, follow=replica.running)
        try:
            for line in lines_of(replica, pieces):
                # The runtimes know moments less exactly than lines have them.
                if line.time > read_to:
                    self._read_to[replica.identity] = line.time
                    self._arrived.put((time.monotonic(), line))
        except UserError:
            # Listed again, it is read again.
            return
