"""What hosts and logins of the ingress are given: files must be there, secrets be what nginx takes, both belong
together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from components.ingress.site import Site
from components.microservice.files import require_text
from infra.settings.edge import CERTIFICATE, KEY, USERS
from infra.settings.errors import SettingsError

if TYPE_CHECKING:
    from infra.settings.model import Settings

SLOWEST_BCRYPT = 10
"""Cost of a hash, which nginx computes with every request: 10 are about 50 ms in which its worker does nothing else."""

_SHORTEST_RSA = 2048
_USER = re.compile(
    r"[^:\s#]{1,64}:(?:\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}|\$6\$(?:rounds=\d{4,6}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86})"
)


def file_text(path: str, project: Path) -> str:
    """Return the text of a file, relative to the project or absolute; raises ValueError for what is none."""
    try:
        text = (project / Path(path).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f'it is "{path}", which is no file of text: write a path relative to Pulumi.yaml.') from None
    require_text(f'"{path}"', text)
    return text


def require_edge_files(settings: Settings, project: Path) -> None:
    """Raise SettingsError for a file of a host or a login that is not what it is for."""
    for host, site in settings.ingress.sites.items():
        key = f"gostack:ingress.sites.{host}"
        if site.client_certificates is not None:
            _certificates(
                f"{key}.client_certificates.ca",
                _read(f"{key}.client_certificates.ca", site.client_certificates.ca, project),
            )
        if site.certificate is not None:
            _require_names(f"{key}.certificate", _read(f"{key}.certificate", site.certificate, project), host, site)
    for name, login in settings.ingress.logins.items():
        if login.issuer_ca is not None:
            key = f"gostack:ingress.logins.{name}.issuer_ca"
            _certificates(key, _read(key, login.issuer_ca, project))
        if login.jwks is not None:
            key = f"gostack:ingress.logins.{name}.jwks"
            _require_keys(key, _read(key, login.jwks, project))


def require_edge_secrets(settings: Settings, project: Path) -> None:
    """Raise SettingsError for a secret of a host or a login that nginx would refuse; their values must be known."""
    for host, site in settings.ingress.sites.items():
        if not site.has_certificate:
            continue
        key = f"gostack:ingress.sites.{host}"
        if site.certificate is not None:
            text = file_text(site.certificate, project)
        else:
            text = site.secrets[CERTIFICATE].get_secret_value()
            _require_names(f"{key}.secrets.{CERTIFICATE}", text, host, site)
        _require_key(f"{key}.secrets.{KEY}", text, site.secrets[KEY].get_secret_value())
    for name, login in settings.ingress.logins.items():
        if USERS in login.secrets:
            _require_users(f"gostack:ingress.logins.{name}.secrets.{USERS}", login.secrets[USERS].get_secret_value())


def _read(key: str, path: str, project: Path) -> str:
    try:
        return file_text(path, project)
    except ValueError as error:
        raise SettingsError(f"{key}: {error}") from None


def _certificates(key: str, text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise SettingsError(f"{key} holds no certificates: write them as PEM, the host's own first.") from None


def _require_names(key: str, text: str, host: str, site: Site) -> None:
    leaf = _certificates(key, text)[0]
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise SettingsError(f"{key} names no host (subjectAltName): get another certificate.") from None
    known = found.get_values_for_type(x509.DNSName)
    for name in (host, *site.redirect_from):
        wildcard = f"*.{name.partition('.')[2]}"
        if name not in known and wildcard not in known:
            raise SettingsError(
                f'{key} is for {", ".join(known) or "no host"} and not for "{name}": get one that names it.'
            )


def _require_key(key: str, certificate: str, private_key: str) -> None:
    try:
        found = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise SettingsError(f"{key} is no private key without a passphrase: write it as PEM.") from None
    if not isinstance(found, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SettingsError(f"{key} is neither an RSA nor an EC key, which browsers know: make another one.")
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size < _SHORTEST_RSA:
        raise SettingsError(f"{key} has {found.key_size} bits: make one with {_SHORTEST_RSA}, or an EC key.")
    if found.public_key() != _certificates(key, certificate)[0].public_key():
        raise SettingsError(f"{key} is not that of the certificate: write the one that it was made with.")


def _require_keys(key: str, text: str) -> None:
    found: list[dict[str, str]] = []
    try:
        found = json.loads(text)["keys"]
        kinds = [one["kty"] for one in found]
    except (ValueError, KeyError, TypeError):
        kinds = []
    if not kinds:
        raise SettingsError(f'{key} holds no keys: write them as {{"keys": [{{"kty": …}}]}} (RFC 7517).')
    if "oct" in kinds or any("d" in one for one in found):
        raise SettingsError(f"{key} holds a key that signs: write the public ones alone, and make others.")


def _require_users(key: str, text: str) -> None:
    names: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = _USER.fullmatch(line)
        if match is None:
            raise SettingsError(
                f"{key} has in line {number} no name with a hash of bcrypt or SHA-512: `openssl passwd -6` makes one."
            )
        if match["cost"] is not None and int(match["cost"]) > SLOWEST_BCRYPT:
            raise SettingsError(
                f"{key} has in line {number} a hash of cost {match['cost']}, and every request takes as long: use at "
                f"most {SLOWEST_BCRYPT}, or SHA-512 (`openssl passwd -6`)."
            )
        name = line.partition(":")[0]
        if name in names:
            raise SettingsError(f'{key} has "{name}" twice: remove one of the lines.')
        names.add(name)
