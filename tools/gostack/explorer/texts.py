"""Inputs as people read them: no secrets, nothing that differs from one recording to the next, long texts once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from policy.resource import Marker, Resource, listing, mapping
from tools.gostack.environment.locations import PROJECT_ROOT

LONG = 160
"""Characters from which on a text is kept apart, once for all resources that have it."""

LONGEST = 20_000
"""Characters after which a text is cut."""

SECRET = "secret"  # noqa: S105  (what is shown in the place of one)
GENERATED = "made once, by the first up"

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----(\\n|\n)?", re.S)
_SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|credential|private_?key|api_?key|access_?key)s?$")
_PROJECT = str(PROJECT_ROOT)

_STASH = "pulumi:index:Stash"


class Texts:
    """Keeps each long text once."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the place of a text, which is kept from now on."""
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}\n… and {len(text) - LONGEST} characters more"
        if text not in self._places:
            self._places[text] = len(self.kept)
            self.kept.append(text)
        return self._places[text]


def readable_inputs(resource: Resource, texts: Texts) -> Any:
    """Return the inputs of a resource for the page; see `ResourceView.inputs`."""
    inputs = dict(resource.inputs)
    if resource.type == _STASH and inputs.get("input") != Marker.SECRET:
        # A time, or another value that is made when the stack comes up and then kept.
        inputs["input"] = GENERATED
    return _interned(readable(inputs), texts)


def readable(value: Any, name: str = "") -> Any:
    """Return a plain value without secrets: marked ones, and those that only their name gives away."""
    if isinstance(value, Marker):
        return SECRET if value is Marker.SECRET else "known after up"
    if isinstance(value, str):
        if value == Marker.SECRET.value:
            return SECRET
        return SECRET if value and _SECRET_NAME.search(name) else readable_text(value)
    if isinstance(value, Mapping):
        known = cast("Mapping[str, Any]", value)
        if set(known) == {"secure"}:
            # How a stack file writes what `pulumi config set --secret` encrypted.
            return SECRET
        return {str(key): readable(item, str(key)) for key, item in sorted(known.items(), key=lambda pair: pair[0])}
    if isinstance(value, list | tuple):
        return _listed(listing(value), name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def readable_text(text: str) -> str:
    """Return a text without certificates, which each recording makes anew, keys, and this machine's folders."""
    text = _PEM.sub(lambda found: f"[{found[1].lower()}]" if "PRIVATE" not in found[1] else f"[{SECRET}]", text)
    return text.replace(_PROJECT, ".")


def _listed(items: Sequence[Any], name: str) -> Any:
    """Lists that are mappings in disguise become mappings: labels, environment variables."""
    if items and all(set(mapping(item)) == {"label", "value"} for item in items):
        return readable({item["label"]: item["value"] for item in items})
    if name == "envs":
        return _environment(items)
    return [readable(item) for item in items]


def _environment(items: Sequence[Any]) -> Any:
    plain = [item for item in items if isinstance(item, str) and not isinstance(item, Marker) and "=" in item]
    variables = dict(item.split("=", 1) for item in plain)
    hidden = len(items) - len(plain)
    result: dict[str, Any] = readable(variables)
    if hidden:
        result["(not shown)"] = SECRET if hidden == 1 else f"{hidden} × {SECRET}"
    return result


def _interned(value: Any, texts: Texts) -> Any:
    if isinstance(value, str):
        return {"§": texts.place(value)} if len(value) > LONG else value
    if isinstance(value, dict):
        return {key: _interned(item, texts) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_interned(item, texts) for item in cast("list[Any]", value)]
    return value
