"""Logins that the ingress asks for before a request reaches a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from components.section import Section

LOGIN_PATH = "/.well-known/gostack/login/"
"""Where Nginx asks itself about a login, and, below that, where people come back to from an issuer."""

_MEANT_FOR = {
    "issuer": ("jwt", "oidc"),
    **dict.fromkeys(("service", "audience", "jwks_url", "jwks"), ("jwt",)),
    **dict.fromkeys(("client_id", "issuer_ca", "scopes", "allowed_groups", "groups_claim"), ("oidc",)),
    **dict.fromkeys(("allowed_emails", "session_minutes"), ("oidc",)),
}
"""Key to the kinds with which it has a meaning."""

_ISSUER = re.compile(r"https://[^\s/?#@]+(/[^\s?#]*)?")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

EVERYBODY = "*"
"""Among `allowed_emails`: everybody whom the issuer knows."""


def _email(value: str) -> str:
    if value != EVERYBODY and (value.startswith(EVERYBODY) or not _EMAIL.fullmatch(value)):
        raise ValueError(
            f'"{value}" is no address: write it like "ada@example.com", or "@example.com" for all of them.'
        )
    # The issuer may write them in capitals.
    return value.lower()


Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line."""


class Login(Section):
    """How clients prove who they are on the routes that name it. Requests that do not get 401, and reach no service.
    The service learns who it is in `X-Auth-Subject` and `X-Auth-Request-User`, which no client can send."""

    kind: Literal["basic", "jwt", "oidc"]
    """`basic`: name and password, for what is internal; the service does not get the password. `jwt`:
    `Authorization: Bearer` with a token (RFC 7519) that `issuer` has signed for `audience` and that has not expired;
    its `sub` is who it is, and the service gets it too. While no key of the issuer is known, requests get 503. `oidc`:
    people in a browser, who are sent to log in at `issuer` (OpenID Connect) and come back with a session in a cookie;
    the service learns more of them in `X-Auth-Request-Email`, `-Groups` and `-Preferred-Username`."""

    service: str | None = None
    """`jwt` only: service of the stack that signs the tokens with the keys that the stack has made for it
    (`services.<name>.tokens`), instead of the other keys of this kind."""

    issuer: Annotated[str, Field(min_length=1)] | None = None
    """`jwt`: what the token's `iss` must be. `oidc`: URL of the issuer, exactly as it writes it itself, below which
    `/.well-known/openid-configuration` is."""

    audience: Annotated[str, Field(min_length=1)] | None = None
    """`jwt` only: what must be among the token's `aud`."""

    jwks_url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")] | None = None
    """`jwt` only: where the issuer's public keys are (RFC 7517). They are fetched every ten minutes, and when a token
    names one that is not known. A service of the stack has them at http://<service>/… once others can call it."""

    jwks: Annotated[str, Field(min_length=1)] | None = None
    """`jwt` only: file with the issuer's public keys (RFC 7517), relative to the project or absolute, instead of
    `jwks_url`."""

    client_id: Text | None = None
    """`oidc` only: as what the issuer knows the stack."""

    issuer_ca: Annotated[str, Field(min_length=1)] | None = None
    """`oidc` only: file with the certificates of the authorities that sign the issuer's own, PEM, relative to the
    project or absolute; those that everybody knows by default."""

    scopes: list[Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$")]] = Field(default=["openid", "email", "profile"])
    """`oidc` only: what is asked of the issuer. Some tell no groups without another one, such as "groups"."""

    allowed_groups: list[Text] = Field(default_factory=list[str])
    """`oidc` only: groups of which somebody needs one to be let in."""

    groups_claim: Text = "groups"
    """`oidc` only: what the issuer calls somebody's groups."""

    allowed_emails: list[Annotated[str, AfterValidator(_email)]] = Field(default_factory=list[str])
    """`oidc` only: addresses of which somebody needs one to be let in, for example "ada@example.com", "@example.com"
    for all of a domain, or "*" for everybody whom the issuer knows. With `allowed_groups`, both are needed."""

    session_minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60)] = 480
    """`oidc` only: time in minutes after which somebody is sent to the issuer again. As long is let in who has left a
    group there, or whose account was closed."""

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        for key, kinds in _MEANT_FOR.items():
            if key in self.model_fields_set and self.kind not in kinds:
                raise ValueError(
                    f"{key} means nothing with kind {self.kind}: remove it, or set kind to {' or '.join(kinds)}."
                )
        if self.kind == "jwt":
            self._require_jwt()
        if self.kind == "oidc":
            self._require_oidc()
        return self

    def _require_jwt(self) -> None:
        if self.service is not None:
            for key, kinds in _MEANT_FOR.items():
                if key in self.model_fields_set and key != "service" and "jwt" in kinds:
                    raise ValueError(f"{key} is what the service's tokens say already: remove it, or remove service.")
            return
        for key in ("issuer", "audience"):
            if getattr(self, key) is None:
                raise ValueError(f"{key} is missing: without it a token that is meant for somebody else would do.")
        if (self.jwks_url is None) == (self.jwks is None):
            raise ValueError(
                "it needs one of jwks_url and jwks: write where the issuer's public keys are, or name a service of the "
                "stack that signs."
            )

    def _require_oidc(self) -> None:
        for key in ("issuer", "client_id"):
            if getattr(self, key) is None:
                raise ValueError(f"{key} is missing: write it as the issuer shows it where the stack is registered.")
        if not _ISSUER.fullmatch(self.issuer or ""):
            raise ValueError(
                f'issuer is "{self.issuer}", where people and secrets are sent: write it like '
                '"https://login.example.com/realms/shop".'
            )
        if "openid" not in self.scopes:
            raise ValueError('scopes lacks "openid", without which an issuer does not tell who somebody is: add it.')
        if not self.allowed_groups and not self.allowed_emails:
            raise ValueError(
                "allowed_groups and allowed_emails are both missing: write who is let in, or allowed_emails "
                '["*"] for everybody whom the issuer knows.'
            )


def oidc_logins(logins: Mapping[str, Login]) -> dict[str, Login]:
    """Return those of the logins for which people are sent to an issuer."""
    return {name: login for name, login in logins.items() if login.kind == "oidc"}
