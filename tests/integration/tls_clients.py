"""Clients of every region that look at its certificate, each request on a connection of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.integration.support import tell
from tests.support.load import Load, Request

RATE = 20
"""Requests a second to each region."""


def served(port: int, host: str) -> x509.Certificate:
    """The certificate that a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


class Clients:
    """Clients of a host by the regions' ports, who trust some authorities, PEM: a certificate of another one is a
    failure."""

    def __init__(self, host: str, ports: Mapping[str, int], trusted: str, folder: Path) -> None:
        file = folder / "trusted.pem"
        file.write_text(trusted)

        def load(port: int) -> Load:
            url = f"https://{host}:{port}/hello/ada"
            detours = {f"{host}:{port}": f"127.0.0.1:{port}"}
            return Load(file, RATE, lambda _: Request("GET", url), keepalive=False, detours=detours)

        self._loads = [load(port) for port in ports.values()]
        self._running = ExitStack()

    def __enter__(self) -> Clients:
        for one in self._loads:
            self._running.enter_context(one)
        return self

    def __exit__(self, *ended: Any) -> None:
        self._running.__exit__(*ended)

    def noticed(self, what: str, at_least: int) -> list[Any]:
        """Return what failed, of so many requests at least."""
        sent = sum(one.result.sent for one in self._loads)
        failures = [failure for one in self._loads for failure in one.result.failures]
        tell(f"certificates: {what}: {sent} requests on as many connections, {len(failures)} failed")
        assert sent >= at_least
        return failures
