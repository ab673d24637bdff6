"""What is special about one host of the ingress: its certificate, those of its clients, names that lead to it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from components.ingress.names import HostName
from components.section import Section


class ClientCertificates(Section):
    """Clients show a certificate (mTLS). The service learns of it in `X-Client-Subject` (RFC 2253) and
    `X-Client-Fingerprint` (SHA-1, in hexadecimal); nobody else can send these."""

    ca: Annotated[str, Field(min_length=1)]
    """File with the certificates of the authorities that sign those of clients, PEM, relative to the project or
    absolute."""

    required: bool = True
    """True: a request without one gets 403. False: clients may have none, but for routes with
    `client_certificate: true`."""


class Site(Section):
    """One of `gostack:ingress.hosts`, where it is not like the others."""

    redirect_from: list[HostName] = Field(default_factory=list[str])
    """Other names that lead here, by a redirect that keeps path, query and method, for example "www.example.com"."""

    certificate: str | None = None
    """File with the host's own certificate and the authorities between it and the one that clients know, PEM, relative
    to the project or absolute. With it goes the secret `key`. It names the host and `redirect_from`."""

    client_certificates: ClientCertificates | None = None
    """Authorities of the clients' certificates; None asks clients for none."""

    hsts_preload: bool = False
    """True: `Strict-Transport-Security` says that browsers may put the domain on the list of those that they never ask
    without TLS (https://hstspreload.org). It holds for every name below it and is hard to take back."""

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for name in self.redirect_from:
            if self.redirect_from.count(name) > 1:
                raise ValueError(f'redirect_from has "{name}" twice: remove one of them.')
        return self
