"""Secrets of a service: names to values that are encrypted in the stack file, or that another store keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from components.microservice.files import require_text
from components.microservice.workload import MOST_FILES
from infra.settings.errors import SettingsError
from infra.settings.secret_references import LIKE_A_REFERENCE, secret_reference
from infra.settings.stack_file import encrypted

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_HOW = "write it with `gostack secrets set`, or `pulumi config set --secret --path`"


def secret_name(value: str) -> str:
    """Return the name of a secret as it is; raises ValueError for one that cannot be a file's and a reference's."""
    if not _NAME.fullmatch(value):
        raise ValueError(
            f'"{value}" is not the name of a secret: use up to 64 letters, digits, "_" and "-", like JWT_KEY.'
        )
    return value


def _value(given: Any) -> Any:
    """What is wrong is told without the value."""
    if (unread := encrypted(given)) is not None:
        # Only Pulumi decrypts it; tools know that it is there.
        return SecretStr(unread)
    if not isinstance(given, str):
        raise ValueError(f"it has no encrypted text: {_HOW}.")
    require_text("it", given)
    secret_reference(given)
    return SecretStr(given)


def _mapping(given: Any) -> Any:
    if not isinstance(given, dict):
        raise ValueError(f"it is no mapping of names to encrypted values: {_HOW}.")
    return cast("Any", given)


Secrets = Annotated[
    dict[
        Annotated[str, AfterValidator(secret_name)],
        Annotated[
            SecretStr,
            BeforeValidator(_value),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]},
                        {"type": "string", "pattern": f"^{LIKE_A_REFERENCE.pattern}"},
                    ]
                }
            ),
        ],
    ],
    BeforeValidator(_mapping),
    Field(max_length=MOST_FILES),
]
"""Secrets by their names."""


OWNERS = ("services", "accessories", "certificates", "telemetry.receivers", "ingress.sites", "ingress.logins")
"""Keys whose entries have `secrets`."""


def entries(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the sections that a stack file has below a key with dots, without the namespace of keys."""
    found: Any = values
    for part in key.split("."):
        found = cast("dict[str, Any]", found).get(part) if isinstance(found, dict) else None
    sections = cast("dict[str, Any]", found if isinstance(found, dict) else {})
    # Numbers of `certificates` are none.
    return {name: section for name, section in sections.items() if section is None or isinstance(section, dict)}


def require_encrypted(values: Mapping[str, Any]) -> None:
    """Raise SettingsError for a secret that a stack file has in plain text."""
    owners = [(f"{kind}.{name}", name, settings) for kind in OWNERS for name, settings in entries(values, kind).items()]
    for key, owner, settings in owners:
        secrets = cast("dict[str, Any]", settings).get("secrets") if isinstance(settings, dict) else None
        for name, value in cast("dict[str, Any]", secrets if isinstance(secrets, dict) else {}).items():
            if isinstance(value, str) and not LIKE_A_REFERENCE.match(value):
                raise SettingsError(
                    f"gostack:{key}.secrets.{name} is in plain text: encrypt it with "
                    f"`gostack secrets set {owner} {name}`, and take another value if others have seen this one."
                )
