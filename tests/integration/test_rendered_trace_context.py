"""The real nginx gives a request one trace: the service's, the log's and the answer's `X-Trace-ID` are the same.

The files are those of a recorded release, with another nginx in the place of the services, which answers with the
headers that it got. Does not prove that a service takes them over (services/users has a test of that). Needs an engine
with the ingress's image: without one it is skipped.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.integration.test_rendered_nginx import published, releases_of, write
from tests.support.images import image_or_skip

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = "4bf92f3577b34da6a3ce929d0e0e4736"
SERVICE = """
server {
  listen 127.0.0.1:9000;
  http2 on;
  access_log off;
  location / {
    default_type application/json;
    add_header X-Trace-ID of-the-service;
    return 200 '{"traceparent":"$http_traceparent","tracestate":"$http_tracestate","x_trace_id":"$http_x_trace_id"}';
  }
  location /api/v1/users/failed { default_type application/json; return 500 '{}'; }
}
"""
ASK = """\
nginx -p /releases/release/ -c nginx.conf -g 'daemon off; pid /tmp/nginx.pid;' > /tmp/access.log &
for attempt in $(seq 50); do
  if curl --silent --insecure --fail https://localhost:8443/.well-known/gostack/healthz > /tmp/health; then break; fi
  sleep 0.2
done
ask() { curl --silent --insecure --max-time 10 --write-out '\\n%header{x-trace-id}\\n%{http_code}\\n' "$@"; }
"""
HTTPS, BY_NAME = "https://localhost:8443", "http://greeter"


@dataclass(frozen=True)
class Answer:
    """What a client saw of its request, what the service got, and what the log says."""

    sent: dict[str, str]
    received: dict[str, str]
    trace_header: str
    status: int
    line: dict[str, Any]


REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "nothing": (f"{HTTPS}/api/v1/users", {}),
    "traceparent": (
        f"{HTTPS}/api/v1/users/7",
        {"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "vendor=1", "X-Trace-ID": OTHER},
    ),
    "a later version": (f"{HTTPS}/api/v1/users", {"traceparent": f"01-{TRACE}-{SPAN}-01-more"}),
    "x-trace-id": (f"{HTTPS}/api/v1/users", {"X-Trace-ID": TRACE}),
    "grpc": (f"{HTTPS}/echo.Echo/Say", {"traceparent": f"00-{TRACE}-{SPAN}-00"}),
    "grpc with nothing": (f"{HTTPS}/echo.Echo/Say", {}),
    "by name": (f"{BY_NAME}/hello", {"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "vendor=1"}),
    "by name with nothing": (f"{BY_NAME}/hello", {}),
    "a pattern": (f"{HTTPS}/v1/cost", {}),
    "no route": (f"{HTTPS}/elsewhere", {}),
    "nobody there": (f"{HTTPS}/gone", {}),
    "no grpc there": (f"{HTTPS}/gone.Gone/Say", {}),
    "a failure of the service": (f"{HTTPS}/api/v1/users/failed", {}),
    **{
        f"refused: {name}": (f"{HTTPS}/api/v1/users", headers)
        for name, headers in {
            "text": {"X-Trace-ID": "my-own-request-77"},
            "UUID": {"X-Trace-ID": "0af76519-16cd-43dd-8448-eb211c80319c"},
            "upper case": {"X-Trace-ID": TRACE.upper()},
            "zeros": {"X-Trace-ID": "0" * 32},
            "zero trace": {"traceparent": f"00-{'0' * 32}-{SPAN}-01", "tracestate": "vendor=1"},
            "zero span": {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
            "version ff": {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
            "version 00 with more": {"traceparent": f"00-{TRACE}-{SPAN}-01-more"},
            "upper-case trace": {"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"},
            "no flags": {"traceparent": f"00-{TRACE}-{SPAN}"},
        }.items()
    },
}


def _options(headers: dict[str, str]) -> list[str]:
    return [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    image = image_or_skip("nginx")
    folder = tmp_path_factory.mktemp("traces")
    folder.chmod(0o755)
    write(folder / "release", files())
    asked = "".join(
        f"ask {shlex.join(['--resolve', 'greeter:80:127.0.0.1', *_options(headers), url])}\n"
        for name, (url, headers) in REQUESTS.items()
    )
    result = subprocess.run(
        [
            *("docker", "run", "--rm", "--network", "none", "--user", "nginx", "--volume", f"{folder}:/releases:ro"),
            *("--entrypoint", "/bin/sh", image, "-c", f"{ASK}{asked}cat /tmp/access.log"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [line for line in result.stdout.split("\n") if line != ""]
    log = [json.loads(line) for line in lines[-len(REQUESTS) :]]
    shown = iter(lines[: -len(REQUESTS)])
    found: dict[str, Answer] = {}
    for (name, (_, headers)), line in zip(REQUESTS.items(), log, strict=True):
        text = next(shown)
        body = json.loads(text) if text.startswith("{") else None
        header = next(shown) if text.startswith("{") else text
        found[name] = Answer(headers, body or {}, header, int(next(shown)), line)
    assert list(shown) == [], result.stderr
    return found


def files() -> dict[str, str]:
    """A release, and the service behind it: `users`, and `greeter`, which others call by its name."""
    document = published()
    document["services"]["users"]["routes"] += [
        {"path": "/echo.Echo/", "protocol": "grpc"},
        {"path": "^/v[0-9]+/cost$", "match": "regex"},
    ]
    document["services"]["greeter"] = {"context": "services/greeter"}
    document["services"]["gone"] = {
        "context": "services/greeter",
        "routes": [{"path": "/gone"}, {"path": "/gone.Gone/", "protocol": "grpc"}],
    }
    found = releases_of(document)["east"]
    for service, port in {"users": 9000, "greeter": 9000, "gone": 9}.items():
        name = f"service-{service}.conf"
        found[name] = re.sub(r"server service\..*;", f"server 127.0.0.1:{port};", found[name])
    found["service-users.conf"] += SERVICE
    return found


def traceparent(answer: Answer) -> list[str]:
    """Version, trace, span and flags that the service got."""
    return answer.received["traceparent"].split("-")


REACHED = [name for name, (url, _) in REQUESTS.items() if not re.search("elsewhere|gone|failed", url)]


@pytest.mark.parametrize("name", REACHED)
def test_the_service_the_log_and_the_answer_name_one_trace(answers: dict[str, Answer], name: str) -> None:
    answer = answers[name]
    version, trace, span, _ = traceparent(answer)
    assert version == "00"
    assert re.fullmatch("(?!0{32})[0-9a-f]{32}", trace)
    assert re.fullmatch("(?!0{16})[0-9a-f]{16}", span)
    assert answer.line["trace_id"] == answer.received["x_trace_id"] == trace
    # The line in the log is the span that the service's is a child of.
    assert answer.line["span_id"] == span
    # An answer to another service is left as it is.
    assert answer.trace_header == ("of-the-service" if name.startswith("by name") else trace)


@pytest.mark.parametrize("name", ["traceparent", "a later version", "grpc", "by name"])
def test_the_callers_trace_goes_on_below_its_span(answers: dict[str, Answer], name: str) -> None:
    line = answers[name].line
    assert (line["trace_id"], line["parent_id"]) == (TRACE, SPAN)
    assert line["span_id"] != SPAN


def test_a_named_trace_goes_on_without_a_parent(answers: dict[str, Answer]) -> None:
    line = answers["x-trace-id"].line
    assert (line["trace_id"], line["parent_id"]) == (TRACE, "")


@pytest.mark.parametrize("name", [name for name in REQUESTS if "nothing" in name or name.startswith("refused")])
def test_what_is_no_trace_is_replaced_by_a_new_one(answers: dict[str, Answer], name: str) -> None:
    line = answers[name].line
    assert line["trace_id"] not in (TRACE, "0" * 32)
    assert line["parent_id"] == ""
    assert answers[name].received["tracestate"] == ""


def test_every_new_trace_is_another_one(answers: dict[str, Answer]) -> None:
    traces = [answer.line["trace_id"] for answer in answers.values() if answer.line["trace_id"] != TRACE]
    assert len(set(traces)) == len(traces) > 10
    spans = [answer.line["span_id"] for answer in answers.values()]
    assert len(set(spans)) == len(spans)


def test_whether_a_trace_is_recorded_is_not_for_clients_to_say(answers: dict[str, Answer]) -> None:
    for name in ("nothing", "traceparent", "grpc", "by name with nothing"):
        assert traceparent(answers[name])[3] == "01", name
    # Another service of the stack has decided already.
    assert traceparent(answers["by name"])[3] == "00"


@pytest.mark.parametrize("name", ["traceparent", "by name"])
def test_what_vendors_add_to_a_trace_is_passed_on(answers: dict[str, Answer], name: str) -> None:
    assert answers[name].received["tracestate"] == "vendor=1"


@pytest.mark.parametrize("name", ["no route", "nobody there", "no grpc there"])
def test_an_answer_of_the_ingress_names_its_trace_too(answers: dict[str, Answer], name: str) -> None:
    assert answers[name].trace_header == answers[name].line["trace_id"]


@pytest.mark.parametrize(
    ("name", "route", "service"),
    [
        ("nothing", "/api/v1/users", "users"),
        ("traceparent", "/api/v1/users", "users"),
        ("a pattern", "^/v[0-9]+/cost$", "users"),
        ("grpc", "/echo.Echo/", "users"),
        ("nobody there", "/gone", "gone"),
        ("by name", "", "greeter"),
        ("no route", "", ""),
    ],
)
def test_the_log_names_the_route_as_the_settings_do(
    answers: dict[str, Answer], name: str, route: str, service: str
) -> None:
    assert (answers[name].line["route"], answers[name].line["upstream_service"]) == (route, service)


@pytest.mark.parametrize(
    ("name", "status", "level"),
    [
        ("nothing", 200, "info"),
        ("no route", 404, "warn"),
        ("nobody there", 503, "error"),
        ("a failure of the service", 500, "error"),
    ],
)
def test_the_level_of_a_line_is_that_of_its_status(
    answers: dict[str, Answer], name: str, status: int, level: str
) -> None:
    line = answers[name].line
    assert (answers[name].status, line["status"], line["level"]) == (status, status, level)


def test_a_line_has_when_the_request_ended_and_how_long_each_try_took(answers: dict[str, Answer]) -> None:
    line = answers["nothing"].line
    assert line["ended"] == pytest.approx(datetime.fromisoformat(line["timestamp"]).timestamp(), abs=2)
    assert 0 <= float(line["upstream_connect_seconds"]) <= float(line["upstream_header_seconds"])
    assert float(line["upstream_header_seconds"]) <= float(line["upstream_seconds"])
    # One for each try, with nothing where a replica could not be reached.
    tries = answers["nobody there"].line
    assert re.findall(r"[0-9]+", tries["upstream_status"]) == re.findall(r"502", tries["upstream_status"]) != []
    assert set(tries["upstream_connect_seconds"]) <= set("-, :")
