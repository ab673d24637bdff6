"""What keeps the sessions of a login by OIDC: oauth2-proxy (https://oauth2-proxy.github.io/oauth2-proxy/, licence MIT).

Each Nginx asks it. It runs as a service of strangers does, found through Consul, in every region; a session that one of
them has made is good for all, as it is in the cookie and their key is the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import pulumi

from components.consul.check import Check
from components.files import GivenFile
from components.ingress.login import EVERYBODY, LOGIN_PATH, Login
from components.microservice.workload import Egress, Workload
from components.text import rendered, templates

IMAGE = "oauth2-proxy"
"""Short name of its image."""

PORT = 4180

REPLICAS = {"docker": 1, "kubernetes": 2}
"""Platform to their number in each region; where a region has none left, another one's are asked."""

FOLDER = "/etc/gostack"
"""Folder of its files."""

CONFIGURATION = f"{FOLDER}/oauth2-proxy.cfg"
_CLIENT_SECRET, _COOKIE_SECRET = f"{FOLDER}/client-secret", f"{FOLDER}/cookie-secret"
_ISSUER_CA, _EMAILS = f"{FOLDER}/issuer-ca.pem", f"{FOLDER}/emails"


def login_service(login: str) -> str:
    """Return the name by which Consul knows what keeps the sessions of a login."""
    return f"login-{login}"


def login_proxy_workload(login: Login) -> Workload:
    """Return what every replica is."""
    return Workload(
        args=[f"--config={CONFIGURATION}"],
        # As in the official image, which has no shell.
        user="65532",
        port=PORT,
        check=Check(path="/ready"),
        memory_mib=96,
        cpus=0.5,
        memory_request_mib=32,
        cpu_request=0.025,
        # Nothing in it is slow but what it asks the issuer.
        autoscaling=None,
        egress=[Egress(network="0.0.0.0/0", port=urlsplit(login.issuer or "").port or 443)],
        drain_seconds=2,
        termination_grace_period_seconds=5,
    )


def login_proxy_files(
    name: str,
    login: Login,
    *,
    client_secret: pulumi.Input[str],
    cookie_secret: pulumi.Input[str],
    issuer_ca: str | None,
) -> Mapping[str, GivenFile]:
    """Return path to file of what it reads; what is a secret Output stays one.

    `cookie_secret` are 24 or 32 bytes in URL-safe base64: the key of the sessions.
    """
    domains = [email.removeprefix("@") for email in login.allowed_emails if email.startswith(("@", EVERYBODY))]
    people = [email for email in login.allowed_emails if not email.startswith(("@", EVERYBODY))]
    files: dict[str, GivenFile] = {
        CONFIGURATION: {
            "content": rendered(
                "ingress/templates/oauth2-proxy.cfg.j2",
                name=name,
                login=login,
                port=PORT,
                prefix=f"{LOGIN_PATH}{name}",
                issuer_host=urlsplit(login.issuer or "").netloc,
                client_secret=_CLIENT_SECRET,
                cookie_secret=_COOKIE_SECRET,
                issuer_ca=_ISSUER_CA if issuer_ca is not None else "",
                # Who is let in by a group may have any address.
                domains=domains if login.allowed_emails else [EVERYBODY],
                emails=_EMAILS if people else "",
            )
        },
        _CLIENT_SECRET: {"content": client_secret},
        _COOKIE_SECRET: {"content": cookie_secret},
    }
    if issuer_ca is not None:
        files[_ISSUER_CA] = {"content": issuer_ca}
    if people:
        files[_EMAILS] = {"content": "".join(f"{email}\n" for email in people)}
    return files


def _toml(value: object) -> str:
    """A text, or a list of some, as TOML has it."""
    return json.dumps(value, ensure_ascii=False)


templates().filters["toml"] = _toml  # pyright: ignore[reportUnknownMemberType]
