"""What Nginx is told for requests of other services, which come by a service's name.

Does not prove that Nginx does it: `tests/integration/cases/test_names.py` calls by name.
"""

from __future__ import annotations

import pytest

from components.ingress import CanaryTraffic, HeaderMatch, Route
from tests.components.nginx_text import Directive, effective, rendered

PORT = "8083"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return rendered(Route(path="/users", timeout_seconds=5), internal=["users", "orders"])


@pytest.fixture(scope="module")
def server(files: dict[str, str]) -> Directive:
    """What answers for `orders`, which has no route."""
    return named(files, "orders")


def named(files: dict[str, str], service: str) -> Directive:
    (found,) = [
        item
        for item in effective(files).all()
        if item.name == "server" and any(words.split()[0] == service for words in item.values("server_name"))
    ]
    return found


def locations(server: Directive, passing: str) -> list[Directive]:
    found = [item for item in server.block if item.name == "location" and item.values(passing)]
    assert found
    return found


def test_a_name_counts_alone_and_with_a_namespace_behind_it(server: Directive) -> None:
    assert server.values("server_name") == ["orders orders.*"]


def test_a_call_is_plain_http_of_both_versions_and_is_led_nowhere_else(server: Directive) -> None:
    assert server.values("listen") == [PORT]
    assert server.values("http2") == ["on"]
    assert [item for item in server.all() if item.name == "return" and item.words[0] == "308"] == []


def test_a_name_that_no_service_has_is_not_answered_by_another_one(files: dict[str, str]) -> None:
    (default,) = [
        item
        for item in effective(files).all()
        if item.name == "server" and any(words.startswith(f"{PORT} default_server") for words in item.values("listen"))
    ]
    (location,) = [item for item in default.block if item.name == "location"]
    assert location.values("return")[0].startswith("404 ")


def test_it_goes_to_this_region_first_and_to_another_only_when_nobody_has_begun_it(server: Directive) -> None:
    first = next(item for item in locations(server, "proxy_pass") if item.words == ['"/"'])
    assert first.values("proxy_pass") == ["http://$track.orders.$first_region"]
    again = next(item for item in locations(server, "proxy_pass") if item.words == ["@route_to_orders_again"])
    assert again.values("proxy_pass") == ["http://$track.orders.$second_region"]
    assert any(item.words == ["($begun", "!=", "none)"] for item in again.block)
    assert {
        words for item in locations(server, "proxy_pass") for words in item.values("proxy_next_upstream_tries")
    } == {
        "2",
        "1",
    }


def test_what_is_for_clients_outside_is_not_for_services(server: Directive) -> None:
    added = {item.words[0] for item in server.all() if item.name == "add_header"}
    assert added <= {"Retry-After", "grpc-status", "grpc-message"}
    assert [item for item in server.all() if item.name in ("limit_req", "proxy_hide_header", "proxy_redirect")] == []
    assert {words for item in locations(server, "proxy_pass") for words in item.values("client_max_body_size")} == {"0"}


def test_a_caller_is_believed_and_its_request_keeps_its_identity(server: Directive) -> None:
    for location in locations(server, "proxy_pass"):
        sent = dict(words.split(" ", 1) for words in location.values("proxy_set_header"))
        assert sent["X-Forwarded-For"] == "$proxy_add_x_forwarded_for"
        assert (sent["X-Request-ID"], sent["X-Trace-ID"]) == ("$request_identity", "$trace")
        # Whether the trace is recorded has been decided where it began.
        assert sent["traceparent"] == "00-$trace-$span-$caller_flags"
        # What it says itself arrives as it is.
        assert not {"X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded"} & sent.keys()
        assert sent["Upgrade"] == "$upgrade"


def test_a_call_by_grpc_is_passed_on_as_one(server: Directive) -> None:
    (location,) = locations(server, "grpc_pass")
    assert location.values("grpc_pass") == ["grpc://grpc.$track.orders.$any_region"]
    entry = next(item for item in server.block if item.name == "location" and item.words == ['"/"'])
    assert any(item.name == "if" and item.words == ["($grpc_call)"] for item in entry.block)


def test_a_call_reaches_the_canary_as_a_client_does() -> None:
    canary = CanaryTraffic(weight=10, match=[HeaderMatch(header="X-User-Tag", value="beta")])
    users = named(rendered(canary=canary, internal=["users"]), "users")
    entry = next(item for item in users.block if item.name == "location" and item.words == ['"/"'])
    assert "$track $track_of_users" in entry.values("set")
    assert not [item for item in users.all() if item.name == "add_header" and item.words[0] == "Set-Cookie"]


def test_a_stack_without_names_listens_for_none() -> None:
    assert PORT not in rendered()["nginx.conf"]
