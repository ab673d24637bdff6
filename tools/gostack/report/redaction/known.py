"""The values that must not be shown: what a stack's state and configuration hold as secrets.

Some values are secret by themselves: a password in the configuration, a generated key. Others only stand beside one:
the engine hides a list of variables as a whole when one of them is secret, and `PORT=8080` must stay readable. Of
those, the values count that look random or whose name says that they are secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tools.gostack.documents import is_list, is_mapping

SHORTEST = 6
"""Shorter values are words like any other."""

Kind = Literal["open", "secret", "beside"]
Leaf = tuple[str, Kind]

_HIDDEN_IN_CASE = frozenset({"containerLogs"})
"""Outputs that are hidden because nobody knows what a program prints; most of it are plain words."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_VARIABLE = re.compile(r"^([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$", re.S)
_FRAME = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_TELLING = re.compile(r"pass(word|wd|phrase)|secret|token|credential|(?:^|[_-])key$|private|encrypt", re.I)


@dataclass(frozen=True)
class KnownSecrets:
    """Values that are hidden wherever they stand."""

    values: frozenset[str]
    """The values, one for each; a document is taken apart into its lines and leaves."""

    @classmethod
    def of(cls, *documents: Any, more: Iterable[str] = ()) -> KnownSecrets:
        """Collect them from exported state, configuration and the like, with secrets shown, and from `more`."""
        secret = {part for value in more for part in taken_apart(value)}
        beside: set[str] = set()
        public: set[str] = set()
        for document in documents:
            for value, kind in _leaves(document, "open"):
                if kind == "open":
                    public.add(value)
                else:
                    (secret if kind == "secret" else beside).update(taken_apart(value))
        found = secret | (beside - public)
        return cls(frozenset(value for value in found if len(value) >= SHORTEST))

    def __or__(self, other: KnownSecrets) -> KnownSecrets:
        return KnownSecrets(self.values | other.values)


def taken_apart(value: str) -> Iterator[str]:
    """The parts of a secret that are secret by themselves: leaves of JSON, lines of PEM, words of a longer text."""
    if value.startswith(("{", "[")):
        leaves = list(_beside(_decoded(value), "")) if isinstance(_decoded(value), (dict, list)) else []
        for leaf in leaves:
            yield from taken_apart(leaf)
        if leaves:
            return
    if _FRAME.search(value):
        body = _FRAME.sub("\n", value)
        yield "".join(body.split())
        yield from (line.strip() for line in body.splitlines() if len(line.strip()) >= SHORTEST)
    elif "\n" in value.strip():
        # A script or a configuration with a secret somewhere in it: only its words that look like one.
        yield from (word for word in re.split(r"[\s\"'=,;:()\[\]{}\\]+", value) if looks_random(word))
    else:
        yield value.strip("\n")


def looks_random(word: str) -> bool:
    """Whether a word is none that people write: a long run of letters and digits."""
    if len(word) < 16 or len(set(word)) < 8 or ("://" in word and "@" not in word):
        return False
    return any(
        len(run) >= 10 and re.search(r"\d", run) and re.search(r"[A-Za-z]", run)
        for run in re.split(r"[^A-Za-z0-9+=]+", word)
    )


def _leaves(value: Any, kind: Kind) -> Iterator[Leaf]:
    if is_mapping(value):
        if _SIGNATURE in value:
            plain = value.get("plaintext")
            if isinstance(plain, str):
                yield from _hidden(_decoded(plain))
            return
        for key, item in value.items():
            if key in _HIDDEN_IN_CASE:
                for leaf, _ in _leaves(item, kind):
                    yield from _beside_all(word for word in leaf.split() if looks_random(word))
            else:
                yield from _leaves(item, kind)
    elif is_list(value):
        for item in value:
            yield from _leaves(item, kind)
    elif isinstance(value, str) and value:
        yield value, kind


def _hidden(value: Any) -> Iterator[Leaf]:
    """What the engine keeps as one secret."""
    if is_list(value):
        yield from _beside_all(_beside(value, ""))
    else:
        yield from _leaves(value, "secret")


def _beside_all(values: Iterable[str]) -> Iterator[Leaf]:
    for value in values:
        yield value, "beside"


def _beside(value: Any, name: str) -> Iterator[str]:
    """Of values that are hidden together, those that are secret by themselves."""
    if is_mapping(value):
        for key, item in value.items():
            yield from _beside(item, str(key))
    elif is_list(value):
        for item in value:
            yield from _beside(item, name)
    elif isinstance(value, str):
        if variable := _VARIABLE.match(value):
            name, value = variable[1], variable[2]
        if _TELLING.search(name) or _FRAME.search(value) or looks_random(value) or "\n" in value:
            yield value
        elif value.startswith(("{", "[")):
            yield from _beside(_decoded(value), name) if _decoded(value) != value else ()


def _decoded(text: str) -> Any:
    """The engine keeps a secret as JSON text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
