"""The program beside an ingress's Nginx that verifies bearer tokens: its source is in `verifier/`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import SplitResult, urlsplit

import pulumi

from components.ingress.login import Login

VERIFIER = "gostack-token-verifier"
"""Name of its image."""

VERIFIER_SOURCE = "components/ingress/verifier"
"""Folder of its source, relative to the project."""

READY = ("/service", "--ready")
"""Ends with 0 once it answers."""

_FIRST_PORT, _PORTS = 20_000, 8192


class TokenVerifierArgs(TypedDict):
    """Inputs of the program."""

    image: pulumi.Input[str]
    """Image that was built from `VERIFIER_SOURCE`."""

    logins: Mapping[str, Login]
    """Name to login of kind `jwt`."""

    key_sets: Mapping[str, pulumi.Input[str]]
    """Name of a login to its issuer's public keys (RFC 7517), for those without `jwks_url`."""


def token_logins(logins: Mapping[str, Login]) -> dict[str, Login]:
    """Return those of the logins whose tokens the program verifies."""
    return {name: login for name, login in logins.items() if login.kind == "jwt"}


def verifier_port(logins: Mapping[str, Login]) -> int:
    """Return the port on the loopback of the pod, another one for other `logins` by tokens: Nginx asks the old program
    until it has the configuration that names the new one."""
    declared = {name: login.model_dump(include=set(Login.model_fields)) for name, login in logins.items()}
    digest = hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).digest()
    return _FIRST_PORT + int.from_bytes(digest[:4]) % _PORTS


def verifier_environment(args: TokenVerifierArgs) -> dict[str, pulumi.Input[str]]:
    """Return the variables that the program reads."""
    logins = args["logins"]
    # All of nothing is a list.
    written = pulumi.Output.all(**args["key_sets"]).apply(lambda known: written_logins(logins, known or {}))
    return {"ADDRESS": f"127.0.0.1:{verifier_port(logins)}", "LOGINS": written}


def written_logins(logins: Mapping[str, Login], key_sets: Mapping[str, str]) -> str:
    """Return the logins as the program reads them; `key_sets` are those of `TokenVerifierArgs`, known."""
    found = {
        name: {
            "issuer": login.issuer,
            "audience": login.audience,
            "jwks_url": login.jwks_url or "",
            "jwks": json.loads(key_sets.get(name, "null")),
        }
        for name, login in sorted(logins.items())
    }
    return json.dumps(found, sort_keys=True)


def issuer_ports(logins: Mapping[str, Login]) -> list[int]:
    """Return the ports at which issuers outside of the stack have their keys."""
    return sorted(
        {url.port or (443 if url.scheme == "https" else 80) for url in _issuers(logins) if "." in (url.hostname or "")}
    )


def asks_services(logins: Mapping[str, Login]) -> bool:
    """Return whether a service of the stack is an issuer: its name has no dot."""
    return any("." not in (url.hostname or "") for url in _issuers(logins))


def _issuers(logins: Mapping[str, Login]) -> list[SplitResult]:
    return [urlsplit(login.jwks_url) for login in logins.values() if login.jwks_url is not None]
