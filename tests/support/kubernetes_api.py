"""A small Kubernetes API server in this process, over real HTTP: enough for a provider that applies, looks and waits.

It is no proof of what a real API server does; tests/integration has those that run on a real cluster.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.support.kubernetes_objects import NAMESPACED, Manifest, Objects, Refused

__all__ = ["FakeApi", "kubernetes_api"]


class FakeApi:
    """A running API server."""

    def __init__(self, objects: Objects, port: int) -> None:
        self.objects = objects
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[str] = []

    def kubeconfig(self, context: str = "fake") -> str:
        """A kubeconfig that leads to it, as text."""
        return yaml.safe_dump(
            {
                "current-context": context,
                "contexts": [{"name": context, "context": {"cluster": "fake", "user": "tester"}}],
                "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                "users": [{"name": "tester", "user": {"token": "token"}}],
            }
        )


@contextmanager
def kubernetes_api() -> Iterator[FakeApi]:
    """A running API server, ended afterwards."""
    objects = Objects()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    api = FakeApi(objects, server.server_address[1])
    server.api = api  # type: ignore[attr-defined]  # how a handler reaches what it serves
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that http.server calls
        self._serve()

    do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        return

    def _serve(self) -> None:
        api: FakeApi = self.server.api  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        api.requests.append(f"{self.command} {self.path}")
        try:
            with api.objects.lock:
                code, answer = 200, _answer(api.objects, self.command, self.path, body)
        except Refused as refused:
            code, answer = refused.code, refused.status
        data = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _answer(objects: Objects, method: str, path: str, body: Manifest | None) -> Manifest:
    url = urlsplit(path)
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    steps = [step for step in url.path.split("/") if step]
    if steps == ["version"]:
        return {"gitVersion": "v1.36.1"}
    version, rest = (steps[1], steps[2:]) if steps[0] == "api" else ("/".join(steps[1:3]), steps[3:])
    kinds = NAMESPACED.get(version)
    if kinds is None:
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    if not rest:
        return {
            "resources": [
                {"name": plural, "kind": kind, "namespaced": namespaced} for kind, (plural, namespaced) in kinds.items()
            ]
        }
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    kind = next(kind for kind, (plural, _) in kinds.items() if plural == rest[0])
    if len(rest) == 1:
        return {"items": _selected(objects, kind, namespace, query.get("labelSelector", ""))}
    key = (kind, namespace, rest[1])
    if method == "PATCH":
        assert body is not None
        assert query["fieldValidation"] == "Strict"
        return objects.apply(namespace, body, query["fieldManager"], query["force"] == "true", "dryRun" in query)
    if method == "DELETE":
        return objects.delete(key)
    if key not in objects.held:
        raise Refused(404, "NotFound", f'{rest[0]} "{rest[1]}" not found')
    return objects.held[key]


def _selected(objects: Objects, kind: str, namespace: str, selector: str) -> list[Manifest]:
    wanted = dict(term.split("=", 1) for term in selector.split(",") if term)
    return [
        manifest
        for (held, where, _), manifest in objects.held.items()
        if held == kind
        and (not namespace or where == namespace)
        and wanted.items() <= manifest["metadata"].get("labels", {}).items()
    ]
