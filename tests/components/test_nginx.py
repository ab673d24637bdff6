"""What Nginx is told whatever the routes are, read from the configuration as it takes effect.

Does not prove that Nginx does it: `tests/integration` sends requests. What a route promises is in
`tests/unit/test_ingress.py`.
"""

from __future__ import annotations

import json
import re

import pytest

from components.ingress import IngressConfiguration, Match, Protocol, Route, render_ingress
from components.ingress.nginx import IDENTITY_HEADERS
from tests.components.nginx_text import Directive, effective, rendered

GRPC, PLAIN = Route(path="/grpc.Service/", protocol=Protocol.GRPC), Route(path="/users", per_try_timeout_seconds=2)


@pytest.fixture(scope="module")
def http() -> Directive:
    (found,) = [item for item in effective(rendered(PLAIN, GRPC)).block if item.name == "http"]
    return found


@pytest.fixture(scope="module")
def proxied(http: Directive) -> list[Directive]:
    """Every location that passes requests on by HTTP."""
    found = [item for item in http.all() if item.name == "location" and item.values("proxy_pass")]
    assert len(found) >= 5
    return found


@pytest.fixture(scope="module")
def called(http: Directive) -> list[Directive]:
    """Every location that passes requests on by gRPC."""
    found = [item for item in http.all() if item.name == "location" and item.values("grpc_pass")]
    assert found
    return found


def headers(location: Directive, directive: str) -> dict[str, str]:
    return {words.split(" ", 1)[0]: words.split(" ", 1)[1] for words in location.values(directive)}


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)(ms|s|m)", text)
    assert found is not None, text
    return int(found.group(1)) * {"ms": 0.001, "s": 1, "m": 60}[found.group(2)]


def test_nobody_is_told_which_nginx_it_is(http: Directive) -> None:
    assert http.values("server_tokens") == ["off"]


def test_what_was_recorded_today_cannot_be_read_with_tomorrows_key(http: Directive) -> None:
    (ciphers,) = http.values("ssl_ciphers")
    assert all(cipher.startswith("ECDHE-") and "-CBC" not in cipher for cipher in ciphers.split(":"))
    assert all("GCM" in cipher or "CHACHA20" in cipher for cipher in ciphers.split(":"))
    assert http.values("ssl_protocols") == ["TLSv1.2 TLSv1.3"]
    assert http.values("ssl_session_tickets") == ["off"]


def test_a_service_knows_the_client_and_how_it_came(proxied: list[Directive], called: list[Directive]) -> None:
    for location, directive in [
        *((item, "proxy_set_header") for item in proxied),
        *((item, "grpc_set_header") for item in called),
    ]:
        found = headers(location, directive)
        assert found["X-Forwarded-Proto"] == "$scheme", location.words
        assert found["X-Forwarded-For"] == found["X-Real-IP"] == "$remote_addr", location.words
        assert found["Host"] == found["X-Forwarded-Host"] == "$client_host", location.words
        assert found["Forwarded"] == '""', location.words
        assert found["X-Request-ID"] == "$request_identity", location.words
        assert found["X-Trace-ID"] == "$trace", location.words


def test_a_service_is_a_child_of_the_ingress_in_one_trace(proxied: list[Directive], called: list[Directive]) -> None:
    for location, directive in [
        *((item, "proxy_set_header") for item in proxied),
        *((item, "grpc_set_header") for item in called),
    ]:
        found = headers(location, directive)
        # Whether a trace is recorded is not for clients to say.
        assert found["traceparent"] == "00-$trace-$span-01", location.words
        assert found["tracestate"] == "$trace_state", location.words


def test_every_answer_to_a_client_names_its_trace(http: Directive) -> None:
    servers = [item for item in http.block if item.name == "server" and "ssl" in item.values("listen")[0].split()]
    assert servers
    for place in [found for server in servers for found in [server, *server.block]]:
        added = [item.words for item in place.block if item.name == "add_header"]
        # A block without headers of its own has those around it.
        assert not added or ["X-Trace-ID", "$trace", "always"] in added, place.words


def test_the_log_has_what_a_span_is_made_of(http: Directive) -> None:
    (text,) = http.values("log_format")
    line = json.loads(re.sub(r":(\$[a-z_]+)", r':"\1"', "".join(re.findall(r"'([^']*)'", text))))
    assert (line["trace_id"], line["span_id"], line["parent_id"]) == ("$trace", "$span", "$caller_span")
    assert (line["route"], line["level"]) == ("$route", "$level")
    assert (line["ended"], line["seconds"]) == ("$msec", "$request_time")
    assert line["upstream_connect_seconds"] == "$upstream_connect_time"
    assert line["upstream_header_seconds"] == "$upstream_header_time"


def test_the_log_names_the_route_as_the_settings_do() -> None:
    files = rendered(Route(path="/a%20b"), Route(path="^/v[0-9]+\\.x$", match=Match.REGEX), GRPC)
    entries = [item for item in effective(files).all() if item.name == "location" and item.words[0][0] != "@"]
    shown = {
        item.words[-1]: words.removeprefix("$route ")
        for item in entries
        for words in item.values("set")
        if words.startswith("$route ")
    }
    assert shown == {
        '"/a b"': '"/a%20b"',
        '"/a b/"': '"/a%20b"',
        "^/v[0-9]+\\.x$": '"^/v[0-9]+\\\\.x${dollar}"',
        '"/grpc.Service/"': '"/grpc.Service/"',
    }


def test_a_replica_that_is_gone_is_given_up_in_less_than_a_second(
    proxied: list[Directive], called: list[Directive]
) -> None:
    waits = [
        *(item.values("proxy_connect_timeout") for item in proxied),
        *(item.values("grpc_connect_timeout") for item in called),
    ]
    assert all(len(found) == 1 and seconds(found[0]) < 1 for found in waits)


def test_a_connection_to_a_replica_is_kept_and_given_up_before_the_replica_does(
    http: Directive, proxied: list[Directive]
) -> None:
    for location in proxied:
        assert location.values("proxy_http_version") == ["1.1"]
        assert headers(location, "proxy_set_header")["Connection"] == "$connection_header"
    for group in (item for item in http.all() if item.name == "upstream"):
        assert int(group.values("keepalive")[0]) > 0
        # Go's servers keep an idle connection for as long as their read timeout, at least five seconds.
        assert seconds(group.values("keepalive_timeout")[0]) < 5


def test_a_reload_closes_no_connection_on_which_a_request_is_on_its_way(http: Directive) -> None:
    (wait,) = http.values("keepalive_min_timeout")
    assert seconds(wait) >= 5


def test_what_streams_outlives_a_reload() -> None:
    (wait,) = effective(rendered()).values("worker_shutdown_timeout")
    assert seconds(wait) >= 60


def test_replicas_are_looked_up_again_within_seconds_and_at_the_agent_beside(http: Directive) -> None:
    (resolver,) = http.values("resolver")
    assert resolver.split()[0] == "127.0.0.1:8600"
    assert "valid=1s" in resolver.split()
    assert seconds(http.values("resolver_timeout")[0]) <= 2


def test_consul_alone_judges_replicas(http: Directive) -> None:
    groups = [item for item in http.all() if item.name == "upstream"]
    assert groups
    for group in groups:
        for server in group.values("server"):
            assert "max_fails=0" in server.split()
            assert "resolve" in server.split()
        # What workers know of replicas they know together.
        assert len(group.values("zone")) == 1


def test_no_body_and_no_answer_is_written_to_a_file(proxied: list[Directive]) -> None:
    for location in proxied:
        assert location.values("proxy_max_temp_file_size") == ["0"]


def test_more_requests_than_the_memory_holds_are_refused(http: Directive) -> None:
    assert http.values("limit_conn") == ["requests 1024"]
    assert http.values("limit_conn_status") == ["503"]


def test_the_log_holds_no_query_and_no_cookie(http: Directive) -> None:
    (text,) = http.values("log_format")
    assert not re.search(r"\$(request_uri|request|args|query_string|http_cookie|http_authorization)\b", text)


def test_browsers_are_told_to_be_careful_where_the_service_says_nothing(proxied: list[Directive]) -> None:
    for location in proxied:
        found = headers(location, "add_header")
        for name in ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
            assert found[name].endswith(" always"), location.words


def test_health_is_told_over_both_ports_and_counters_to_nobody_outside(http: Directive) -> None:
    servers = [item for item in http.block if item.name == "server"]
    (inside,) = [item for item in servers if any(found.name == "stub_status" for found in item.all())]
    assert inside.values("listen")[0].startswith("127.0.0.1:")
    public = [item for item in servers if item is not inside]
    assert len(public) >= 3
    for server in public:
        paths = [found.words[-1] for found in server.block if found.name == "location"]
        assert "/.well-known/gostack/healthz" in paths


def test_plain_http_redirects_and_serves_nothing(http: Directive) -> None:
    (plain,) = [
        item
        for item in http.block
        if item.name == "server" and "ssl" not in item.values("listen")[0] and "127" not in item.values("listen")[0]
    ]
    (location,) = [item for item in plain.block if item.name == "location" and item.words == ["/"]]
    assert location.values("return") == ["308 https://$canonical_host:8443$request_uri"]
    assert not any(item.values("proxy_pass") for item in plain.all())


def test_an_unknown_host_gets_no_service_and_no_certificate(http: Directive) -> None:
    unknown = [
        item
        for item in http.block
        if item.name == "server"
        and "ssl" in item.values("listen")[0].split()
        and ("default_server" in item.values("listen")[0] or item.values("server_name") == ["~."])
    ]
    assert len(unknown) == 2
    for server in unknown:
        assert not any(item.values("proxy_pass") or item.values("grpc_pass") for item in server.all())
        assert server.values("ssl_reject_handshake") == ["on"]


def test_a_challenge_is_passed_on_by_plain_http_whatever_host_it_names_and_nothing_else_is() -> None:
    configuration = IngressConfiguration(
        "east", ["west"], ["shop.example.com"], 443, {"users": [PLAIN]}, challenges="gostack-certificates:8080"
    )
    (http,) = [item for item in effective(dict(render_ingress(configuration))).block if item.name == "http"]
    servers = [item for item in http.block if item.name == "server"]
    found = [
        (server, item)
        for server in servers
        for item in server.block
        if item.name == "location" and item.words == ["/.well-known/acme-challenge/"]
    ]
    ((server, location),) = found
    assert server.values("listen") == ["8080 default_server reuseport"]
    # By a variable: the client's address is asked for each time.
    assert location.values("set") == ["$challenges gostack-certificates:8080"]
    assert location.values("proxy_pass") == ["http://$challenges"]
    assert location.values("resolver") == ["127.0.0.11 valid=1s ipv6=off"]
    # Less than `client_body_buffer_size`: no stranger fills the scratch folder.
    assert location.values("client_max_body_size") == ["1k"]


def test_without_an_acme_client_no_challenge_is_answered(http: Directive) -> None:
    assert not [item for item in http.all() if item.name == "location" and "acme" in " ".join(item.words)]


def test_clients_that_come_by_an_address_name_no_host_and_are_answered() -> None:
    configuration = IngressConfiguration("east", [], ["localhost", "127.0.0.1"], 8443, {"users": [PLAIN]})
    answered = [
        item.values("server_name")
        for item in effective(render_ingress(configuration)).all()
        if item.name == "server"
        and "ssl" in " ".join(item.values("listen"))
        and not item.values("ssl_reject_handshake")
    ]
    # The default server, which has no name, and that of the hosts.
    assert answered == [[], ["localhost 127.0.0.1"]]


def test_nobody_outside_can_say_who_asks(proxied: list[Directive], called: list[Directive]) -> None:
    for location, directive in [
        *((item, "proxy_set_header") for item in proxied),
        *((item, "grpc_set_header") for item in called),
    ]:
        found = headers(location, directive)
        for name, value in IDENTITY_HEADERS.items():
            assert found[name] == value, (location.words, name)
            # Programs that know headers as variables take one for the other.
            assert found[name.replace("-", "_")] == '""', (location.words, name)
