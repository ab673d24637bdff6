"""The real Consul finds, and the real nginx takes, every name that the settings accept, and not those that they refuse.

Does not prove anything of a whole stack: single containers of the stack's images answer. Without them it is skipped.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from components.names import (
    CONSUL_WORDS,
    LABEL,
    NGINX_WORDS,
    node_prefix,
)
from tests.support.images import image_or_skip

# What the DNS of Consul, of Consul Enterprise and of others know as words, but not as the name of a datacenter.
HARMLESS = ("east", "ns", "ap", "sg", "dc", "peer", "port", "tcp", "consul", "local")
SRV = 33


@dataclass(frozen=True)
class Datacenter:
    """A Consul in a container, with one instance of a service."""

    name: str
    dns_port: int

    def answers(self) -> int:
        """How many replicas nginx would be told of."""
        question = f"_users._stable.service.{self.name}.consul"
        labels = b"".join(bytes([len(label)]) + label.encode() for label in question.split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(3)
            header = struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0)
            client.sendto(header + labels + struct.pack(">HH", SRV, 1), ("127.0.0.1", self.dns_port))
            try:
                answer = client.recv(65536)
            except TimeoutError:
                return 0
        return struct.unpack(">H", answer[6:8])[0]


@contextmanager
def datacenter(image: str, name: str, node: str = "node-1") -> Iterator[Datacenter]:
    container = f"gostack-test-{uuid.uuid4().hex[:12]}"
    options = ["--rm", "--detach", "--name", container, "--memory", "256m"]
    ports = ["--publish", "127.0.0.1::8600/udp", "--publish", "127.0.0.1::8500"]
    agent = ["agent", "-dev", "-client", "0.0.0.0", "-datacenter", name, "-node", node, "-log-level", "ERROR"]
    subprocess.run(["docker", "run", *options, *ports, image, *agent], check=True, capture_output=True)
    try:
        format_ = "{{json .NetworkSettings.Ports}}"
        inspected = subprocess.run(
            ["docker", "inspect", "--format", format_, container], check=True, capture_output=True, text=True
        )
        published = json.loads(inspected.stdout)
        url = f"http://127.0.0.1:{published['8500/tcp'][0]['HostPort']}/v1"
        _registered(url)
        yield Datacenter(name, int(published["8600/udp"][0]["HostPort"]))
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container], capture_output=True, check=False)


def _registered(url: str) -> None:
    """Register the instance, and wait until the datacenter tells of it."""
    body = json.dumps({"Name": "users", "Tags": ["stable"], "Port": 8080}).encode()
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(
                urllib.request.Request(f"{url}/agent/service/register", data=body, method="PUT"), timeout=5
            ).close()
            with urllib.request.urlopen(f"{url}/health/service/users?passing", timeout=5) as found:
                if json.load(found):
                    return
        except OSError:
            # It has no leader yet.
            pass
        assert time.monotonic() < until, "Consul did not tell of the instance within a minute"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def consul() -> str:
    return image_or_skip("consul")


@pytest.mark.parametrize("word", HARMLESS)
def test_replicas_of_a_region_that_is_accepted_are_found(consul: str, word: str) -> None:
    assert word not in CONSUL_WORDS
    with datacenter(consul, word) as found:
        assert found.answers() == 1


@pytest.mark.parametrize("word", sorted(CONSUL_WORDS))
def test_replicas_of_a_region_that_is_refused_would_not_be_found(consul: str, word: str) -> None:
    with datacenter(consul, word) as found:
        assert found.answers() == 0


def test_a_replica_with_the_longest_name_is_found(consul: str) -> None:
    # Service, region and ending of the longest that the settings accept, with the identity of a container.
    node = f"{node_prefix('s' * 30 + '-' + 'r' * 15 + '-canary-19')}-0123456789ab"
    assert len(node) == LABEL
    with datacenter(consul, "east", node) as found:
        assert found.answers() == 1


def test_a_node_that_is_no_label_would_not_be_found(consul: str) -> None:
    with datacenter(consul, "east", "n" * (LABEL + 1)) as found:
        assert found.answers() == 0


def test_nginx_takes_every_word_that_is_accepted_and_not_those_that_are_refused() -> None:
    image = image_or_skip("nginx")
    words = sorted({*NGINX_WORDS, *HARMLESS, "unknown", "map", "if", "set", "server", "upstream"})
    # Once as what a region is found by, once as the value of a canary's header, once as a word of its own.
    script = """\
before='pid /tmp/pid; events {} http { map $http_x_region $found { default unknown;'
while read -r word; do
  for lines in "$word .$word;" "\\"$word\\" canary;" "$word;"; do
    printf '%s %s } }' "$before" "$lines" > /tmp/nginx.conf
    if nginx -t -q -c /tmp/nginx.conf 2> /dev/null; then said=taken; else said=refused; fi
    printf '%s %s\\n' "$word" "$said"
  done
done
"""
    options = ["--rm", "--interactive", "--network", "none", "--user", "nginx", "--entrypoint", "sh"]
    result = subprocess.run(
        ["docker", "run", *options, image, "-c", script],
        input="".join(f"{word}\n" for word in words),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [line.split() for line in result.stdout.splitlines()]
    assert len(answers) == 3 * len(words)
    told = {word: [said for named, said in answers if named == word] for word in words}
    # What says something alone, a value must not be alone: those that are accepted are refused there.
    meaningful = {word for word, said in told.items() if said != ["taken", "taken", "refused"]}
    assert meaningful == NGINX_WORDS
