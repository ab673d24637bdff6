"""One request over TLS, as a client of a host sends it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import urllib3


def ask(
    address: tuple[str, int],
    host: str,
    path: str,
    *,
    authority: Path,
    port: int = 443,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    certificate: Path | None = None,
    timeout: float = 30,
) -> urllib3.BaseHTTPResponse:
    """Send a request to an address, verified against an authority and the name of the host; follow no redirect.

    `port` is the one that clients write behind the host. `certificate` is the client's own, PEM, with its key beside it
    (`.key`). The time is in seconds.
    """
    pool = urllib3.HTTPSConnectionPool(
        *address,
        ca_certs=str(authority),
        cert_file=str(certificate) if certificate is not None else None,
        key_file=str(certificate.with_suffix(".key")) if certificate is not None else None,
        server_hostname=host,
        assert_hostname=host,
        retries=False,
        timeout=timeout,
    )
    with pool:
        return pool.request(
            method, path, body=body, headers={"Host": host_and_port(host, port), **(headers or {})}, redirect=False
        )


def host_and_port(host: str, port: int) -> str:
    """Return how clients write a host with its port."""
    return host if port == 443 else f"{host}:{port}"


def echoed(answer: urllib3.BaseHTTPResponse, header: str) -> list[str]:
    """What the service got in a header, of an answer in which it tells."""
    assert answer.status == 200, answer.data
    found: list[str] = answer.json()["headers"].get(header, [])
    return found
