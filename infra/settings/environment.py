"""Environment variables of a service: what may be written, and what arrives."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Annotated, Any, cast

from pydantic import BeforeValidator

from infra.settings.stack_file import WrittenFloat, WrittenInteger, as_text, encrypted

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

LARGEST_VARIABLE = 131_072
"""Bytes of a variable, its name, an equals sign and the end of it: MAX_ARG_STRLEN, see execve(2)."""

LARGEST_ENVIRONMENT = 524_288
"""Bytes of all variables of a replica: Linux takes a quarter of a stack of 8 MiB with the arguments, and Kubernetes
keeps no object of more than 1.5 MiB, which a Deployment with all of them is."""

# Written by the platform into every replica: a service must not set them itself.
RESERVED_VARIABLES = frozenset(
    {
        *("PORT", "SERVICE_NAME", "SERVICE_VERSION", "INSTANCE_ID", "REGION", "TRACK", "CONSUL_HTTP_ADDR"),
        *("MYSQL_PRIMARY_ADDRESS", "MYSQL_REPLICA_ADDRESS", "MYSQL_MEMBER_ADDRESSES", "MYSQL_PRIMARY_DATACENTERS"),
        *("MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_CA_CERTIFICATE"),
    }
)


def _texts(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    variables = {str(name): _text(str(name), value) for name, value in cast("dict[Any, Any]", given).items()}
    require_size("it", variables)
    return variables


def _text(name: str, value: Any) -> Any:
    """Return a value as it arrives; what is left is refused as no text."""
    if value is None:
        raise ValueError(f'{name} is empty: write "" for a variable without a text, or remove it.')
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, WrittenFloat | WrittenInteger) and value.text != as_text(value):
        raise ValueError(f'{name} is {value.text}, which would arrive as {as_text(value)}: write "{value.text}".')
    if isinstance(value, int | float):
        return as_text(value)
    if encrypted(value) is not None:
        raise ValueError(f'{name} is encrypted: write it into secrets, and "${{secret.{name}}}" here.')
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"{name} has a character with the code 0, with which a variable ends: remove it.")
    return value


def require_size(key: str, variables: Mapping[str, Any]) -> None:
    """Raise ValueError when a variable, or all of them together, are larger than what can be handed over."""
    sizes = {name: len(f"{name}={value}".encode(errors="replace")) + 1 for name, value in variables.items()}
    for name, size in sizes.items():
        if size > LARGEST_VARIABLE:
            raise ValueError(
                f"{name} has {size} bytes with its name, and Linux takes {LARGEST_VARIABLE}: put it into a file."
            )
    if sum(sizes.values()) > LARGEST_ENVIRONMENT:
        raise ValueError(
            f"{key} has {sum(sizes.values())} bytes in all variables together: use at most {LARGEST_ENVIRONMENT}."
        )


def require_own(key: str, variables: Mapping[str, str], given: Container[str] = ()) -> None:
    """Raise ValueError when one of the variables cannot have its name, or is the platform's; `given` are more that it
    writes into replicas of the service."""
    for variable in variables:
        if variable in RESERVED_VARIABLES or variable in given:
            raise ValueError(f"{key}.{variable} is written by the platform: remove it.")
        if not _VARIABLE.fullmatch(variable):
            raise ValueError(
                f"{key}.{variable} is not a variable name: use letters, digits and underscores, no digit first."
            )


Variables = Annotated[dict[str, str], BeforeValidator(_texts)]
"""Environment variables as texts."""
