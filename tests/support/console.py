"""A console of the telemetry on this machine, which answers what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from tools.gostack.telemetry.console import Console


class FakeConsole(ThreadingHTTPServer):
    """Answers every path with `text`, or questions in PromQL that have a word of `results` in them with its series."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.text = ""
        self.results: Mapping[str, list[tuple[dict[str, str], float]]] = {}
        self.asked: list[str] = []
        """Paths, with what is asked there."""
        self.holds = threading.Event()
        """While it is not set, nobody gets an answer."""
        self.holds.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def console(self, seconds: float = 10) -> Console:
        """What commands ask it by."""
        return Console(self.url, seconds)

    def answer(self, path: str) -> str:
        """What is answered to a path."""
        (query,) = parse_qs(urlsplit(path).query).get("query", [""])
        for word, series in self.results.items():
            if word in query:
                found: list[Any] = [{"metric": labels, "value": [0, str(value)]} for labels, value in series]
                return json.dumps({"data": {"result": found}})
        return self.text


@contextmanager
def running_console() -> Generator[FakeConsole]:
    """A console for as long as the block runs."""
    with FakeConsole() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.holds.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        console = cast("FakeConsole", self.server)
        console.asked.append(self.path)
        console.holds.wait()
        try:
            self.send_response(console.status)
            self.end_headers()
            self.wfile.write(console.answer(self.path).encode())
        except OSError:
            # Whoever asked has not waited.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
