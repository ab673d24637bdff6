"""The base of every part of the settings that a component takes as it is, and the types that such parts share."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen part of the settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, strict=True)


def shaped(pattern: str, what: str, example: str) -> AfterValidator:
    """Return the check that a text is of a shape, which an error tells by what it is for and an example."""
    shape = re.compile(pattern)

    def check(value: str) -> str:
        if not shape.fullmatch(value):
            raise ValueError(f'"{value}" is not {what}; write it like "{example}".')
        return value

    return AfterValidator(check)


def _any_network(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError:
        raise ValueError(f'"{value}" is not a network; write it like "203.0.113.0/24".') from None


AnyNetwork = Annotated[str, AfterValidator(_any_network)]
"""An IPv4 network in CIDR notation, of any size."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port number."""

LONGEST_PORT_NAME = 15
"""Characters of the name of a port, in Kubernetes as in https://www.rfc-editor.org/rfc/rfc6335#section-5.1."""

_PORT_NAME = re.compile(r"[a-z](-?[a-z0-9])*")


def _port_name(value: str) -> str:
    if not _PORT_NAME.fullmatch(value) or len(value) > LONGEST_PORT_NAME:
        raise ValueError(
            f'"{value}" is not the name of a port: use 1 to {LONGEST_PORT_NAME} lower-case letters, digits and single '
            "hyphens, beginning with a letter."
        )
    return value


PortName = Annotated[str, AfterValidator(_port_name)]
"""The name of a port of a service."""
