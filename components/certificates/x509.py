"""X.509 certificates as PEM text: an authority of the project's own and what it signs."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RENEW_AFTER = 0.7
"""Part of a certificate's life after which the next update renews it."""


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: str
    private_key: str


def new_authority(common_name: str, lifetime_days: int, now: datetime | None = None) -> KeyPair:
    """Return a new certificate authority (EC P-256) that may sign end certificates only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = (
        _builder(name, name, key.public_key(), lifetime_days, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def new_certificate(
    authority: KeyPair, names: Sequence[str], lifetime_days: float, now: datetime | None = None
) -> KeyPair:
    """Return a new certificate (EC P-256) of a server with these host names or addresses, signed by `authority`."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    issuer_key = serialization.load_pem_private_key(authority.private_key.encode(), password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's private key is not an EC key: rotate the authority")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(names[0]), issuer.subject, key.public_key(), lifetime_days, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    return _pair(builder.sign(issuer_key, hashes.SHA256()), key)


def new_series(
    authority: KeyPair, names: Sequence[str], lifetime_days: float, count: int, now: datetime | None = None
) -> list[KeyPair]:
    """Return at most `count` certificates, each from the time on at which the one before is due for renewal.

    None but the first outlives the authority.
    """
    start = now or datetime.now(UTC)
    end = x509.load_pem_x509_certificate(authority.certificate.encode()).not_valid_after_utc
    life = timedelta(days=lifetime_days)
    starts = [start + number * RENEW_AFTER * life for number in range(count)]
    return [
        new_certificate(authority, names, lifetime_days, begin)
        for begin in starts
        if begin == start or begin + life <= end
    ]


def current(series: Sequence[KeyPair], now: datetime | None = None) -> KeyPair:
    """Return the first certificate of a series that is not due for renewal, or the last one."""
    return next((pair for pair in series if _renew_at(pair) > (now or datetime.now(UTC))), series[-1])


def _renew_at(pair: KeyPair) -> datetime:
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + RENEW_AFTER * (end - begin)


def renewal_window(issued_at: float, lifetime_days: float, now: float) -> int:
    """Return how many times 70 % of `lifetime_days` have passed since `issued_at` (seconds since 1970).

    It is a counter that changes when a certificate issued at that time, or renewed since, is due.
    """
    return max(0, int((now - issued_at) // (RENEW_AFTER * lifetime_days * 86400)))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    lifetime_days: float,
    now: datetime | None,
) -> x509.CertificateBuilder:
    start = now or datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        # Clocks of clients may be a little behind.
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=lifetime_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "gostack"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        private_key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
