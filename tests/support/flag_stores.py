"""Consul's KV of several regions on this machine, each a server of its own, for `gostack flags`."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.gostack.cli.main import main
from tools.gostack.flags.store import FlagStore

KEY = "flags/users"


def flags(*arguments: str) -> int:
    """Run `gostack flags` and return its exit code."""
    return main(["flags", *arguments])


class Datacenters:
    """What all regions have: datacenter -> key -> index and value."""

    def __init__(self, *names: str) -> None:
        self.keys: dict[str, dict[str, tuple[int, bytes]]] = {name: {} for name in names}
        self.away: set[str] = set()
        """Datacenters without a leader."""

        self.index = 10
        self.before_writing = lambda: None

    def put(self, datacenter: str, key: str, value: bytes) -> None:
        self.index += 1
        self.keys[datacenter][key] = (self.index, value)

    def document(self, datacenter: str) -> dict[str, Any]:
        return json.loads(self.keys[datacenter][KEY][1])


class Server(ThreadingHTTPServer):
    """A region's Consul, which knows of the other regions, too."""

    daemon_threads = True

    def __init__(self, known: Datacenters) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = known
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()


@contextmanager
def running_consuls(known: Datacenters) -> Generator[dict[str, Server]]:
    """A server for each datacenter for as long as the block runs."""
    found = {name: Server(known) for name in known.keys}
    try:
        yield found
    finally:
        for server in found.values():
            server.stop()


def stack_of(servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> FlagStore:
    """Let `gostack` find a stack with these servers; return where the flags of its service are."""
    consul = {name: server.url for name, server in servers.items()}
    settings = SimpleNamespace(services={"users": None}, platform="docker")
    stack = SimpleNamespace(stack="dev", settings=settings, outputs=lambda: {"consul": consul})
    monkeypatch.setattr("tools.gostack.cli.flags.workspace", lambda name: stack)
    return FlagStore(consul, "users")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known, datacenter, path = self._where()
        key = path.removeprefix("/v1/kv/")
        if datacenter in known.away:
            self._answer(500, b"No cluster leader")
        elif key not in known.keys[datacenter]:
            self._answer(404, b"")
        else:
            index, value = known.keys[datacenter][key]
            found = {"Key": key, "ModifyIndex": index, "Value": base64.b64encode(value).decode()}
            self._answer(200, json.dumps([found]).encode())

    def do_PUT(self) -> None:
        known, datacenter, path = self._where()
        assert path == "/v1/txn"
        operations = [one["KV"] for one in json.loads(self.rfile.read(int(self.headers["Content-Length"])))]
        known.before_writing()
        if datacenter in known.away:
            self._answer(500, b"No cluster leader")
            return
        for one in operations:
            if one["Verb"] == "cas" and known.keys[datacenter].get(one["Key"], (0, b""))[0] != one["Index"]:
                self._answer(409, b'{"Results":null,"Errors":[{"OpIndex":0,"What":"index is stale"}]}')
                return
        for one in operations:
            known.put(datacenter, one["Key"], base64.b64decode(one["Value"]))
        self._answer(200, b'{"Results":[],"Errors":null}')

    def _where(self) -> tuple[Datacenters, str, str]:
        url = urlsplit(self.path)
        return cast("Any", self.server).known, parse_qs(url.query)["dc"][0], url.path

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
