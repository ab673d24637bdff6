"""`gostack acceptance`: a deployed stack does what clients come for, asked from outside over verified TLS."""

from __future__ import annotations

import ssl
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import urllib3

from components.ingress import HEALTH_PATH, is_own_answer
from tools.gostack.lifecycle.tls import client_context
from tools.gostack.lifecycle.workspace import Workspace, demand_up

Ask = Callable[[str, str, Mapping[str, Any] | None], urllib3.BaseHTTPResponse]
"""Sends a request: method, URL, JSON body."""


def acceptance(workspace: Workspace) -> int:
    """Check the stack by its outputs, tell of each check, and return 0 or 1."""
    outputs = workspace.outputs()
    demand_up(outputs, workspace.stack)
    # A host may have a certificate by ACME or one of its own; on AWS each has one of a public authority.
    authority = "" if workspace.settings.aws is not None else str(outputs["ca_certificate"])
    failed = 0
    for what, problem in checks(outputs, asking(client_context(authority, public=True))):
        print(f"{'failed' if problem else 'passed'}: {what}{f': {problem}' if problem else ''}", flush=True)
        failed += bool(problem)
    if failed:
        print(f"{workspace.stack}: {failed} checks failed", file=sys.stderr)
    return 1 if failed else 0


def asking(trusted: ssl.SSLContext) -> Ask:
    """Return what asks over TLS, and takes no certificate but those that are trusted."""
    pool = urllib3.PoolManager(ssl_context=trusted, retries=False, timeout=15)
    return lambda method, url, body: pool.request(method, url, json=body)


def checks(outputs: Mapping[str, Any], ask: Ask) -> Iterator[tuple[str, str]]:
    """Return what is checked, each with what is wrong; empty when nothing is."""
    regions: Mapping[str, str] = outputs["regions"]
    for region, url in sorted(regions.items()):
        yield (
            f"the entry of {region} is well",
            _problem(lambda url=url: _expect(ask("GET", f"{url}{HEALTH_PATH}", None), 200)),
        )
        yield (
            f"an unknown path of {region} is a JSON 404",
            _problem(lambda url=url: _expect(ask("GET", f"{url}/{uuid.uuid4()}", None), 404, json=True)),
        )
    for name, service in sorted(outputs["services"].items()):
        if service["url"]:
            yield f"{name} answers", _problem(lambda service=service: _answers(ask("GET", service["url"], None)))
    users = outputs["services"].get("users")
    if users and users["url"]:
        yield (
            "a user that is created is read in every region",
            _problem(lambda: _round_trip(outputs, users["url"], ask)),
        )


def _round_trip(outputs: Mapping[str, Any], url: str, ask: Ask) -> str:
    email = f"{uuid.uuid4()}@acceptance.example"
    created = ask("POST", url, {"name": "Acceptance", "email": email})
    if problem := _expect(created, 201, json=True):
        return problem
    identity = created.json()["data"]["id"]
    first = str(outputs["url"])
    for region, entry in sorted(outputs["regions"].items()):
        read = ask("GET", f"{url.replace(first, str(entry), 1)}/{identity}", None)
        if problem := _expect(read, 200, json=True):
            return f"{region} {problem}"
        if read.json()["data"]["email"] != email:
            return f"{region} gives another user"
    # What acceptance has made is not left behind.
    return _expect(ask("DELETE", f"{url}/{identity}", None), 200, 204)


def _answers(response: urllib3.BaseHTTPResponse) -> str:
    if is_own_answer(response.status, response.data):
        return f"is not reached: the ingress answers {response.status} itself"
    return f"answers {response.status}" if response.status >= 500 else ""


def _expect(response: urllib3.BaseHTTPResponse, *statuses: int, json: bool = False) -> str:
    if response.status not in statuses:
        return f"answers {response.status} instead of {statuses[0]}"
    if json and "json" not in response.headers.get("Content-Type", ""):
        return "answers something that is no JSON"
    return ""


def _problem(check: Callable[[], str]) -> str:
    try:
        return check()
    except (urllib3.exceptions.HTTPError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
