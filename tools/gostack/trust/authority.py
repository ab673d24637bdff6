"""A stack's certificate authority as others' stores know it: by its fingerprint."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass

SHORT = 16
"""Digits of the fingerprint in names."""


@dataclass(frozen=True)
class Authority:
    """A certificate and the stack whose authority it is."""

    stack: str
    pem: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 hex digits."""
        return fingerprint(self.pem)

    @property
    def name(self) -> str:
        """What the stores call it."""
        return f"gostack-{self.stack}-{self.fingerprint[:SHORT]}"


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a certificate, 64 hex digits; empty for a text that is none."""
    found = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, flags=re.DOTALL)
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest() if found else ""
    except ValueError:
        return ""


def is_of(stack: str, name: str, pem: str) -> bool:
    """Return whether an entry of a store is an authority of a stack that this command put there, also an earlier one:
    its name is made of the stack and of what the certificate itself says."""
    found = fingerprint(pem)
    return bool(found) and name == f"gostack-{stack}-{found[:SHORT]}"
