"""The real nginx serves each host with its own certificate and lets in whom its login knows.

The files are those that an ingress is given, with another nginx in the place of the service, which answers with the
headers that it got. Needs an engine with the ingress's image: without one it is skipped. Does not prove that an ingress
gets these files: `tests/components` does.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from components.certificates.x509 import KeyPair, new_authority, new_certificate
from components.ingress.token_verifier import VERIFIER_SOURCE, verifier_port, written_logins
from infra.edge import edge_texts, token_verifier_arguments
from infra.settings import parse_settings
from tests.integration.brought_up import PROJECT
from tests.integration.in_nginx import ANYBODY, FORGED, Answer, answers_of, at, release_of, write
from tests.support.images import image_or_skip
from tests.support.passwords import BCRYPT, SHA512
from tests.support.pki import client_certificate, fingerprint
from tests.support.settings import Document, published
from tests.support.tokens import AUDIENCE, ISSUER, SigningKey, key_set
from tools.offline.toolchain.go_build import build_binary

SHOP_CA, CLIENTS_CA, OTHER_CA = (new_authority(name, 365) for name in ("shop", "clients", "others"))
SHOP = new_certificate(SHOP_CA, ["shop.example.com", "www.shop.example.com"], 30)
ADA, STRANGER = client_certificate(CLIENTS_CA, "ada"), client_certificate(OTHER_CA, "ada")
EXPIRED = client_certificate(CLIENTS_CA, "ada", days=-1)
EVE = client_certificate(OTHER_CA, "eve")

SERVICE = """
server {
  listen 127.0.0.1:9000;
  http2 on;
  access_log off;
  location / {
    default_type application/json;
    set $certificate '"client":"$http_x_client_subject","fingerprint":"$http_x_client_fingerprint"';
    return 200 '{"subject":"$http_x_auth_subject",$certificate,"authorization":"$http_authorization"}';
  }
  location = /keys.json { root /tmp; }
  location = /api/v1/users/forbidden { default_type application/json; return 403 '{}'; }
}
"""
START = """\
nginx -p /releases/release/ -c nginx.conf -g 'daemon off; pid /tmp/nginx.pid;' > /tmp/access.log &
for attempt in $(seq 50); do
  if curl --silent --fail http://127.0.0.1:8080/healthz > /tmp/health; then break; fi
  sleep 0.2
done
cd /releases/pki
cp first-keys.json /tmp/keys.json
/releases/pki/token-verifier 2> /tmp/verifier.log &
verifier=$!
until /releases/pki/token-verifier --ready 2> /tmp/waits; do sleep 0.2; done
"""
FIRST, SECOND = SigningKey("first"), SigningKey("second")
TOKENS = {"kind": "jwt", "issuer": ISSUER, "audience": AUDIENCE}

HANDSHAKE_FAILED, NOT_TRUSTED = 35, 60
"""How curl ends then."""


def cert(name: str) -> list[str]:
    return ["--cert", f"{name}.pem", "--key", f"{name}.key"]


def bearer(token: str) -> list[str]:
    return ["--header", f"Authorization: Bearer {token}"]


TRUSTS_SHOP = ["--cacert", "shop-ca.pem"]
GRPC = ["--http2", "--header", "Content-Type: application/grpc", "--data-binary", ""]
REQUESTS: dict[str, list[str]] = {
    "the shop with its certificate": [*TRUSTS_SHOP, *at("shop.example.com")],
    "its other name": [*TRUSTS_SHOP, *at("www.shop.example.com", "/a?b=c")],
    "its other name, without TLS": at("www.shop.example.com", "/a?b=c", scheme="http"),
    "a host without TLS": at("localhost", "/a", scheme="http"),
    "a stranger without TLS": at("evil.example.com", "/a", scheme="http"),
    "a stranger": [*ANYBODY, *at("evil.example.com")],
    "a stranger on a connection to the shop": [*TRUSTS_SHOP, *at("evil.example.com", sni="shop.example.com")],
    "localhost": [*ANYBODY, *at("localhost")],
    "localhost as the shop": [*TRUSTS_SHOP, *at("localhost")],
    "a name below localhost": [*ANYBODY, *at("a.gostack.localhost")],
    "an address": [*ANYBODY, "https://127.0.0.1:8443/api/v1/users"],
    "an unknown address": [*ANYBODY, "https://127.0.0.2:8443/api/v1/users"],
    "forged": [*ANYBODY, *FORGED, *at("localhost")],
    "forged grpc": [*ANYBODY, *FORGED, *GRPC, *at("localhost", "/echo.Echo/Say")],
    "no certificate": [*ANYBODY, *at("admin.example.com")],
    "a certificate": [*ANYBODY, *cert("ada"), *FORGED, *at("admin.example.com")],
    "a stranger's certificate": [*ANYBODY, *cert("stranger"), *at("admin.example.com")],
    "an expired certificate": [*ANYBODY, *cert("expired"), *at("admin.example.com")],
    "a certificate for another host": [*ANYBODY, *cert("eve"), *at("admin.example.com", sni="partner.example.com")],
    "admin without a name": [*ANYBODY, "--header", "Host: admin.example.com", "https://127.0.0.1:8443/api/v1/users"],
    "partner without a certificate": [*ANYBODY, *FORGED, *at("partner.example.com")],
    "partner with a certificate": [*ANYBODY, *cert("eve"), *at("partner.example.com")],
    "partner's own path without": [*ANYBODY, *FORGED, *at("partner.example.com", "/orders")],
    "partner's own path with": [*ANYBODY, *cert("eve"), *at("partner.example.com", "/orders")],
    "no login": [*ANYBODY, *FORGED, "--header", "Origin: https://app.example.com", *at("localhost", "/internal")],
    "a wrong password": [*ANYBODY, "--user", "ada:wrong", *at("localhost", "/internal")],
    "a password (SHA-512)": [*ANYBODY, *FORGED, "--user", "ada:correct", *at("localhost", "/internal")],
    "a password (bcrypt)": [*ANYBODY, "--user", "grace:U*U", *at("localhost", "/internal")],
    "somebody unknown": [*ANYBODY, "--user", "root:correct", *at("localhost", "/internal")],
    "a large body without a login": [*ANYBODY, "--data-binary", "@large", *at("localhost", "/internal")],
    "a preflight": [
        *(*ANYBODY, "--request", "OPTIONS", "--header", "Origin: https://app.example.com"),
        *("--header", "Access-Control-Request-Method: GET", *at("localhost", "/internal")),
    ],
    "grpc without a login": [*ANYBODY, *GRPC, *at("localhost", "/internal.Echo/Say")],
    "grpc with a login": [*ANYBODY, "--user", "ada:correct", *GRPC, *at("localhost", "/internal.Echo/Say")],
    "no token": [*ANYBODY, *FORGED, *at("localhost", "/api")],
    "a token": [*ANYBODY, *FORGED, *bearer(FIRST.token()), *at("localhost", "/api")],
    "an expired token": [*ANYBODY, *bearer(FIRST.token(exp=1)), *at("localhost", "/api")],
    "a token for another audience": [*ANYBODY, *bearer(FIRST.token(aud="bank")), *at("localhost", "/api")],
    "a token of another issuer": [*ANYBODY, *bearer(FIRST.token(iss="https://evil.example")), *at("localhost", "/api")],
    "a stranger's token": [*ANYBODY, *bearer(SigningKey("first").token(sub="root")), *at("localhost", "/api")],
    "a large body with a token": [
        *(*ANYBODY, *bearer(FIRST.token()), "--data-binary", "@large", *at("localhost", "/api")),
    ],
    "a large body without a token": [*ANYBODY, "--data-binary", "@large", *at("localhost", "/api")],
    "grpc with a token": [*ANYBODY, *bearer(FIRST.token()), *GRPC, *at("localhost", "/api.Echo/Say")],
    "grpc without a token": [*ANYBODY, *GRPC, *at("localhost", "/api.Echo/Say")],
    "a token before the rotation": [*ANYBODY, *bearer(FIRST.token()), *at("localhost", "/rotating")],
    "a token of the next key, too early": [*ANYBODY, *bearer(SECOND.token()), *at("localhost", "/api")],
    "a token of the next key": [*ANYBODY, *bearer(SECOND.token()), *at("localhost", "/rotating")],
    "a token of the key before": [*ANYBODY, *bearer(FIRST.token()), *at("localhost", "/rotating")],
    "a token while no key is known": [*ANYBODY, *bearer(FIRST.token()), *at("localhost", "/unknown")],
    "what the ingress asks itself": [
        *(*ANYBODY, *bearer(FIRST.token()), *at("localhost", "/.well-known/gostack/login/api")),
    ],
    "a login where none is asked for": [*ANYBODY, "--user", "root:x", *at("localhost")],
    "the service's own 403": [*ANYBODY, *at("localhost", "/api/v1/users/forbidden")],
    "a token while nobody verifies it": [*ANYBODY, *bearer(FIRST.token()), *at("localhost", "/api")],
    "grpc while nobody verifies it": [*ANYBODY, *bearer(FIRST.token()), *GRPC, *at("localhost", "/api.Echo/Say")],
}
BEFORE = {
    "a token of the next key": "cp both-keys.json /tmp/keys.json",
    "a token while nobody verifies it": 'kill "$verifier"; wait "$verifier"',
}
"""What happens before a request."""


def document(pki: Path) -> Document:
    """A stack with every kind of host and login."""
    found = published("dev")
    users = found["services"]["users"]
    everywhere = {"hosts": ["localhost", "127.0.0.1", "shop.example.com", "admin.example.com", "partner.example.com"]}
    users["routes"] += [
        {"path": "/echo.Echo/", "protocol": "grpc"},
        {"path": "/orders", "hosts": ["partner.example.com"], "client_certificate": True},
        {"path": "/internal", "login": "internal", "cors": {"origins": ["https://app.example.com"]}},
        {"path": "/api", "login": "api"},
        {"path": "/api.Echo/", "protocol": "grpc", "login": "api"},
        {"path": "/rotating", "login": "rotating"},
        {"path": "/unknown", "login": "unknown"},
        {"path": "/internal.Echo/", "protocol": "grpc", "login": "internal"},
    ]
    found["ingress"] = {
        **everywhere,
        "ipv6": False,
        "sites": {
            "shop.example.com": {
                "redirect_from": ["www.shop.example.com"],
                "certificate": str(pki / "shop.pem"),
                "secrets": {"key": SHOP.private_key},
                "hsts_preload": True,
            },
            "admin.example.com": {"client_certificates": {"ca": str(pki / "clients-ca.pem")}},
            "partner.example.com": {"client_certificates": {"ca": str(pki / "other-ca.pem"), "required": False}},
        },
        "logins": {
            "internal": {"kind": "basic", "secrets": {"htpasswd": f"ada:{SHA512}\ngrace:{BCRYPT}"}},
            "api": {**TOKENS, "jwks": str(pki / "first-keys.json")},
            "rotating": {**TOKENS, "jwks_url": "http://127.0.0.1:9000/keys.json"},
            "unknown": {**TOKENS, "jwks_url": "http://127.0.0.1:9/keys.json"},
        },
    }
    return found


def write_pki(folder: Path) -> None:
    pairs: dict[str, KeyPair] = {"shop": SHOP, "ada": ADA, "stranger": STRANGER, "expired": EXPIRED, "eve": EVE}
    files = {f"{name}.pem": pair.certificate for name, pair in pairs.items()}
    files |= {f"{name}.key": pair.private_key for name, pair in pairs.items()}
    files |= {"shop-ca.pem": SHOP_CA.certificate, "clients-ca.pem": CLIENTS_CA.certificate}
    files |= {"first-keys.json": key_set(FIRST), "both-keys.json": key_set(FIRST, SECOND)}
    write(folder, {**files, "other-ca.pem": OTHER_CA.certificate, "large": "x" * 100_000})


def files(pki: Path) -> dict[str, str]:
    """A release as an ingress gets it, and the service behind it."""
    settings = parse_settings(document(pki))
    found = release_of(settings)
    for name, text in edge_texts(settings, pki).items():
        found[name] = text if isinstance(text, str) else text.get_secret_value()
    found["service-users.conf"] = re.sub(r"server service\..*;", "server 127.0.0.1:9000;", found["service-users.conf"])
    found["service-users.conf"] += SERVICE
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    image = image_or_skip("nginx")
    folder = tmp_path_factory.mktemp("edge")
    folder.chmod(0o755)
    write_pki(folder / "pki")
    program = build_binary(PROJECT / VERIFIER_SOURCE, ".", "token-verifier", lane="tests")
    shutil.copy(program, folder / "pki")
    write(folder / "release", files(folder / "pki"))
    settings = parse_settings(document(folder / "pki"))
    verifier = token_verifier_arguments(settings, folder, "image", {})
    key_sets = {login: str(text) for login, text in verifier["key_sets"].items()}
    given = {
        "ADDRESS": f"127.0.0.1:{verifier_port(verifier['logins'])}",
        "LOGINS": written_logins(verifier["logins"], key_sets),
    }
    exported = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
    found, _ = answers_of(image, folder, f"{exported}{START}", REQUESTS, BEFORE)
    return found


@pytest.mark.parametrize(
    "name", ["the shop with its certificate", "localhost", "a name below localhost", "an address", "forged"]
)
def test_a_host_that_is_served_reaches_the_service(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].exit, answers[name].status, answers[name].reached) == (0, 200, True)


def test_a_stranger_gets_no_certificate(answers: dict[str, Answer]) -> None:
    answer = answers["a stranger"]
    assert (answer.status, answer.exit, answer.headers, answer.body) == (0, HANDSHAKE_FAILED, {}, "")


def test_a_host_without_its_own_certificate_shows_no_other_hosts(answers: dict[str, Answer]) -> None:
    assert answers["localhost as the shop"].exit == NOT_TRUSTED


@pytest.mark.parametrize(
    "name", ["a stranger without TLS", "a stranger on a connection to the shop", "an unknown address"]
)
def test_a_request_for_a_host_that_is_not_served_is_misdirected(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].status, answers[name].told["message"]) == (421, "unknown host")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("its other name", "https://shop.example.com:8443/a?b=c"),
        ("its other name, without TLS", "https://shop.example.com:8443/a?b=c"),
        ("a host without TLS", "https://localhost:8443/a"),
    ],
)
def test_other_names_lead_to_the_one_that_is_served(answers: dict[str, Answer], name: str, target: str) -> None:
    assert (answers[name].exit, answers[name].status, answers[name].headers["location"]) == (0, 308, [target])


def test_a_browser_is_told_never_to_ask_without_tls(answers: dict[str, Answer]) -> None:
    year = "max-age=63072000; includeSubDomains"
    assert answers["the shop with its certificate"].headers["strict-transport-security"] == [f"{year}; preload"]
    assert answers["a certificate"].headers["strict-transport-security"] == [year]
    assert "strict-transport-security" not in answers["localhost"].headers


@pytest.mark.parametrize(
    "name", ["no certificate", "a stranger's certificate", "an expired certificate", "admin without a name"]
)
def test_a_host_for_clients_with_a_certificate_lets_nobody_else_in(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].status, answers[name].told["message"]) == (403, "this host is for clients with a certificate")


def test_a_certificate_counts_for_the_host_to_which_it_was_shown(answers: dict[str, Answer]) -> None:
    assert (answers["a certificate for another host"].status, answers["a certificate for another host"].reached) == (
        421,
        False,
    )


@pytest.mark.parametrize(
    ("name", "subject", "certificate"),
    [
        ("a certificate", "CN=ada", ADA.certificate),
        ("partner with a certificate", "CN=eve", EVE.certificate),
        ("partner's own path with", "CN=eve", EVE.certificate),
    ],
)
def test_the_service_learns_whose_certificate_it_is(
    answers: dict[str, Answer], name: str, subject: str, certificate: str
) -> None:
    told = answers[name].told
    assert (told["client"], told["fingerprint"]) == (subject, fingerprint(certificate))


def test_where_a_certificate_is_optional_a_route_may_need_one(answers: dict[str, Answer]) -> None:
    assert answers["partner without a certificate"].reached
    assert answers["partner's own path without"].status == 403
    assert not answers["partner's own path without"].reached


@pytest.mark.parametrize("name", ["forged", "forged grpc", "partner without a certificate"])
def test_a_client_cannot_say_itself_who_it_is(answers: dict[str, Answer], name: str) -> None:
    told = answers[name].told
    assert (told["subject"], told["client"], told["fingerprint"]) == ("", "", "")


@pytest.mark.parametrize("name", ["no login", "a wrong password", "somebody unknown", "a large body without a login"])
def test_nobody_is_let_in_without_a_login(answers: dict[str, Answer], name: str) -> None:
    answer = answers[name]
    assert (answer.status, answer.told["message"], answer.reached) == (401, "log in first", False)
    assert answer.headers["www-authenticate"] == ['Basic realm="users"']


@pytest.mark.parametrize(
    ("name", "subject"),
    [("a password (SHA-512)", "ada"), ("a password (bcrypt)", "grace"), ("grpc with a login", "ada")],
)
def test_the_service_learns_who_logged_in_and_no_password(answers: dict[str, Answer], name: str, subject: str) -> None:
    told = answers[name].told
    assert (told["subject"], told["authorization"]) == (subject, "")


def test_a_login_that_nobody_asked_for_is_the_services_business(answers: dict[str, Answer]) -> None:
    told = answers["a login where none is asked for"].told
    assert (told["subject"], told["authorization"] != "") == ("", True)


def test_a_grpc_client_is_told_in_its_own_words(answers: dict[str, Answer]) -> None:
    for name in ("grpc without a login", "grpc without a token"):
        assert answers[name].headers["grpc-status"] == ["16"], name
    assert answers["grpc while nobody verifies it"].headers["grpc-status"] == ["14"]


@pytest.mark.parametrize(
    "name",
    [
        *("a token", "a large body with a token", "grpc with a token", "a token before the rotation"),
        *("a token of the next key", "a token of the key before"),
    ],
)
def test_a_good_token_tells_the_service_who_asks(answers: dict[str, Answer], name: str) -> None:
    told = answers[name].told
    assert (answers[name].status, told["subject"]) == (200, "ada")
    # It may want to read more of it.
    assert told["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("name", "challenge"),
    [
        ("no token", "Bearer"),
        ("a large body without a token", "Bearer"),
        ("an expired token", 'Bearer error="invalid_token"'),
        ("a token for another audience", 'Bearer error="invalid_token"'),
        ("a token of another issuer", 'Bearer error="invalid_token"'),
        ("a stranger's token", 'Bearer error="invalid_token"'),
        ("a token of the next key, too early", 'Bearer error="invalid_token"'),
    ],
)
def test_a_token_that_is_not_good_reaches_no_service(answers: dict[str, Answer], name: str, challenge: str) -> None:
    answer = answers[name]
    assert (answer.status, answer.told["message"]) == (401, "log in first")
    assert answer.headers["www-authenticate"] == [challenge]


@pytest.mark.parametrize("name", ["a token while no key is known", "a token while nobody verifies it"])
def test_nobody_is_let_in_while_tokens_cannot_be_verified(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].status, answers[name].reached) == (503, False)


def test_a_client_cannot_ask_what_the_ingress_asks_itself(answers: dict[str, Answer]) -> None:
    assert answers["what the ingress asks itself"].status == 404


def test_a_page_of_another_origin_may_ask_and_read_that_a_login_is_missing(answers: dict[str, Answer]) -> None:
    assert answers["a preflight"].status == 204
    for name in ("a preflight", "no login"):
        assert answers[name].headers["access-control-allow-origin"] == ["https://app.example.com"], name


def test_a_service_may_say_403_itself(answers: dict[str, Answer]) -> None:
    assert (answers["the service's own 403"].status, answers["the service's own 403"].told) == (403, {})
