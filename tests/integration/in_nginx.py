"""Requests to a release of the ingress in a container of its image without a network, and what curl saw of each.

Proves nothing by itself: the tests `test_rendered_edge` and `test_rendered_oidc` say what must be seen.
"""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.certificates.x509 import new_authority, new_certificate
from components.ingress import render_ingress
from components.ingress.nginx import IDENTITY_HEADERS
from infra.settings import Settings
from infra.settings.ingress import certificate_names, ingress_configuration

ANYBODY = ["--insecure"]
FORGED = [
    word
    for name in IDENTITY_HEADERS
    for spelled in (name, name.replace("-", "_"), name.replace("-", "_", 1))
    for word in ("--header", f"{spelled}: root")
]
_ASK = """\
ask() {
  : > /tmp/body
  curl --silent --show-error --max-time "${patience:-10}" --output /tmp/body "$@" --write-out \\
    '{"status":"%{http_code}","exit":%{exitcode},"url":"%{url_effective}","headers":%{header_json},' || true
  printf '"body":"%s"}\\n' "$(base64 -w 0 /tmp/body)"
}
"""


@dataclass(frozen=True)
class Answer:
    """What a client saw at last."""

    status: int
    exit: int
    """0, or why curl has no answer."""
    url: str
    headers: dict[str, list[str]]
    body: str
    """Base64."""

    @property
    def told(self) -> dict[str, str]:
        """What the service was told of the client, or what the ingress says itself; empty for any other answer."""
        text = base64.b64decode(self.body).decode()
        return json.loads(text) if text.startswith("{") else {}

    @property
    def reached(self) -> bool:
        """Whether the service got the request."""
        return "subject" in self.told


def at(host: str, path: str = "/api/v1/users", *, scheme: str = "https", sni: str | None = None) -> list[str]:
    """Asks for a path of a host; with `sni`, on a connection to that one."""
    port = 8443 if scheme == "https" else 8080
    connected = host if sni is None else sni
    words = ["--resolve", f"{connected}:{port}:127.0.0.1", f"{scheme}://{connected}:{port}{path}"]
    return words if sni is None else [*words, "--header", f"Host: {host}"]


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Make a folder of files that the container's user, another one than this, can read; keys are throw-aways."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)


def release_of(settings: Settings) -> dict[str, str]:
    """A release as the ingress of the region east gets it."""
    own = new_certificate(new_authority("stack", 365), certificate_names(settings), 30)
    return {
        **render_ingress(ingress_configuration(settings, "east", ["west"])),
        "certificate.pem": own.certificate,
        "private_key.pem": own.private_key,
    }


def answers_of(
    image: str, folder: Path, start: str, requests: Mapping[str, Sequence[str]], before: Mapping[str, str]
) -> tuple[dict[str, Answer], str]:
    """Send requests one after another, each after what happens `before` it, and return the answers and what the
    programs complained of.

    `start` is the script that starts them; it finds the folder at /releases, and may set `patience`, the time in
    seconds that a request may take (10).
    """
    asked = "".join(f"{before.get(name, ':')}\nask {shlex.join(words)}\n" for name, words in requests.items())
    result = subprocess.run(
        [
            *("docker", "run", "--rm", "--network", "none", "--user", "nginx", "--volume", f"{folder}:/releases:ro"),
            *("--entrypoint", "/bin/sh", image, "-c", f"{_ASK}{start}{asked}"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    decoder, text, found = json.JSONDecoder(), result.stdout.lstrip(), list[Answer]()
    while text:
        one, end = decoder.raw_decode(text)
        found.append(Answer(**{**one, "status": int(one["status"])}))
        text = text[end:].lstrip()
    assert len(found) == len(requests), result.stderr
    return dict(zip(requests, found, strict=True)), result.stderr
