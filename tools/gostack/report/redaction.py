"""Takes secrets out of what others say in words of their own: the engine, a provider, a rule.

Names, operations and property paths carry no value, so only such texts may hold a secret: one that the state knows, as
it is or encoded once, or what looks like a key or token.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from tools.gostack.documents import is_list, is_mapping

MASK = "[secret]"
SHORTEST = 6
"""Shorter values are words like any other."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_VARIABLE = re.compile(r"^([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$", re.S)
_FRAME = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_TELLING = re.compile(r"pass(word|wd|phrase)|secret|token|credential|(?:^|[_-])key$|private|encrypt", re.I)
_KEY = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?"
_PATTERNS = (
    # A private key, also with its line breaks escaped or cut off at the end of the text.
    re.compile(rf"(?P<value>-----BEGIN {_KEY}-----.*?(?:-----END {_KEY}-----|\Z))", re.S),
    re.compile(
        r"\b(?P<value>(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}"
        r"|glpat-[A-Za-z0-9_-]{20,}|pul-[0-9a-f]{40}|xox[abprs]-[A-Za-z0-9-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"
        r"|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}|hv[sb]\.[A-Za-z0-9_-]{24,}"
        r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
    ),
    # The password in a URL.
    re.compile(r"(?<=://)(?P<value>[^\s/:@\"'`]+:[^\s/@\"'`]+)(?=@)"),
    # The value of what is named like a secret, where it is written out.
    re.compile(
        r"(?i)(?<![A-Za-z])(?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret[_-]?key|access[_-]?key|api[_-]?key"
        r"|auth[_-]?token|private[_-]?key))\\?[\"']?\s*(?:=|:)\s*\\?[\"']?(?P<value>[^\s\"'`,;&\\\[({<]{6,})"
    ),
    re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/=._~-]{16,})"),
)


@dataclass(frozen=True)
class KnownSecrets:
    """Values that are hidden wherever they stand."""

    values: frozenset[str]

    @classmethod
    def of(cls, *documents: Any, more: Iterable[str] = ()) -> KnownSecrets:
        """Collect them from exported state and the like, with secrets shown, and from `more`."""
        found = {part for document in documents for part in _hidden_in(document)}
        found |= {part for value in more for part in _parts(value)}
        return cls(frozenset(value for value in found if len(value) >= SHORTEST))


class Redactor:
    """Takes secrets out of text and values; what it returns can be shown to anybody."""

    def __init__(self, known: KnownSecrets) -> None:
        forms = {form for value in known.values for form in _forms(value) if len(form) >= SHORTEST}
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """Return the text with every secret hidden."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda match: match[0].replace(match["value"], MASK), text)
        return text

    def value(self, value: Any) -> Any:
        """Return a value of JSON with every secret in its texts hidden."""
        if isinstance(value, str):
            return self.text(value)
        if is_mapping(value):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if is_list(value) else value


def looks_random(word: str) -> bool:
    """Whether a word is none that people write: a long run of letters and digits."""
    if len(word) < 16 or len(set(word)) < 8 or ("://" in word and "@" not in word):
        return False
    return any(
        len(run) >= 10 and re.search(r"\d", run) and re.search(r"[A-Za-z]", run)
        for run in re.split(r"[^A-Za-z0-9+=]+", word)
    )


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as one encoding writes it."""
    data = secret.encode()
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], html.escape(secret))
    yield from (quote(secret, safe=""), quote_plus(secret), data.hex(), data.hex().upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # What stands before a secret shifts it: only the characters that it alone decides.
            text = encode(b"\0" * offset + data).decode()
            end = (offset + len(data)) * 8 // 6
            yield text[(offset * 8 + 5) // 6 : end]


def _hidden_in(document: Any) -> Iterator[str]:
    """Secrets of an exported state: every value that the engine keeps in an envelope."""
    if is_mapping(document):
        if _SIGNATURE in document:
            plain = document.get("plaintext")
            decoded = _decoded(plain) if isinstance(plain, str) else None
            # A list is hidden as a whole when one of its variables is secret, and `PORT=8080` must stay readable.
            yield from _beside(decoded) if is_list(decoded) else _leaves(decoded)
        else:
            for key, item in document.items():
                # Nobody knows what a program prints: most of it are plain words.
                yield from () if key == "containerLogs" else _hidden_in(item)
    elif is_list(document):
        for item in document:
            yield from _hidden_in(item)


def _leaves(value: Any) -> Iterator[str]:
    if is_mapping(value):
        value = list(value.values())
    if is_list(value):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield from _parts(value)


def _beside(value: Any, name: str = "") -> Iterator[str]:
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
            yield from _parts(value)
        elif value.startswith(("{", "[")) and _decoded(value) != value:
            yield from _beside(_decoded(value), name)


def _parts(value: str) -> Iterator[str]:
    """What is secret by itself in a secret: leaves of JSON, lines of PEM, words of a longer text that look random."""
    if value.startswith(("{", "[")) and isinstance(_decoded(value), (dict, list)):
        yield from _beside(_decoded(value))
    elif _FRAME.search(value):
        yield from (line.strip() for line in _FRAME.sub("\n", value).splitlines())
    elif "\n" in value.strip():
        yield from (word for word in re.split(r"[\s\"'=,;:()\[\]{}\\]+", value) if looks_random(word))
    else:
        yield value.strip("\n")


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
