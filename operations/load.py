"""A steady load of requests, each of which is counted: what clients notice while something happens."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import urllib3

CONNECTIONS = 16


@dataclass(frozen=True)
class Request:
    """One request to send."""

    method: str
    url: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    sent_at: float
    """Seconds on the monotonic clock."""

    seconds: float
    """Time until the answer was there."""

    status: int
    """HTTP status; 0 when there was no answer."""

    problem: str
    """Why it failed; empty when it did not."""


@dataclass
class Result:
    """The answers of a load."""

    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def sent(self) -> int:
        """Number of requests."""
        return len(self.answers)

    @property
    def failures(self) -> list[Answer]:
        """Requests without an answer, or with one that says that the server failed."""
        return [answer for answer in self.answers if answer.problem]

    @property
    def longest_outage(self) -> float:
        """Longest time in seconds during which every request failed; 0.0 when none did."""
        longest, since = 0.0, None
        for answer in sorted(self.answers, key=lambda item: item.sent_at):
            if not answer.problem:
                since = None
                continue
            since = answer.sent_at if since is None else since
            longest = max(longest, answer.sent_at + answer.seconds - since)
        return longest

    def __str__(self) -> str:
        reasons = sorted({answer.problem for answer in self.failures})
        slowest = max((answer.seconds for answer in self.answers), default=0.0)
        told = f"{self.sent} requests sent, {len(self.failures)} failed, slowest {slowest * 1000:.0f} ms"
        return f"{told}; {'; '.join(reasons[:3])}" if reasons else told


class Load:
    """Sends `rate` requests a second while the `with` block runs.

    A request that is late does not delay the next one: slowness shows as slowness, not as fewer requests.
    """

    def __init__(self, authority: Path, rate: int, requests: Callable[[int], Request], timeout: float = 10) -> None:
        self.result = Result()
        self._rate = rate
        self._requests = requests
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=CONNECTIONS * 4,
            ca_certs=str(authority),
            retries=False,
            timeout=urllib3.Timeout(total=timeout),
        )
        self._workers = ThreadPoolExecutor(CONNECTIONS * 4)
        self._clock = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._clock.join()
        self._workers.shutdown(wait=True)
        self._pool.clear()

    def _send_all(self) -> None:
        started = time.monotonic()
        for number in itertools.count():
            due = started + number / self._rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self._workers.submit(self._send, number)

    def _send(self, number: int) -> None:
        request = self._requests(number)
        sent_at = time.monotonic()
        status, problem = 0, ""
        try:
            response = self._pool.request(request.method, request.url, body=request.body, headers=request.headers)
            status = response.status
            if status >= 500:
                problem = f"{urlsplit(request.url).netloc} answered {status}"
        except urllib3.exceptions.HTTPError as error:
            problem = type(error).__name__
        with self._lock:
            self.result.answers.append(Answer(sent_at, time.monotonic() - sent_at, status, problem))
