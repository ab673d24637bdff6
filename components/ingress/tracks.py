"""The versions of a service that serve at the same time, and which of them a request goes to."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from components.names import NGINX_WORDS
from components.section import Section

STABLE = "stable"
CANARY = "canary"

Percent = Annotated[int, Field(ge=0, le=100)]
"""A share in percent."""

_OTHER_MEANING = ("x-region", "cookie", "host", "authorization")


def _header(value: str) -> str:
    if value.lower() in _OTHER_MEANING:
        raise ValueError(f'"{value}" has a meaning of its own: match another header, for example X-User-Tag.')
    return value


def _matched_value(value: str) -> str:
    if value.lower() in NGINX_WORDS:
        raise ValueError(f'"{value}" is a word of nginx\'s configuration: match another value, for example "beta".')
    return value


class HeaderMatch(Section):
    """A request header that leads to the canary."""

    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$"), AfterValidator(_header)]
    """Name, for example X-App-Version or X-User-Tag."""

    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$"), AfterValidator(_matched_value)]
    """Value; upper and lower case are the same."""


class CanaryTraffic(Section):
    """The share of a service's requests that its canary gets."""

    weight: Percent = 0
    """Share of the clients in percent that get the canary; each keeps its track. 0 -> 100 is a blue/green switch."""

    match: list[HeaderMatch] = Field(default_factory=list[HeaderMatch])
    """Headers that lead to the canary whatever the weight."""
