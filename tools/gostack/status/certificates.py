"""The entry of each region as a client sees it: whether it speaks TLS, and until when its certificate is good.

Nothing is asked but the handshake: a request would be in the ingress's log, by which a canary is judged.
"""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

from cryptography import x509

from tools.gostack.lifecycle.tls import client_context
from tools.gostack.status.model import IngressEntry

_PATIENCE_SECONDS = 3.0


def entry(region: str, address: str, host: str, authority: str, *, public: bool = False) -> tuple[IngressEntry, str]:
    """Return the entry at an address, host and port, and one sentence when it is not well, else "".

    `host` is the name that clients use, `authority` the certificate in PEM that must have signed the entry's; empty for
    one that is public. With `public` it may be either.
    """
    verified = client_context(authority, public=public)
    try:
        certificate, problem = _shown(address, host, verified), ""
    except ssl.SSLCertVerificationError as error:
        certificate = _unverified(address, host)
        problem = f"the ingress of {region} shows a certificate that clients refuse ({error.verify_message})."
    except OSError as error:
        certificate = None
        problem = f"the ingress of {region} gives no answer at {address} ({error.strerror or type(error).__name__})."
    days = days_left(x509.load_der_x509_certificate(certificate)) if certificate else None
    return IngressEntry(region, address, not problem, days), problem


def authority_days(authority: str) -> int | None:
    """Return the whole days until a certificate in PEM expires; None when there is none."""
    return days_left(x509.load_pem_x509_certificate(authority.encode())) if authority else None


def days_left(certificate: x509.Certificate, now: datetime | None = None) -> int:
    """Return the whole days until a certificate expires, negative when it has."""
    return (certificate.not_valid_after_utc - (now or datetime.now(UTC))).days


def _shown(address: str, host: str, context: ssl.SSLContext) -> bytes | None:
    reached, _, port = address.rpartition(":")
    with (
        socket.create_connection((reached.strip("[]"), int(port)), timeout=_PATIENCE_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host) as secure,
    ):
        return secure.getpeercert(binary_form=True)


def _unverified(address: str, host: str) -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return _shown(address, host, context)
    except OSError:
        return None
