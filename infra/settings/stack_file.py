"""Reading and writing stack files so that every program takes them for the same.

A stack file has two readers: this one, for what must be known before Pulumi runs, and Pulumi's own, which is written in
Go. YAML 1.1, 1.2 and Go's library disagree about plain scalars: `123e45`, `yes` and `2:20:43` are a text to one of them
and a number or a truth to another. What all of them read alike is taken here, the rest is refused with the line.
So is a text that Pulumi loses a part of on its way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from infra.settings.errors import SettingsError

NAMESPACE = "gostack:"
SALT = "encryptionsalt"
"""Key of what Pulumi needs beside the passphrase to read the file's secrets."""

DEEPEST = 64
"""Levels of lists and mappings inside each other; no setting has more than ten."""

_EXACT = 2**53
"""Whole numbers beyond it lose digits on the way through JSON."""

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NUMBER_TO_SOMEBODY = re.compile(
    r"[-+]?(\.?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|0[xXoObB][0-9a-fA-F]+|\.(inf|Inf|INF))|\.(nan|NaN|NAN)"
)
_TIME_TO_SOMEBODY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?")
_BAD_BEGINNING = re.compile(r"[\n\t\u2028\u2029]")
"""How no text of several lines may begin. Pulumi writes what it has read anew and reads that (`LoadProjectStackBytes`);
Go's library writes such a text as a block that loses the line break, and whose tab it takes for an indentation."""

_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_Collection = TypeVar("_Collection", bound=yaml.CollectionNode)
Value = TypeVar("Value")
_STRING = "tag:yaml.org,2002:str"


class WrittenFloat(float):
    """A number with a point, and how it was written: `1.10` is 1.1 for Pulumi, and a version for people."""

    text: str


class WrittenInteger(int):
    """A whole number with a point, and how it was written: `2.0` is 2 for Pulumi."""

    text: str


Written = WrittenFloat | WrittenInteger


def number(text: str) -> Written:
    """Return a number with a point as Pulumi reads it."""
    value = float(text)
    read = WrittenInteger(value) if value.is_integer() else WrittenFloat(value)
    read.text = text
    return read


def read_stack_file(path: Path) -> dict[str, Any]:
    """Return the whole of a stack file; raises SettingsError when it is missing, or not what every program reads."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path.name} does not exist: copy Pulumi.dev.yaml and change it.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not text in UTF-8: save it as such.") from None
    return read_text(text, path.name)


def read_text(text: str, name: str) -> dict[str, Any]:
    """Return the document in a stack file's text; `name` is the file's, for errors."""
    try:
        _require_shallow(text, name)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise SettingsError(f"{name} is not valid YAML ({problem}): correct that line.") from None
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{name} holds no settings: copy Pulumi.dev.yaml and change it.")
    return _Reader(text, name).mapping(node)


def configuration(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the stack's settings in a document, by their key without the namespace, as Pulumi hands them over."""
    config: object = document.get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{name} has a config that is no mapping: copy Pulumi.dev.yaml and change it.")
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", config).items():
        if ":" not in key:
            raise SettingsError(f'{name} has the key "{key}" in its config: did you mean "{NAMESPACE}{key}"?')
        if key.startswith(NAMESPACE):
            values[key.removeprefix(NAMESPACE)] = _handed_over(key, value)
    return values


def encrypted(value: Any) -> str | None:
    """Return what stands in a stack file for a value that Pulumi has encrypted; None for any other value."""
    if isinstance(value, dict) and list(members := cast("dict[str, Any]", value)) == ["secure"]:
        return str(members["secure"])
    return None


def with_salt(text: str, salt: str) -> str:
    """Return the text of a stack file with the salt of its secrets, and every other character as it was."""
    line = f"{SALT}: {salt}"
    if re.search(rf"^{SALT}:", text, flags=re.M):
        return re.sub(rf"^{SALT}:.*$", lambda _: line, text, count=1, flags=re.M)
    return f"{text.rstrip()}\n{line}\n"


def written(document: dict[str, Any]) -> str:
    """Return a document as YAML in which every text is in quotes, so that no program takes it for something else.

    A text that Pulumi does not keep is one that `read_text` refuses.
    """
    return yaml.dump(document, Dumper=_Quoting, sort_keys=False, allow_unicode=True, width=2**20)


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what occurs twice twice."""
        del data
        return True


def _quoted(dumper: _Quoting, text: str) -> yaml.ScalarNode:
    del dumper
    return yaml.ScalarNode(_STRING, text, style='"')


def _as_written(dumper: _Quoting, value: Written) -> yaml.ScalarNode:
    del dumper
    return yaml.ScalarNode("tag:yaml.org,2002:float", value.text)


_Quoting.add_representer(str, _quoted)
_Quoting.add_representer(WrittenFloat, _as_written)
_Quoting.add_representer(WrittenInteger, _as_written)


def _handed_over(key: str, value: Any) -> Any:
    """Pulumi hands a single value over as text, whatever it is in the file."""
    if value is None:
        raise SettingsError(f"{key} is empty: remove it, or give it a value.")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return as_text(value)
    return value


def as_text(value: float) -> str:
    """Return a number as JSON, and so Pulumi, writes it."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _require_shallow(text: str, name: str) -> None:
    """Before anything recursive reads the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise SettingsError(
                    f"{name} has more than {DEEPEST} lists and mappings inside each other: no setting needs as many."
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    """Turns nodes into values."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._open: list[yaml.Node] = []

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "has a key that is no text", "write a word as the key")
            if key_node.value == "<<" and not key_node.style:
                merged = {**self._merged(value_node), **merged}
                continue
            key = self._key(key_node)
            if key in own:
                raise self._error(key_node, f'has the key "{key}" twice', "remove one of them")
            own[key] = self._value(value_node)
        return {**{key: value for key, value in merged.items() if key not in own}, **own}

    def _merged(self, node: yaml.Node) -> dict[str, Any]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise self._error(node, 'has a "<<" without a mapping', "name the anchor of a mapping")
            merged = {**self._inside(source, self.mapping), **merged}
        return merged

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._inside(node, self.mapping)
        if isinstance(node, yaml.SequenceNode):
            return self._inside(node, self._sequence)
        return self._scalar(cast("yaml.ScalarNode", node))

    def _sequence(self, node: yaml.SequenceNode) -> list[Any]:
        return [self._value(item) for item in node.value]

    def _inside(self, node: _Collection, read: Callable[[_Collection], Value]) -> Value:
        self._require_no_tag(node)
        if any(node is other for other in self._open):
            raise self._error(node, "has an anchor inside what it names", "write it out")
        self._open.append(node)
        try:
            return read(node)
        finally:
            self._open.pop()

    def _key(self, node: yaml.ScalarNode) -> str:
        key = self._scalar(node)
        if not isinstance(key, str):
            raise self._error(node, f"has the key {node.value}, which some programs read as something else", _QUOTES)
        return key

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        self._require_no_tag(node)
        text: str = node.value
        if "\n" in text and _BAD_BEGINNING.match(text):
            problem = "has a text of several lines that begins with a line break or a tab, which Pulumi does not keep"
            raise self._error(node, problem, "write it without that")
        if node.style:
            return text
        if text in _NOTHING:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        if _WHOLE.fullmatch(text) and text != "-0" and abs(int(text)) < _EXACT:
            return int(text)
        if _FRACTION.fullmatch(text) and _exact(text):
            return number(text)
        # Some leave out underscores before they look for a number.
        whole = text if text.startswith("_") else text.replace("_", "")
        if text == "<<" or _NUMBER_TO_SOMEBODY.fullmatch(whole) or _TIME_TO_SOMEBODY.fullmatch(text):
            raise self._error(
                node, f"has {text}, which some programs read as a text and others as something else", _QUOTES
            )
        return text

    def _require_no_tag(self, node: yaml.Node) -> None:
        mark = node.start_mark
        if re.match(r"(&\S+\s+)?!", self._text[mark.index : mark.index + 300]):
            raise self._error(node, "has a tag (!)", "write the value without it, a text in quotes")

    def _error(self, node: yaml.Node, problem: str, fix: str) -> SettingsError:
        return SettingsError(f"{self._name} {problem}, in line {node.start_mark.line + 1}: {fix}.")


_QUOTES = "write a text in quotes, and a number in plain digits"


def _exact(text: str) -> bool:
    """Whether every program keeps the number: as many digits as a float has, and none that only an exponent shows."""
    value = float(text)
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return len(digits) <= 15 and (value == 0 or 1e-4 <= abs(value) < 1e15)
