"""What a store of secrets is to the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import yaml


class SecretStore(Protocol):
    """A store of secrets."""

    def __call__(self, place: str, key: str) -> str:
        """Return the value of a key in a place, or all that is there for "".

        Raises ValueError, without any value, with what is wrong and what to do about it.
        """
        ...


def value_of_key(document: str, key: str) -> str:
    """Return the text of a key in a JSON or YAML document, and the document itself for ""; raises ValueError."""
    if not key:
        return document
    try:
        values = yaml.safe_load(document)
    except yaml.YAMLError:
        # Without the parser's words: they show the text.
        values = None
    if not isinstance(values, dict):
        raise ValueError("what is there is no JSON or YAML mapping: correct it, or leave the #key out.")
    return text_of_key(cast("dict[str, Any]", values), key)


def text_of_key(values: Mapping[str, Any], key: str) -> str:
    """Return the text of a key; raises ValueError."""
    value = values.get(key)
    if value is None:
        raise ValueError(f'what is there has no key "{key}": write it there, or correct the reference.')
    if not isinstance(value, str):
        raise ValueError(f'its key "{key}" is no text: quote it there.')
    return value
