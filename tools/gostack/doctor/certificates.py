"""How long the certificates of a running stack still hold."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from tools.gostack.doctor.finding import Finding

CERTIFICATE_WARNING = timedelta(days=7)


def check_certificates(
    wanted: Mapping[str, tuple[str, int]],
    own: frozenset[int],
    expiry: Callable[[str, int], datetime | None],
    now: datetime | None = None,
) -> Iterator[Finding]:
    """How long the certificates of a running stack still hold; nothing when it does not run."""
    now = now or datetime.now(UTC)
    for purpose, (address, port) in wanted.items():
        if "https" not in purpose or port not in own:
            continue
        until = expiry(address, port)
        if until is None:
            continue
        left = until - now
        text = f"{purpose}: until {until:%Y-%m-%d %H:%M} UTC"
        if left <= timedelta():
            yield Finding("certificate", "fail", f"{text}, expired", "make up")
        elif left <= CERTIFICATE_WARNING:
            yield Finding("certificate", "warn", text, "make up renews it")
        else:
            yield Finding("certificate", "ok", text)


def served_certificate_expiry(address: str, port: int) -> datetime | None:
    """When the certificate that is served at an address ends; None when none is."""
    from cryptography import x509

    host = "127.0.0.1" if address in ("0.0.0.0", "::", "") else address  # noqa: S104  # compared, not bound
    try:
        pem = ssl.get_server_certificate((host, port), timeout=2)
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except (OSError, ValueError):
        return None
