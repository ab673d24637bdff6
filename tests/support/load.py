"""A steady load of requests, each of which is counted: what clients notice while something happens.

Vegeta (https://github.com/tsenart/vegeta) sends them; the results are read back one by one.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.support.load_result import Result, read_results
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.programs import vegeta

LONGEST_SECONDS = 1800
"""A load ends after this time even when nobody ends it."""

_MOST_CONNECTIONS = 1000


class LoadError(RuntimeError):
    """The load could not be sent or its results could not be read."""


@dataclass(frozen=True)
class Request:
    """One request to send."""

    method: str
    url: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def target(self) -> bytes:
        """The request as a line of vegeta's JSON format."""
        target: dict[str, object] = {"method": self.method, "url": self.url}
        if self.body is not None:
            target["body"] = base64.b64encode(self.body).decode()
        if self.headers:
            target["header"] = {name: [value] for name, value in self.headers.items()}
        return json.dumps(target).encode() + b"\n"


class Load:
    """Sends `rate` requests a second while the `with` block runs; `result` has the answers after it.

    A request that is late does not delay the next one: slowness shows as slowness, not as fewer requests.
    `requests` is asked for the next one, by its number, a little ahead of time.
    """

    def __init__(
        self,
        authority: Path,
        rate: int,
        requests: Callable[[int], Request],
        timeout: float = 10,
        *,
        http2: bool = False,
        keepalive: bool = True,
        connections: int = _MOST_CONNECTIONS,
        detours: Mapping[str, str] | None = None,
        certificate: Path | None = None,
    ) -> None:
        """`timeout` is how long a client waits for its answer, in seconds.
        `detours` leads requests for a host and port to another one, which need not be in the certificate.
        `certificate` is the client's own, PEM, with its key beside it (`.key`).

        With a `rate` of 0 each of the `connections` sends its next request as soon as it has its answer.
        """
        self.result = Result()
        self._vegeta = str(vegeta(PROJECT_ROOT, Progress()))
        self._requests = requests
        self._patience = timeout + 20
        self._command = [
            *(self._vegeta, "attack", "-format=json", "-lazy", f"-rate={rate}/s", f"-timeout={timeout}s"),
            *(f"-duration={LONGEST_SECONDS}s", f"-root-certs={authority}", f"-max-workers={connections}"),
            *(f"-http2={str(http2).lower()}", f"-keepalive={str(keepalive).lower()}"),
            *(f"-connect-to={wanted}:{address}" for wanted, address in (detours or {}).items()),
            *([f"-cert={certificate}", f"-key={certificate.with_suffix('.key')}"] if certificate is not None else []),
        ]

    def __enter__(self) -> Self:
        self._results = tempfile.TemporaryFile()
        self._messages = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=self._results,
            stderr=self._messages,
            bufsize=0,
            # Ctrl-C is for the command that runs the load; it ends the load and reads the results.
            start_new_session=True,
        )
        self._feeder = threading.Thread(target=self._feed, args=(self._process.stdin,), daemon=True)
        self._feeder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended_early = self._process.poll() is not None
        self._end()
        with self._results, self._messages:
            if ended_early and error is None:
                self._messages.seek(0)
                raise LoadError(f"vegeta ended by itself: {self._messages.read().decode(errors='replace').strip()}")
            self._results.seek(0)
            encoded = subprocess.run(
                [self._vegeta, "encode", "-to", "json"],
                stdin=self._results,
                capture_output=True,
                text=True,
                check=False,
            )
        if encoded.returncode != 0 and error is None:
            raise LoadError(f"vegeta's results cannot be read: {encoded.stderr.strip()}")
        self.result = read_results(encoded.stdout.splitlines())

    def _end(self) -> None:
        # It stops sending, and waits for the answers to what it has sent.
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._feeder.join()

    def _feed(self, targets: IO[bytes] | None) -> None:
        if targets is None:
            return
        # The pipe breaks when the load ends, and is closed only then.
        with suppress(BrokenPipeError), targets:
            for number in count():
                targets.write(self._requests(number).target())
