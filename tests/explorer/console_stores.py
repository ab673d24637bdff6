"""The three stores of a stack's telemetry, which know one request that failed: what the console's page is tried on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

TRACE = "21bf6f4bb6ce74ab46d759a0a3ac26ec"
SQL = "SELECT id, name, email, created_at, updated_at FROM users WHERE id = ?"
MARKUP = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
"""A text that would run if the page took it for markup."""

Row = dict[str, str]


def _time(before: float) -> str:
    return datetime.fromtimestamp(time.time() - before, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ingress() -> Row:
    return {
        "_time": _time(29), "_msg": "GET /api/v1/users/7", "kind": "log", "service": "ingress", "region": "east",
        "track": "stable", "level": "error", "upstream_service": "users", "route": "/api/v1/users", "status": "503",
        "trace_id": TRACE, "span_id": "00000000000000a1", "parent_id": "", "method": "GET",
        "ended": f"{time.time() - 29:.3f}",
        "seconds": "1.003", "upstream": "10.80.1.11:8080, 10.80.1.12:8080", "upstream_status": "502, 503",
        "upstream_seconds": "0.001, 1.001", "upstream_connect_seconds": "-, 0.000",
    }  # fmt: skip


def _spans() -> list[Row]:
    common = {
        "kind": "span",
        "service": "users",
        "region": "east",
        "track": "stable",
        "instance": "gostack-dev-users-1",
    }
    return [
        {**common, "_time": _time(29.99), "_msg": "GET /api/v1/users/{id}", "name": "GET /api/v1/users/{id}",
         "trace_id": TRACE, "span_id": "00000000000000b1", "parent_id": "00000000000000a1", "duration_seconds": "0.99",
         "status": "error"},
        {**common, "_time": _time(29.9), "_msg": "sql.conn.query", "name": "sql.conn.query", "trace_id": TRACE,
         "span_id": "00000000000000c1", "parent_id": "00000000000000b1", "duration_seconds": "0.85", "status": "error",
         "attribute.db.query.text": SQL},
    ]  # fmt: skip


def _line() -> Row:
    return {
        "_time": _time(29.01), "_msg": MARKUP, "kind": "log", "service": "users", "region": "east", "track": "stable",
        "instance": "gostack-dev-users-1", "level": "error", "trace_id": TRACE, "error": MARKUP,
    }  # fmt: skip


def _rows(query: str) -> list[Row]:
    if f'trace_id:="{TRACE}"' in query:
        return [*_spans(), _line(), _ingress()]
    if "trace_id:=" in query:
        return []
    if "stats by" in query:
        slowest = json.dumps({"trace_id": TRACE})
        return [
            {
                "service": "users",
                "attribute.db.query.text": SQL,
                "calls": "3",
                "total": "1.2",
                "p99": "0.85",
                "slowest": slowest,
            }
        ]
    return [_ingress()] if 'service:="ingress"' in query else [_line(), _ingress()]


MYSQL = {
    "east": {"mysql_up": 1, "mysql_writable": 1, "mysql_connections": 90, "mysql_max_connections": 100},
    "west": {"mysql_up": 1, "mysql_writable": 0, "mysql_replicates": 1, "mysql_replication_lag_seconds": 2.5,
             "mysql_connections": 4, "mysql_max_connections": 100},
    "witness": {"mysql_up": 0, "mysql_writable": 0},
}  # fmt: skip
"""Member of MySQL to what is known of it; of one that does not answer, little."""

OWN = {"cache_": {"level": "local"}, "degraded_": {}, "circuit_": {"name": "valkey"},
       "feature_": {"flag": "request_timeout", "variant": "short"}}  # fmt: skip
"""Beginnings of the names of series that the service `users` tells of itself, and their labels."""


def _series(query: str) -> list[dict[str, str]]:
    if query.startswith("mysql_"):
        return [{"service": "mysql", "region": region} for region, known in MYSQL.items() if query in known]
    if "consul" in query:
        return [{"service": "consul", "region": "east", "instance": "consul-east-0"}]
    for name, labels in OWN.items():
        if f"({name}" in query:
            return [{"region": "east", **labels}] if 'service="users"' in query else []
    one = {
        "service": "users",
        "region": "east",
        "track": "stable",
        "route": "/api/v1/users",
        "status": "2xx",
        "outcome": "2xx",
    }
    if "service_build_info" in query:
        return [{**one, "version": MARKUP}]
    if "container_" in query:
        return [{**one, "role": "application", "instance": f"gostack-dev-users-{number}"} for number in (1, 2)]
    if "objective:" in query:
        return [{"service": "users", "objective": "availability", "window": "1h"}]
    if "certificate_" in query:
        return [{"region": "east", "host": "gostack.localhost"}]
    return [one]


def _alerts() -> list[dict[str, Any]]:
    return [
        {"state": "firing", "name": "ErrorShareHigh", "labels": {"severity": "critical", "service": "users"},
         "annotations": {"summary": f"many requests fail {MARKUP}", "runbook": "javascript:document.title='run'"},
         "activeAt": _time(120)},
        {"state": "firing", "name": "Watchdog", "labels": {"severity": "none"}, "annotations": {},
         "activeAt": _time(900)},
    ]  # fmt: skip


@dataclass
class Stores:
    """What was asked of them, and which of them is away."""

    address: str
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    away: set[str] = field(default_factory=set[str])


class _Handler(BaseHTTPRequestHandler):
    stores: ClassVar[Stores]

    def do_GET(self) -> None:
        self._answer(parse_qs(urlsplit(self.path).query))

    def do_POST(self) -> None:
        self._answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

    def _answer(self, form: dict[str, list[str]]) -> None:
        path, query = urlsplit(self.path).path, form.get("query", [""])[0]
        self.stores.asked.append((path, query))
        away = path.split("/")[1] in self.stores.away
        text = "it is away" if away else self._body(path, query, form)
        # A page that is left does not wait for its answers.
        with suppress(ConnectionError):
            self.send_response(503 if away else 200)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    def _body(self, path: str, query: str, form: dict[str, list[str]]) -> str:
        if path == "/logs/select/logsql/query":
            return "\n".join(json.dumps(row) for row in _rows(query))
        if path == "/logs/select/logsql/hits":
            found = {"fields": {"level": "error"}, "timestamps": [_time(29)], "values": [2], "total": 2}
            return json.dumps({"hits": [found]})
        if path == "/alerts/api/v1/alerts":
            return json.dumps({"data": {"alerts": _alerts()}})
        if path == "/alerts/api/v1/rules":
            rule = {
                "name": "ErrorShareHigh",
                "type": "alerting",
                "state": "firing",
                "health": "ok",
                "query": "x > 1",
                "duration": 120,
            }
            return json.dumps({"data": {"groups": [{"name": "clients", "interval": 15, "rules": [rule]}]}})
        if path == "/metrics/api/v1/query":
            now = time.time()
            other = now - 3600 if "start_time" in query else now + 86400 if "certificate" in query else 0.02
            found = [(one, MYSQL.get(one.get("region", ""), {}).get(query, other)) for one in _series(query)]
            return _data([{"metric": one, "value": [now, str(value)]} for one, value in found])
        if path == "/metrics/api/v1/query_range":
            first, last, step = (int(float(form[name][0])) for name in ("start", "end", "step"))
            points = [[at, "0.02"] for at in range(first, last + 1, step)]
            return _data([{"metric": one, "values": points} for one in _series(query)])
        return "OK"

    def log_message(self, *_: object) -> None:
        """Nothing: a test that fails says what was asked."""


def _data(result: list[dict[str, Any]]) -> str:
    return json.dumps({"status": "success", "data": {"result": result}})


@contextmanager
def running_stores() -> Iterator[Stores]:
    """The three of them at one address, each below its own prefix."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.stores = Stores(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield _Handler.stores
    server.shutdown()
    server.server_close()
