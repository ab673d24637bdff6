"""What a service is told of a request, and what becomes of its headers, paths and host names on the way.

Does not prove what a load balancer in front of the ingress writes; the one that is trusted here is this machine.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import Any, cast

import pytest
import urllib3

from tests.integration.cases.client import Client
from tests.integration.cases.support import HOST, RPC, SHOP, CasesStack, message

FORGED = "203.0.113.9"
ORIGIN = "https://app.example.com"


def echoed(stack: CasesStack, path: str = "/p/echo/a", **request: Any) -> dict[str, Any]:
    response = stack.ask(path, **request)
    assert response.status == 200, response.data
    return response.json()


def test_a_service_that_builds_its_own_address_gets_the_port(stack: CasesStack) -> None:
    response = stack.ask("/p/redirect")
    assert (response.status, response.headers["Location"]) == (302, f"{stack.url()}/p/echo/after")
    told = echoed(stack)
    assert told["host"] == f"{HOST}:{stack.port('east')}"
    assert told["headers"]["X-Forwarded-Host"] == [told["host"]]
    assert told["headers"]["X-Forwarded-Proto"] == ["https"]


def test_headers_of_a_service_are_its_own_alone(stack: CasesStack) -> None:
    headers = stack.ask("/p/page").headers
    policy = "default-src 'self' https://cdn.example.com 'unsafe-inline'"
    assert headers.getlist("Content-Security-Policy") == [policy]
    assert headers.getlist("X-Frame-Options") == ["DENY"]
    assert headers.getlist("Referrer-Policy") == ["no-referrer"]


def test_a_security_header_is_added_where_the_service_sent_none_and_no_policy_for_content(stack: CasesStack) -> None:
    headers = stack.ask("/p/echo/a").headers
    assert headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert "Content-Security-Policy" not in headers


def test_a_route_changes_headers_of_the_response(stack: CasesStack) -> None:
    headers = stack.ask("/case/headers/p/status/200").headers
    assert headers.getlist("X-Frame-Options") == ["DENY"]
    assert headers.getlist("X-Team") == ["shop"]
    assert "X-Instance" not in headers


@pytest.mark.parametrize(("path", "encoding"), [("/p/etag/8000", None), ("/case/headers/p/etag/8000", "gzip")])
def test_a_route_decides_whether_answers_are_compressed(stack: CasesStack, path: str, encoding: str | None) -> None:
    response = stack.ask(path, headers={"Accept-Encoding": "gzip"})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.json()["text"].startswith("word word")


@pytest.mark.parametrize("name", ["api_key", "X_Long_Name"])
def test_a_header_with_an_underscore_arrives(stack: CasesStack, name: str) -> None:
    headers = {key.lower(): values for key, values in echoed(stack, headers={name: "k"})["headers"].items()}
    assert headers[name.lower()] == ["k"]


def test_a_client_cannot_choose_who_it_is(stack: CasesStack) -> None:
    # The west: who asks the east from this machine may be trusted.
    told = echoed(
        stack,
        region="west",
        headers={
            "X-Forwarded-For": FORGED,
            "X-Real-IP": FORGED,
            "X-Forwarded-Host": "evil.example.com",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": f"for={FORGED};host=evil.example.com",
        },
    )["headers"]
    assert FORGED not in str(told)
    assert "evil" not in str(told)
    assert told["X-Forwarded-Proto"] == ["https"]
    (client,) = told["X-Forwarded-For"]
    assert told["X-Real-Ip"] == [client]
    assert "," not in client


def test_a_trusted_proxy_says_who_the_client_is_and_the_log_believes_it(stack: CasesStack) -> None:
    address = stack.pod_address(stack.ingress())
    told = echoed(
        stack,
        "/p/echo/trusted",
        headers={"X-Forwarded-For": f"198.51.100.7, {FORGED}"},
        connect=(address, 8443),
    )["headers"]
    # What the nearest proxy saw; what stands before it is the client's own word.
    assert told["X-Forwarded-For"] == [FORGED]
    assert told["X-Real-Ip"] == [FORGED]
    log: bytes = stack.ingress().logs(tail=200)
    (line,) = [line for line in log.decode().splitlines() if "/p/echo/trusted" in line]
    assert f'"client":"{FORGED}"' in line


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/v1/users:batch", "/v1/users:batch"),
        ("/@me", "/@me"),
        ("/100%25", "/100%25"),
        ("/caf%C3%A9", "/caf%C3%A9"),
    ],
)
def test_a_route_may_have_any_character_of_a_path(stack: CasesStack, asked: str, seen: str) -> None:
    assert echoed(stack, asked)["uri"] == seen


@pytest.mark.parametrize("tail", ["a%20b", "a%2Fb", "a%25b", "%C3%A9", "a;b=c", "a?x=%2F&y=a+b"])
def test_the_path_arrives_as_the_client_wrote_it(stack: CasesStack, tail: str) -> None:
    assert echoed(stack, f"/p/echo/{tail}")["uri"] == f"/p/echo/{tail}"


def test_a_prefix_is_taken_away_and_the_service_is_told_so(stack: CasesStack) -> None:
    told = echoed(stack, "/shop/cities?page=2")
    assert told["uri"] == "/cities?page=2"
    assert told["headers"]["X-Forwarded-Prefix"] == ["/shop"]
    assert echoed(stack, "/shop/cities/a%20b")["path"] == "/cities/a b"


@pytest.mark.parametrize("query", ["", "?absolute=1"])
def test_a_redirect_of_a_service_without_its_prefix_gets_the_prefix(stack: CasesStack, query: str) -> None:
    response = stack.ask(f"/shop/cities/redirect{query}")
    assert response.status == 302
    assert response.headers["Location"] in {"/shop/cities", f"{stack.url()}/shop/cities"}


def test_a_cookie_of_a_service_without_its_prefix_is_sent_back_to_it_alone(stack: CasesStack) -> None:
    (cookie,) = stack.ask("/shop/cities").headers.getlist("Set-Cookie")
    attributes = [part.strip() for part in cookie.split(";")]
    assert attributes[0] == "basket=1"
    assert {"Path=/shop", "Path=/shop/"} & set(attributes)
    assert {"HttpOnly", "Secure"} <= set(attributes)


def test_a_path_that_only_begins_like_the_prefix_is_another_one(stack: CasesStack) -> None:
    assert stack.ask("/shopping").status == 404


def test_a_service_at_the_root_of_its_host_has_its_own_healthz(stack: CasesStack) -> None:
    told = echoed(stack, "/healthz", host=SHOP)
    assert told["instance"].startswith("shop-east")
    own = stack.ask("/.well-known/gostack/healthz", host=SHOP)
    assert (own.status, own.data) == (200, b"ok\n")


def test_each_host_has_its_own_routes(stack: CasesStack) -> None:
    assert echoed(stack, host=SHOP)["instance"].startswith("shop-east")
    assert echoed(stack, host=HOST)["instance"].startswith("probe-east")
    assert message(stack.ask("/p/echo/a", host=RPC))
    assert stack.ask("/p/echo/a", host=RPC).status == 404
    assert stack.ask("/cities", host=SHOP).status == 200
    assert stack.ask("/cities", host=HOST).status == 404


@pytest.mark.parametrize("address", [HOST, "::1"])
def test_the_ingress_answers_by_ipv6(stack: CasesStack, address: str) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probing:
            probing.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    port = stack.port("east")
    name = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    # A route that names no host.
    response = stack.ask("/case/hasty/p/echo/a", host=address, connect=("::1", port), headers={"Host": name})
    assert (response.status, response.json()["host"]) == (200, name)


def test_a_page_of_another_origin_may_do_what_the_route_says(stack: CasesStack) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-token"}
    preflight = stack.ask("/case/cors/p/echo/a", method="OPTIONS", headers=asked)
    assert preflight.status in {200, 204}
    assert preflight.headers.getlist("Access-Control-Allow-Origin") == [ORIGIN]
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert "x-token" in preflight.headers["Access-Control-Allow-Headers"].lower()
    assert preflight.headers["Access-Control-Allow-Credentials"] == "true"
    answer = stack.ask("/case/cors/p/echo/a", headers={"Origin": ORIGIN})
    assert answer.headers.getlist("Access-Control-Allow-Origin") == [ORIGIN]
    assert "origin" in answer.headers["Vary"].lower()


def test_a_page_of_an_origin_that_is_not_named_may_not(stack: CasesStack) -> None:
    asked = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "PUT"}
    for method in ("OPTIONS", "GET"):
        headers = stack.ask("/case/cors/p/echo/a", method=method, headers=asked).headers
        assert headers.getlist("Access-Control-Allow-Origin") == []


def test_a_service_that_allows_origins_itself_is_not_doubled(stack: CasesStack) -> None:
    answer = stack.ask("/p/cors", headers={"Origin": ORIGIN})
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    preflight = stack.ask(
        "/p/cors", method="OPTIONS", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    )
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "PUT, POST")


def too_large(stack: CasesStack, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return stack.ask("/p/body", method="POST", body=b"x" * (2 << 20), headers=headers)


def too_many(stack: CasesStack, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    answers = [stack.ask("/case/limited/p/echo/a", headers=headers) for _ in range(4)]
    return next(answer for answer in answers if answer.status != 200)


def no_path(stack: CasesStack, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return stack.ask("/no/such/path", headers=headers)


def hung_up(stack: CasesStack, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return stack.ask("/p/hangup", headers=headers)


@pytest.mark.parametrize(
    ("make", "status"), [(too_large, 413), (too_many, 429), (no_path, 404), (hung_up, 502)], ids=lambda item: str(item)
)
def test_a_page_of_another_origin_can_read_an_error_of_the_ingress(stack: CasesStack, make: Any, status: int) -> None:
    answer = make(stack, {"Origin": ORIGIN})
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert message(answer)
    (allowed,) = answer.headers.getlist("Access-Control-Allow-Origin")
    assert allowed in {"*", ORIGIN}


def handshake(stack: CasesStack, groups: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{stack.port('east')}", "-servername", HOST]
    told = subprocess.run(
        [*command, "-groups", groups], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return told.stdout + told.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
@pytest.mark.parametrize(
    ("group", "offered"),
    [("X25519", True), ("P-256", True), ("P-384", True), ("X448", False), ("P-521", False)],
)
def test_the_curves_are_those_of_mozillas_intermediate_profile(stack: CasesStack, group: str, offered: bool) -> None:
    told = handshake(stack, group)
    if offered:
        assert "Verification" in told
        assert "Temp Key:" in told
    else:
        assert "handshake failure" in told
        assert "Temp Key:" not in told


def test_the_hybrid_curve_is_offered_where_the_library_has_it(stack: CasesStack, client: Callable[..., Client]) -> None:
    _, output = stack.ingress().exec_run(["nginx", "-V"])
    library = re.search(rb"OpenSSL (\d+)\.(\d+)", cast("bytes", output))
    assert library is not None, output
    if (int(library[1]), int(library[2])) < (3, 5):
        pytest.skip(f"{library[0].decode()} has no X25519MLKEM768, 3.5 has it")
    assert client("tls", stack.url(), "-curve", "X25519MLKEM768").result()["curve"] == "X25519MLKEM768"
