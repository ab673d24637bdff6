"""The cluster's certificate authorities and certificates, made on this machine and renewed before they end."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.offline.cluster.layout import API_SERVICE, CLUSTER_DOMAIN, CONTROL_PLANE, NODES

_LIFETIME = datetime.timedelta(days=365)
_RENEWED_BEFORE = datetime.timedelta(days=60)
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
_Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Certificate:
    """A certificate to have: who it is for and who signs it."""

    name: str
    """The name of its files."""
    common_name: str
    """The user's name where it is a client's."""
    usages: tuple[x509.ObjectIdentifier, ...]
    authority: str = "cluster-ca"
    organisation: str | None = None
    """The user's group where it is a client's."""
    dns: tuple[str, ...] = ()
    addresses: tuple[IPv4Address, ...] = ()


AUTHORITIES = ("cluster-ca", "front-proxy-ca", "etcd-ca")


def wanted() -> list[Certificate]:
    """Every certificate of the cluster."""
    loopback = IPv4Address("127.0.0.1")
    api_names = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
    certificates = [
        Certificate(
            "kube-apiserver",
            "kube-apiserver",
            (_SERVER,),
            dns=(*api_names, f"kubernetes.default.svc.{CLUSTER_DOMAIN}"),
            addresses=(loopback, CONTROL_PLANE, API_SERVICE),
        ),
        Certificate("etcd", "etcd", (_SERVER, _CLIENT), "etcd-ca", addresses=(CONTROL_PLANE,)),
        Certificate("etcd-client", "kube-apiserver", (_CLIENT,), "etcd-ca"),
        Certificate("front-proxy", "front-proxy-client", (_CLIENT,), "front-proxy-ca"),
        Certificate("kubelet-client", "kube-apiserver-kubelet-client", (_CLIENT,)),
        # The API server asks for it under the name of its Service.
        Certificate("metrics-server-serving", "metrics-server", (_SERVER,), dns=("metrics-server.kube-system.svc",)),
        Certificate("admin", "gostack-admin", (_CLIENT,), organisation="system:masters"),
    ]
    components = (
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "metrics-server",
        "local-cloud",
        "network-policy",
    )
    certificates += [Certificate(name, f"system:{name}", (_CLIENT,)) for name in components]
    for node in NODES:
        user = f"system:node:{node.name}"
        certificates.append(Certificate(node.name, user, (_CLIENT,), organisation="system:nodes"))
        serving = Certificate(
            f"{node.name}-serving",
            user,
            (_SERVER,),
            organisation="system:nodes",
            dns=(node.name,),
            addresses=(node.address,),
        )
        certificates.append(serving)
    return certificates


def ensure_certificates(folder: Path, now: datetime.datetime | None = None) -> bool:
    """Make what is missing or about to end in `folder`; return whether anything was made.

    An authority that is renewed has everything it signed renewed with it.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = False
    renewed: set[str] = set()
    for name in AUTHORITIES:
        if not _good(folder / f"{name}.crt", now):
            _write(folder, name, *_authority(name, now))
            renewed.add(name)
    for certificate in wanted():
        if certificate.authority in renewed or not _good(folder / f"{certificate.name}.crt", now):
            issuer = x509.load_pem_x509_certificate((folder / f"{certificate.authority}.crt").read_bytes())
            key = serialization.load_pem_private_key((folder / f"{certificate.authority}.key").read_bytes(), None)
            _write(folder, certificate.name, *_signed(certificate, issuer, cast(_Key, key), now))
            changed = True
    if not (folder / "service-accounts.pub").is_file():
        _service_account_keys(folder)
        changed = True
    return changed or bool(renewed)


def _good(path: Path, now: datetime.datetime) -> bool:
    if not path.is_file() or not path.with_suffix(".key").is_file():
        return False
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - now > _RENEWED_BEFORE


def _name(common_name: str, organisation: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, key: _Key, now: datetime.datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    # Five minutes back: a clock that was just corrected must not refuse a certificate as not yet valid.
    builder = builder.not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + _LIFETIME)
    return builder.serial_number(x509.random_serial_number())


def _authority(name: str, now: datetime.datetime) -> tuple[x509.Certificate, _Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"gostack {name}")
    builder = _builder(subject, subject, key, now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def _signed(
    certificate: Certificate, issuer: x509.Certificate, issuer_key: _Key, now: datetime.datetime
) -> tuple[x509.Certificate, _Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(certificate.common_name, certificate.organisation), issuer.subject, key, now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(list(certificate.usages)), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in certificate.dns]
    names += [x509.IPAddress(address) for address in certificate.addresses]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()), key


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _service_account_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_private(folder / "service-accounts.key", _pem(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "service-accounts.pub").write_bytes(public)


def _write(folder: Path, name: str, certificate: x509.Certificate, key: _Key) -> None:
    _write_private(folder / f"{name}.key", _pem(key))
    # The certificate last: what has a certificate is complete.
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
