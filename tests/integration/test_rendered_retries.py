"""The real nginx: how many replicas begin a request whose replica breaks off, and in which region.

The files are those that an ingress is given; in the place of the replicas other servers of the same nginx hang up on
what they have begun, or answer with the region they stand for. Needs an engine with the ingress's image: without one it
is skipped. Does not prove how a replica that is killed looks to the ingress: `test_03_faults` and the cases kill some.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from infra.settings import Settings, parse_settings
from tests.integration.in_nginx import ANYBODY, Answer, answers_of, at, release_of, write
from tests.support.images import image_or_skip
from tests.support.settings import published

REPLICAS = {"east": ["127.0.0.1:9001", "127.0.0.1:9002"], "west": ["127.0.0.1:9003"]}
SERVICE = """
server {
  listen 127.0.0.1:9001;
  listen 127.0.0.1:9002;
  access_log off;
  location / { return 444; }
  # Takes a second, so that those who ask at once have connections of their own.
  location ~ /warm$ { limit_rate 100; return 200 "%s"; }
}
server {
  listen 127.0.0.1:9003;
  access_log off;
  location / { default_type application/json; return 200 '{"region":"west"}'; }
}
""" % ("." * 200)
START = """\
nginx -p /releases/release/ -c nginx.conf -g 'daemon off; pid /tmp/nginx.pid;' > /tmp/access.log &
until curl --silent --fail --output /tmp/answer http://127.0.0.1:8080/healthz; do sleep 0.2; done
# Leaves idle connections to the replica: who finds that one is broken takes the next.
warm() {
  clients=
  for number in $(seq 16); do
    curl --silent --fail "$@" &
    clients="$clients $!"
  done
  for client in $clients; do wait "$client"; done
}
"""
STAYS, MOVES = "/stays", "/moves"
KEYED = ["--data", "a=b", "--header", "Idempotency-Key: k"]
REQUESTS: dict[str, list[str]] = {
    "one replica, GET": [*at("localhost", f"/one{MOVES}")],
    "one replica, POST with a key": [*KEYED, *at("localhost", f"/one{MOVES}")],
    "one replica, POST": ["--data", "a=b", *at("localhost", f"/one{MOVES}")],
    "one replica, GET that stays": [*at("localhost", f"/one{STAYS}")],
    "two replicas, GET": [*at("localhost", f"/two{MOVES}")],
    "nobody in the region, POST": ["--data", "a=b", *at("localhost", f"/none{STAYS}")],
}


def stack() -> Settings:
    document = published("dev")
    services = document["services"]
    services.clear()
    for name in ("one", "two", "none"):
        services[name] = {
            "context": "services/greeter",
            "routes": [
                {"path": f"/{name}{STAYS}"},
                {"path": f"/{name}{MOVES}", "retry": {"other_regions": True}},
            ],
        }
    return parse_settings(document)


def release() -> dict[str, str]:
    files = release_of(stack())
    for name, east in {"one": REPLICAS["east"][:1], "two": REPLICAS["east"], "none": ["127.0.0.1:9"]}.items():
        text = files[f"service-{name}.conf"]
        for region, addresses in {**REPLICAS, "east": east}.items():
            servers = "\n".join(rf"  server {address} max_fails=0\1;" for address in addresses)
            text = re.sub(rf"  server service\.{region}\.consul .*max_fails=0( backup)?;", servers, text)
        files[f"service-{name}.conf"] = text
    files["service-one.conf"] += SERVICE
    return files


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    image = image_or_skip("nginx")
    folder: Path = tmp_path_factory.mktemp("retries")
    folder.chmod(0o755)
    write(folder / "release", release())
    requests = {name: [*ANYBODY, *words] for name, words in REQUESTS.items()}
    warm = shlex.join(["warm", "--output", "/dev/null", *ANYBODY, *at("localhost", f"/one{MOVES}/warm")])
    found, complaints = answers_of(image, folder, START, requests, dict.fromkeys(REQUESTS, warm))
    assert "emerg" not in complaints
    return found


@pytest.mark.parametrize("name", ["one replica, GET", "one replica, POST with a key"])
def test_what_one_replica_has_begun_goes_on_elsewhere_where_the_route_says_so(
    answers: dict[str, Answer], name: str
) -> None:
    assert answers[name].told == {"region": "west"}


@pytest.mark.parametrize("name", ["one replica, POST", "one replica, GET that stays"])
def test_what_cannot_be_repeated_there_ends_with_502(answers: dict[str, Answer], name: str) -> None:
    assert answers[name].status == 502


def test_what_two_replicas_have_begun_ends_with_502(answers: dict[str, Answer]) -> None:
    assert answers["two replicas, GET"].status == 502


def test_what_nobody_has_begun_goes_elsewhere(answers: dict[str, Answer]) -> None:
    assert answers["nobody in the region, POST"].told == {"region": "west"}
