"""The real nginx and the real oauth2-proxy let in whom an issuer of OpenID Connect knows and the settings name.

The files are those that an ingress and what keeps its sessions are given; the issuer is mockoidc
(https://github.com/oauth2-proxy/mockoidc, `tests/oidc_provider`), and another nginx in the place of the service answers
with the headers that it got. Needs an engine with the ingress's image: without one it is skipped. Does not prove that a
stack gets these files, nor that an issuer that people use agrees: `test_18_oidc.py` shows the first.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from components.certificates.x509 import new_authority, new_certificate
from components.ingress.login_proxy import CONFIGURATION, FOLDER, login_proxy_files
from infra.settings import Settings, parse_settings
from tests.integration.brought_up import PROJECT
from tests.integration.in_nginx import ANYBODY, FORGED, Answer, answers_of, at, release_of, write
from tests.support.images import image_or_skip
from tests.support.settings import published
from tools.gostack.environment.progress import Progress
from tools.offline.images.build import Recipes, compiled
from tools.offline.toolchain.go_build import build_binary

ISSUER_CA = new_authority("issuer", 365)
ISSUER = new_certificate(ISSUER_CA, ["127.0.0.1"], 30)
ISSUER_URL = "https://127.0.0.1:9443/oidc"
CLIENT_SECRET = "a secret & more"
KEYS = {
    "staff": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    "brief": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
    "renewed": "enl4d3Z1dHNycXBvbm1sa2ppaGdmZWRj",
}
BRIEF_SECONDS = 20
PORTS = {"staff": 4180, "brief": 4181}
STAFF = "/.well-known/gostack/login/staff"

SERVICE = """
server {
  listen 127.0.0.1:9000;
  access_log off;
  location / {
    default_type application/json;
    set $named '"email":"$http_x_auth_request_email","groups":"$http_x_auth_request_groups"';
    set $also '"user":"$http_x_auth_request_user","name":"$http_x_auth_request_preferred_username"';
    return 200 '{"subject":"$http_x_auth_subject",$named,$also}';
  }
}
"""
START = f"""\
patience=30
cd /releases/pki
nginx -p /releases/release/ -c nginx.conf -g 'daemon off; pid /tmp/nginx.pid;' > /tmp/access.log &
ADDRESS=127.0.0.1:9443 ISSUER=127.0.0.1:9443 CERTIFICATE=issuer.pem KEY=issuer.key CLIENT_ID=shop \\
  CLIENT_SECRET={shlex.quote(CLIENT_SECRET)} ./oidc-provider > /tmp/issuer.log 2>&1 &
wait_for() {{
  until curl --silent --insecure --fail --output /tmp/answer "$1"; do sleep 0.2; done
}}
keep() {{
  ./oauth2-proxy --config="/releases/$1/oauth2-proxy.cfg" --http-address="127.0.0.1:$2" > "/tmp/$1.log" 2>&1 &
  process=$!
  wait_for "http://127.0.0.1:$2/ready"
}}
stop() {{
  kill "$1"
  wait "$1" || true
}}
# A header with the cookie of a jar, as somebody sends it who has a copy.
copy() {{
  printf 'header = "Cookie: %s"\\n' "$(sed -n "s/.*\\t\\(__Host-login-[a-z]*\\)\\t/\\1=/p" "/tmp/$1")" > "/tmp/$2"
}}
wait_for http://127.0.0.1:8080/healthz
wait_for {ISSUER_URL}/.well-known/openid-configuration
keep brief {PORTS["brief"]}
keep staff {PORTS["staff"]}
"""


def jar(name: str) -> list[str]:
    return ["--cookie", f"/tmp/{name}", "--cookie-jar", f"/tmp/{name}"]


def copied(name: str) -> list[str]:
    return ["--config", f"/tmp/{name}"]


def person(name: str) -> list[str]:
    """A browser with a jar of its own, which follows redirects; the issuer takes it for this person."""
    return [*ANYBODY, *BROWSER, "--location", "--max-redirs", "6", *jar(name), "--header", f"X-Test-User: {name}"]


BROWSER = ["--header", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"]
OFFICE = at("localhost", "/office/plan?a=1&b=2%20c")
REQUESTS: dict[str, list[str]] = {
    "a browser": [*ANYBODY, *BROWSER, *OFFICE],
    "a program": [*ANYBODY, *OFFICE],
    "a script of a page": [*ANYBODY, *BROWSER, "--header", "Sec-Fetch-Mode: cors", *OFFICE],
    "a form": [*ANYBODY, *BROWSER, "--data", "a=b", *OFFICE],
    "forged": [*ANYBODY, *FORGED, *OFFICE],
    "forged, where nobody asks": [*ANYBODY, *FORGED, *at("localhost", "/open")],
    "what the ingress asks itself": [*ANYBODY, *at("localhost", STAFF)],
    "ada logs in": [*person("ada"), *FORGED, *OFFICE],
    "ada": [*ANYBODY, *jar("ada"), *FORGED, *OFFICE],
    "ada sends much": [*ANYBODY, *jar("ada"), "--data-binary", "@large", *OFFICE],
    "ada, where nobody asks": [*ANYBODY, *jar("ada"), *at("localhost", "/open")],
    "ada's cookie": [*ANYBODY, *copied("copy"), *OFFICE],
    "a changed cookie": [*ANYBODY, *copied("changed"), *OFFICE],
    "a cookie that says it is newer": [*ANYBODY, *copied("newer"), *OFFICE],
    "a cookie of another login": [*ANYBODY, *copied("other"), *at("localhost", "/brief")],
    "eve logs in": [*person("eve"), *OFFICE],
    "eve": [*ANYBODY, *jar("eve"), *OFFICE],
    "grace logs in": [*person("grace"), *at("localhost", "/brief")],
    "grace, later": [*ANYBODY, *copied("late"), *at("localhost", "/brief")],
    "ada where her address is not known": [*person("ada"), *at("localhost", "/brief")],
    "ada, at another one of its kind": [*ANYBODY, *jar("ada"), *OFFICE],
    "nobody's callback": [*ANYBODY, *at("localhost", f"{STAFF}/callback?code=stolen&state=a:b")],
    "a start that leads to a stranger": [
        *person("ada"),
        *at("localhost", f"{STAFF}/start?rd=https%3A%2F%2Fevil.example.com%2F"),
    ],
    "signed out at the issuer too": [
        *(*ANYBODY, *jar("nobody"), *at("localhost", f"{STAFF}/sign_out?rd=https%3A%2F%2F127.0.0.1%3A9443%2Fend")),
    ],
    "signed out to a stranger": [*ANYBODY, *jar("nobody"), *at("localhost", f"{STAFF}/sign_out?rd=https%3A%2F%2Fevil")],
    "signed out": [*ANYBODY, *jar("ada"), *at("localhost", f"{STAFF}/sign_out?rd=%2Fopen")],
    "ada, signed out": [*ANYBODY, *jar("ada"), *OFFICE],
    "the key was renewed": [*ANYBODY, *copied("copy"), *OFFICE],
    "nobody keeps it": [*ANYBODY, *BROWSER, *copied("copy"), *OFFICE],
    "nobody keeps it, where nobody asks": [*ANYBODY, *at("localhost", "/open")],
}
BEFORE = {
    "ada's cookie": "copy ada copy",
    "a changed cookie": "sed 's/staff=/staff=A/' /tmp/copy > /tmp/changed",
    "a cookie that says it is newer": "sed -E 's/\\|[0-9]+\\|/|4102444800|/' /tmp/copy > /tmp/newer",
    "a cookie of another login": "sed 's/login-staff/login-brief/' /tmp/copy > /tmp/other",
    "grace, later": f"copy grace late; sleep {BRIEF_SECONDS + 1}",
    # Another replica, or one of another region, is another process with the same files.
    "ada, at another one of its kind": f'stop "$process"; keep staff {PORTS["staff"]}',
    "the key was renewed": f'stop "$process"; keep renewed {PORTS["staff"]}',
    "nobody keeps it": 'stop "$process"',
}
"""What happens before a request."""


def settings_of_the_stack(pki: Path) -> Settings:
    found = published("dev")
    found["services"]["users"]["routes"] = [
        {"path": "/office", "login": "staff"},
        {"path": "/brief", "login": "brief"},
        {"path": "/open"},
    ]
    login = {
        "kind": "oidc",
        "issuer": ISSUER_URL,
        "issuer_ca": str(pki / "issuer-ca.pem"),
        "client_id": "shop",
        "scopes": ["openid", "email", "profile", "groups"],
        "secrets": {"client_secret": CLIENT_SECRET},
    }
    found["ingress"] = {
        "hosts": ["localhost"],
        "ipv6": False,
        "logins": {
            "staff": {**login, "allowed_groups": ["staff"]},
            "brief": {**login, "allowed_emails": ["grace@example.com", "@example.org"]},
        },
    }
    return parse_settings(found)


def write_session_keeper(folder: Path, settings: Settings, login: str, key: str) -> None:
    """The files of an oauth2-proxy, in another folder."""
    texts = login_proxy_files(
        login,
        settings.ingress.logins[login],
        client_secret=CLIENT_SECRET,
        cookie_secret=key,
        issuer_ca=ISSUER_CA.certificate,
    )
    found = {path: str(file["content"]) for path, file in texts.items()}
    found[CONFIGURATION] = found[CONFIGURATION].replace(FOLDER, f"/releases/{folder.name}")
    if login == "brief":
        found[CONFIGURATION], changes = re.subn(
            r'(cookie_expire = )".*"', rf'\1"{BRIEF_SECONDS}s"', found[CONFIGURATION]
        )
        assert changes == 1
    write(folder, {path.removeprefix(f"{FOLDER}/"): text for path, text in found.items()})


def release(settings: Settings) -> dict[str, str]:
    """A release as an ingress gets it, and the service behind it."""
    found = release_of(settings)
    for name, port in {"users": 9000, "login-staff": PORTS["staff"], "login-brief": PORTS["brief"]}.items():
        text, changes = re.subn(r"server service\..*;", f"server 127.0.0.1:{port};", found[f"service-{name}.conf"])
        assert changes
        found[f"service-{name}.conf"] = text
    found["service-users.conf"] += SERVICE
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    image = image_or_skip("nginx")
    folder = tmp_path_factory.mktemp("oidc")
    folder.chmod(0o755)
    write(
        folder / "pki",
        {
            "issuer-ca.pem": ISSUER_CA.certificate,
            "issuer.pem": ISSUER.certificate,
            "issuer.key": ISSUER.private_key,
            "large": "x" * 100_000,
        },
    )
    settings = settings_of_the_stack(folder / "pki")
    write(folder / "release", release(settings))
    for name, key in KEYS.items():
        write_session_keeper(folder / name, settings, "brief" if name == "brief" else "staff", key)
    recipes = Recipes(PROJECT / "tools" / "offline" / "images")
    shutil.copy(compiled("oauth2-proxy", recipes, Progress(quiet=True)), folder / "pki")
    shutil.copy(build_binary(PROJECT / "tests" / "oidc_provider", ".", "oidc-provider", lane="tests"), folder / "pki")
    found, complaints = answers_of(image, folder, START, REQUESTS, BEFORE)
    # Nginx tells of a table that has become too small for its headers.
    assert "could not build optimal" not in complaints
    return found


def test_a_browser_is_sent_to_the_issuer_and_knows_the_way_back(answers: dict[str, Answer]) -> None:
    answer = answers["a browser"]
    (location,) = answer.headers["location"]
    asked = parse_qs(urlsplit(location).query)
    assert (answer.status, location.partition("?")[0]) == (302, f"{ISSUER_URL}/authorize")
    assert asked["redirect_uri"] == [f"https://localhost:8443{STAFF}/callback"]
    assert asked["scope"] == ["openid email profile groups"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"]
    assert asked["state"]
    assert "no-store" in answer.headers["cache-control"][0]


def test_cookies_are_the_hosts_alone_and_for_no_script(answers: dict[str, Answer]) -> None:
    for name in ("a browser", "signed out"):
        for cookie in answers[name].headers["set-cookie"]:
            told, *attributes = cookie.split("; ")
            assert told.startswith("__Host-login-staff")
            assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(attributes)
            assert not any(attribute.startswith("Domain") for attribute in attributes)


@pytest.mark.parametrize("name", ["a program", "a script of a page", "a form", "forged"])
def test_whom_no_page_helps_gets_401(answers: dict[str, Answer], name: str) -> None:
    answer = answers[name]
    assert (answer.status, answer.told["message"], answer.reached) == (401, "log in first", False)


def test_who_logs_in_comes_back_to_what_was_asked_for(answers: dict[str, Answer]) -> None:
    answer = answers["ada logs in"]
    assert (answer.status, answer.url) == (200, "https://localhost:8443/office/plan?a=1&b=2%20c")
    assert answer.reached


@pytest.mark.parametrize(
    "name", ["ada logs in", "ada", "ada's cookie", "ada sends much", "ada, at another one of its kind"]
)
def test_the_service_learns_from_the_issuer_who_asks_whatever_the_client_says(
    answers: dict[str, Answer], name: str
) -> None:
    assert answers[name].told == {
        "subject": "1815",
        "user": "1815",
        "email": "ada@example.com",
        "groups": "engineers,staff",
        "name": "ada",
    }


@pytest.mark.parametrize("name", ["forged, where nobody asks", "ada, where nobody asks"])
def test_where_no_login_is_asked_for_nobody_is_anybody(answers: dict[str, Answer], name: str) -> None:
    assert answers[name].told == dict.fromkeys(("subject", "user", "email", "groups", "name"), "")


@pytest.mark.parametrize(
    "name",
    [
        *("a changed cookie", "a cookie that says it is newer", "a cookie of another login", "grace, later"),
        *("ada, signed out", "the key was renewed", "eve"),
    ],
)
def test_a_session_that_is_none_is_refused(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].status, answers[name].reached) == (401, False)


@pytest.mark.parametrize("name", ["eve logs in", "ada where her address is not known"])
def test_whom_the_issuer_knows_and_the_settings_do_not_is_not_let_in(answers: dict[str, Answer], name: str) -> None:
    assert (answers[name].status, answers[name].reached) == (403, False)


def test_an_address_is_known_however_the_issuer_writes_it(answers: dict[str, Answer]) -> None:
    assert (answers["grace logs in"].status, answers["grace logs in"].told["email"]) == (200, "Grace@Example.com")


def test_a_code_that_somebody_else_asked_for_is_not_redeemed(answers: dict[str, Answer]) -> None:
    answer = answers["nobody's callback"]
    assert answer.status == 403
    assert not any(cookie.startswith("__Host-login-staff=") for cookie in answer.headers.get("set-cookie", []))


def test_signing_out_takes_the_cookie_away_and_leads_where_the_service_says(answers: dict[str, Answer]) -> None:
    answer = answers["signed out"]
    assert (answer.status, answer.headers["location"]) == (302, ["/open"])
    assert any(cookie.startswith("__Host-login-staff=;") for cookie in answer.headers["set-cookie"])
    assert answers["signed out at the issuer too"].headers["location"] == ["https://127.0.0.1:9443/end"]


def test_no_link_leads_through_the_login_to_a_stranger(answers: dict[str, Answer]) -> None:
    assert answers["signed out to a stranger"].headers["location"] == ["/"]
    assert answers["a start that leads to a stranger"].url == "https://localhost:8443/"


def test_while_nobody_keeps_sessions_nobody_is_let_in(answers: dict[str, Answer]) -> None:
    assert (answers["nobody keeps it"].status, answers["nobody keeps it"].reached) == (503, False)
    assert answers["nobody keeps it, where nobody asks"].reached


def test_a_client_cannot_ask_what_the_ingress_asks_itself(answers: dict[str, Answer]) -> None:
    assert answers["what the ingress asks itself"].status == 404
