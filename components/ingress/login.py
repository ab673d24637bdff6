"""Logins that the ingress asks for before a request reaches a service."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.section import Section

_OF_TOKENS = ("service", "issuer", "audience", "jwks_url", "jwks")


class Login(Section):
    """How clients prove who they are on the routes that name it. Requests that do not get 401, and reach no service.
    The service learns who it is in `X-Auth-Subject`, which no client can send."""

    kind: Literal["basic", "jwt"]
    """`basic`: name and password, for what is internal; the service does not get the password. `jwt`:
    `Authorization: Bearer` with a token (RFC 7519) that `issuer` has signed for `audience` and that has not expired;
    its `sub` is who it is, and the service gets it too. While no key of the issuer is known, requests get 503."""

    service: str | None = None
    """`jwt` only: service of the stack that signs the tokens with the keys that the stack has made for it
    (`services.<name>.tokens`), instead of everything below."""

    issuer: Annotated[str, Field(min_length=1)] | None = None
    """`jwt` only: what the token's `iss` must be."""

    audience: Annotated[str, Field(min_length=1)] | None = None
    """`jwt` only: what must be among the token's `aud`."""

    jwks_url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")] | None = None
    """`jwt` only: where the issuer's public keys are (RFC 7517). They are fetched every ten minutes, and when a token
    names one that is not known. A service of the stack has them at http://<service>/… once others can call it."""

    jwks: Annotated[str, Field(min_length=1)] | None = None
    """`jwt` only: file with the issuer's public keys (RFC 7517), relative to the project or absolute, instead of
    `jwks_url`."""

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        if self.kind == "basic":
            for key in _OF_TOKENS:
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} means nothing with kind basic: remove it, or set kind to jwt.")
            return self
        if self.service is not None:
            for key in _OF_TOKENS[1:]:
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} is what the service's tokens say already: remove it, or remove service.")
            return self
        for key in ("issuer", "audience"):
            if getattr(self, key) is None:
                raise ValueError(f"{key} is missing: without it a token that is meant for somebody else would do.")
        if (self.jwks_url is None) == (self.jwks is None):
            raise ValueError(
                "it needs one of jwks_url and jwks: write where the issuer's public keys are, or name a service of the "
                "stack that signs."
            )
        return self
