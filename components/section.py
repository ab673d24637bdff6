"""The base of every part of the settings that a component takes as it is, and the types that such parts share."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen part of the settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, strict=True)


def _any_network(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError:
        raise ValueError(f'"{value}" is not a network; write it like "203.0.113.0/24".') from None


AnyNetwork = Annotated[str, AfterValidator(_any_network)]
"""An IPv4 network in CIDR notation, of any size."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port number."""
