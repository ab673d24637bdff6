"""Whether clients reach the services: Pulumi is done when replicas are registered, the ingress asks a second later."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import urllib3

from components.ingress import is_own_answer
from infra.settings import Settings

PATIENCE_SECONDS = 20.0
_NO_REPLICA = frozenset({502, 503, 504})
_LONGEST_OWN_ANSWER = 200


def wait_until_reachable(
    settings: Settings, addresses: Mapping[str, str], authority: Path | None, patience: float = PATIENCE_SECONDS
) -> list[str]:
    """Wait until every region's ingress reaches every service with a route; return one sentence for each that does not.

    The ingress is asked at its address (region to host and port, the stack's output `addresses`), by the first of its
    host names: that one need not resolve here. `authority` must have signed its certificate; with None any is taken, as
    the one of a certificate that the stack did not make need not be known here. `patience` is in seconds, for each
    region.
    """
    host = settings.ingress.hosts[0]
    told: list[str] = []
    for name, address in addresses.items():
        reached, _, port = address.rpartition(":")
        pool = urllib3.HTTPSConnectionPool(
            reached,
            int(port),
            cert_reqs="CERT_NONE" if authority is None else "CERT_REQUIRED",
            ca_certs=None if authority is None else str(authority),
            server_hostname=host,
            assert_hostname=False if authority is None else host,
            retries=False,
            timeout=5,
        )
        deadline = time.monotonic() + patience
        for service, values in settings.services.items():
            path = next((route.path for route in values.routes if route.match != "regex"), None)
            if path is None or values.maintenance:
                continue
            problem = _problem(pool, host, path, deadline)
            if problem:
                told.append(f"the ingress of {name} does not reach {service}: {path} {problem}")
        pool.close()
    return told


def _problem(pool: urllib3.HTTPConnectionPool, host: str, path: str, deadline: float) -> str:
    while True:
        try:
            status = pool.request("HEAD", path, headers={"Host": host}).status
            # A service may say 503 itself, and then it is reached.
            if status not in _NO_REPLICA or not _own_answer(pool, host, path):
                return ""
            problem = f"answers {status}"
        except urllib3.exceptions.HTTPError as error:
            problem = f"gives no answer ({type(error).__name__})"
        if time.monotonic() >= deadline:
            return problem
        time.sleep(0.2)


def _own_answer(pool: urllib3.HTTPConnectionPool, host: str, path: str) -> bool:
    """Whether the ingress answers a GET itself. An answer that is long, or has no end, is not read."""
    response = pool.request("GET", path, headers={"Host": host}, preload_content=False)
    try:
        length = int(response.headers.get("Content-Length", _LONGEST_OWN_ANSWER + 1))
        return length <= _LONGEST_OWN_ANSWER and is_own_answer(response.status, response.read())
    finally:
        response.close()
