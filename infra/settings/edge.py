"""Settings of the hosts and the logins of the ingress, and the checks that look at them together with the routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from components.ingress.login import LOGIN_PATH, Login, oidc_logins
from components.ingress.names import HostName, is_address
from components.ingress.route import Protocol
from components.ingress.site import Site
from infra.settings.base import Name
from infra.settings.ingress import served_hosts
from infra.settings.secret_references import AWS
from infra.settings.secrets import Secrets
from infra.settings.sentences import missing_registry

if TYPE_CHECKING:
    from infra.settings.model import Settings

CERTIFICATE, KEY, USERS, CLIENT_SECRET = "certificate", "key", "htpasswd", "client_secret"
"""Names of the secrets of a site and of a login."""


class SiteSettings(Site):
    """One of `gostack:ingress.hosts`, where it is not like the others."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """As of a service: `key`, the private key of the host's own certificate (PEM), and, instead of the file
    `certificate`, the certificate itself as `certificate`."""

    @property
    def has_certificate(self) -> bool:
        """Whether the host has a certificate of its own."""
        return KEY in self.secrets

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        _only(self.secrets, CERTIFICATE, KEY)
        if self.certificate is not None and CERTIFICATE in self.secrets:
            raise ValueError("certificate is there as a file and as a secret: remove one of them.")
        if (self.certificate is not None or CERTIFICATE in self.secrets) != self.has_certificate:
            missing = "certificate" if self.has_certificate else "secrets.key"
            raise ValueError(f"{missing} is missing: a certificate and its private key go together.")
        return self


class LoginSettings(Login):
    """A login, with its secrets."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """As of a service: `htpasswd` of `basic`, a line `name:hash` for each person, as `htpasswd -nB` (bcrypt) or
    `openssl passwd -6` (SHA-512) make it. The latter is quicker to check, which happens with every request. Of `oidc`
    `client_secret`, which goes with `client_id`."""

    @model_validator(mode="after")
    def _secrets_of_the_kind(self) -> Self:
        wanted = {"basic": [USERS], "jwt": list[str](), "oidc": [CLIENT_SECRET]}[self.kind]
        _only(self.secrets, *wanted)
        for name in wanted:
            if name not in self.secrets:
                raise ValueError(f"secrets.{name} is missing: encrypt it with `gostack secrets set`.")
        return self


Sites = dict[HostName, SiteSettings]
"""Host to what is special about it."""

Logins = Annotated[dict[Name, LoginSettings], Field(max_length=20)]
"""Name to login."""


def edge_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each host or login that cannot be served as the settings say."""
    ingress = settings.ingress
    owners = dict.fromkeys(served_hosts(settings), "gostack:ingress.hosts")
    for host, site in ingress.sites.items():
        key = f"gostack:ingress.sites.{host}"
        if host not in ingress.hosts:
            yield f"{key} is none of gostack:ingress.hosts: add it there."
        for name in site.redirect_from:
            if name in owners:
                yield f'{key}.redirect_from has "{name}", which {owners[name]} has already: remove one of them.'
            owners[name] = key
        if site.hsts_preload and (is_address(host) or host.rpartition(".")[2] == "localhost"):
            yield f"{key}.hsts_preload is of a name that no list of browsers has: remove it."
        if site.has_certificate or site.client_certificates is not None:
            what = "certificate" if site.has_certificate else "client_certificates"
            if settings.aws is not None:
                yield f"{key}.{what} has no meaning with gostack:aws, whose load balancers end TLS: remove it."
            if is_address(host):
                yield f"{key}.{what} is of an address, by which TLS clients name no host: give it to a host name."
        if host == ingress.hosts[0] and site.client_certificates is not None and site.client_certificates.required:
            yield (
                f"{key}.client_certificates is of the first host, by which `up` and `status` ask without one: put "
                "another host first, or set required to false."
            )
        yield from _references(key, site)
    for name, login in ingress.logins.items():
        yield from _references(f"gostack:ingress.logins.{name}", login)
        if login.kind == "jwt":
            yield from _token_problems(settings, f"gostack:ingress.logins.{name}", login)
        if login.kind == "oidc":
            yield from _oidc_problems(settings, name, login)
    for service, values in settings.services.items():
        for route in values.routes:
            key = f'gostack:services.{service}.routes has "{route.path}"'
            if route.path.startswith(LOGIN_PATH):
                yield f"{key}, where the ingress itself answers about logins: give it another path."
            if route.login is not None and route.login not in ingress.logins:
                known = f"use one of {', '.join(sorted(ingress.logins))}" if ingress.logins else "add it there"
                yield f'{key} with the login "{route.login}", which is none of gostack:ingress.logins: {known}.'
            elif route.protocol is Protocol.GRPC and route.login in oidc_logins(ingress.logins):
                yield (
                    f'{key} with the login "{route.login}" of kind oidc, which is for people in a browser, and '
                    "protocol grpc: use a login of kind jwt."
                )
            for host in (route.hosts or ingress.hosts) if route.client_certificate else []:
                found = ingress.sites.get(host)
                if found is None or found.client_certificates is None:
                    yield (
                        f"{key} with client_certificate on {host}, which asks for none: add "
                        f"gostack:ingress.sites.{host}.client_certificates, or name the route's hosts."
                    )


def _token_problems(settings: Settings, key: str, login: LoginSettings) -> Iterator[str]:
    if settings.aws is not None:
        yield f"{key}.kind jwt has no meaning with gostack:aws so far, where no image is built: remove it."
    if settings.platform == "kubernetes" and not settings.registry:
        yield missing_registry(f"what verifies the tokens of {key}")
    issuers = [name for name, service in settings.services.items() if service.tokens is not None]
    if login.service is not None and login.service not in issuers:
        known = f"use one of {', '.join(issuers)}, or " if issuers else ""
        yield (
            f'{key}.service is "{login.service}", which signs no tokens: {known}add '
            f"gostack:services.{login.service}.tokens."
        )
    host = urlsplit(login.jwks_url or "").hostname
    if host is not None and "." not in host and host not in settings.callable_services():
        yield (
            f'{key}.jwks_url names "{host}", which is no service that others call: write the whole name of a host, or '
            "the keys as a file (jwks)."
        )


def _oidc_problems(settings: Settings, name: str, login: LoginSettings) -> Iterator[str]:
    host = urlsplit(login.issuer or "").hostname or ""
    names = {*served_hosts(settings), *(one for site in settings.ingress.sites.values() for one in site.redirect_from)}
    if host in names:
        yield (
            f'gostack:ingress.logins.{name}.issuer is at "{host}", which this stack serves itself, once what asks the '
            "issuer is there: run the issuer in another stack."
        )


def _references(key: str, section: SiteSettings | LoginSettings) -> Iterator[str]:
    for name, value in section.secrets.items():
        if value.get_secret_value().startswith(f"ref+{AWS}:"):
            yield f"{key}.secrets.{name} refers to AWS Secrets Manager, which services alone read: use ref+vault."


def _only(secrets: Mapping[str, SecretStr], *known: str) -> None:
    for name in secrets:
        if name not in known:
            fix = f"name it {' or '.join(known)}" if known else "remove it"
            raise ValueError(f"secrets.{name} means nothing here: {fix}.")
