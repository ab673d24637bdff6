"""Texts that name what other parts of the stack tell: `${mysql.host}`, `${secret.JWT_KEY}`; `$${` is `${` itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pulumi

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_SECRETS = frozenset({"password", "dsn", "url"})
"""Last parts of the names of what a database or an accessory keeps to its users; the URL of a service has none."""


def references(text: str) -> list[str]:
    """Return the names that a text refers to, in its order; raises ValueError for one that never ends."""
    if "${" in _REFERENCE.sub("", text):
        raise ValueError('it has "${" without "}" after it: write "$${" for the two characters themselves.')
    return names(text)


def names(text: str) -> list[str]:
    """Return the names that a text refers to, in its order, whatever else is wrong with it."""
    return [match[1] for match in _REFERENCE.finditer(text) if match[1] is not None]


def is_secret(name: str) -> bool:
    """Return whether what a name stands for is a secret."""
    kind, _, last = name.rpartition(".")
    return kind == "secret" or (not kind.startswith("service.") and last in _SECRETS)


def holds_secret(text: str) -> bool:
    """Return whether a text refers to a secret, and so is one."""
    return any(is_secret(name) for name in references(text))


def uses(texts: Iterable[str], kind: str) -> bool:
    """Return whether any of the texts refers to something of a kind, for example `mysql`."""
    return any(name.startswith(f"{kind}.") for text in texts for name in references(text))


def literal(text: str) -> str:
    """Return the text that stands for this one when it is filled."""
    return text.replace("${", "$${")


def filled(text: str, values: Mapping[str, pulumi.Input[str]]) -> pulumi.Input[str]:
    """Return a text with the value of each name in its place; a secret as soon as one of them is.

    Raises KeyError for a name without a value.
    """
    parts: list[pulumi.Input[str]] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts += [text[end : match.start()], "${" if match[1] is None else values[match[1]]]
        end = match.end()
    parts.append(text[end:])
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return pulumi.Output.concat(*parts)
