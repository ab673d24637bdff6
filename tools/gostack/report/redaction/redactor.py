"""Hides known secrets and what looks like one, as they are, encoded, split or inside another value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.report.redaction.encodings import encoded_parts
from tools.gostack.report.redaction.known import KnownSecrets, looks_random
from tools.gostack.report.redaction.patterns import ANY_HINT, PATTERNS

MASK = "[secret]"
DEEPEST = 3
"""Encodings inside encodings that are undone."""

FRAGMENT = 8
"""Characters of a secret in a row that count as a part of it."""

SHORTEST_SPLIT = 10
"""Letters and digits that a secret must have to be looked for in pieces."""

Span = tuple[int, int]
Value = TypeVar("Value")


class Redactor:
    """Takes secrets out of text and values; what it returns can be shown to anybody."""

    def __init__(self, known: KnownSecrets) -> None:
        whole = sorted(known.values, key=lambda value: (-len(value), value))
        self._whole = re.compile("|".join(re.escape(value) for value in whole)) if whole else None
        split = {_bare(value) for value in whole}
        self._split = sorted(
            (value for value in split if len(value) >= SHORTEST_SPLIT), key=lambda value: (-len(value), value)
        )
        self._fragments = _fragments(known)
        self._seen: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return the text with every secret hidden."""
        # The same scripts and names stand in every container of a stack.
        if text not in self._seen:
            self._seen[text] = _hide(text, self._spans(text, DEEPEST))
        return self._seen[text]

    def report(self, text: str) -> str:
        """Return a report with every secret hidden: line by line, and what goes over several lines."""
        text = "\n".join(self.text(line) for line in text.split("\n"))
        return _hide(text, [*self._plain(text), *_patterns(text), *self._pieces(text)])

    def value(self, value: Value) -> Value:
        """Return a value of JSON with every secret in its texts hidden, also one that is split over neighbours."""
        return self._value(value)

    def finds(self, text: str) -> bool:
        """Whether there is a secret in the text."""
        return bool(self._spans(text, DEEPEST))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if is_mapping(value):
            hidden = self._neighbours(list(value.values()))
            return {
                self.text(str(key)): MASK if index in hidden else self._value(item)
                for index, (key, item) in enumerate(value.items())
            }
        if is_list(value):
            hidden = self._neighbours(value)
            return [MASK if index in hidden else self._value(item) for index, item in enumerate(value)]
        return tuple(self._value(list(cast("tuple[object, ...]", value)))) if isinstance(value, tuple) else value

    def _neighbours(self, values: list[Any]) -> set[int]:
        """Positions of texts that are a secret only together."""
        texts = [(index, item) for index, item in enumerate(values) if isinstance(item, str)]
        if len(texts) < 2:
            return set()
        joined = "".join(item for _, item in texts)
        spans = self._spans(joined, 1)
        hidden: set[int] = set()
        at = 0
        for index, item in texts:
            end = at + len(item)
            # A secret that is whole in one text is hidden there, and leaves the rest of it readable.
            if any(start < end and stop > at and not (at <= start and stop <= end) for start, stop in spans):
                hidden.add(index)
            at = end
        return hidden

    def _spans(self, text: str, depth: int) -> list[Span]:
        if len(text) < 4:
            return []
        spans = [*self._plain(text), *_patterns(text), *self._pieces(text), *self._parts(text)]
        if depth > 0:
            for part in encoded_parts(text):
                if any(start <= part.start and part.end <= end for start, end in spans):
                    continue
                # Bytes that are no text are looked at, but nothing is written inside them in another way.
                if self._spans(part.plain, depth - 1 if _is_text(part.plain) else 0):
                    spans.append((part.start, part.end))
        return spans

    def _plain(self, text: str) -> Iterator[Span]:
        if self._whole is not None:
            for match in self._whole.finditer(text):
                yield match.span()

    def _pieces(self, text: str) -> Iterator[Span]:
        """Secrets with something between their characters: line breaks, quotes, spaces, plus signs."""
        if not self._split:
            return
        positions: list[int] = []
        bare: list[str] = []
        skip = False
        for index, character in enumerate(text):
            if skip:
                skip = False
            elif character == "\\" and text[index + 1 : index + 2] in ("n", "r", "t"):
                skip = True
            elif character.isalnum():
                positions.append(index)
                bare.append(character)
        squeezed = "".join(bare)
        for secret in self._split:
            at = squeezed.find(secret)
            while at >= 0:
                yield positions[at], positions[at + len(secret) - 1] + 1
                at = squeezed.find(secret, at + 1)

    def _parts(self, text: str) -> Iterator[Span]:
        """Runs of characters that are a part of a secret."""
        if not self._fragments:
            return
        start = end = -1
        for at in range(len(text) - FRAGMENT + 1):
            if text[at : at + FRAGMENT] not in self._fragments:
                continue
            if at > end:
                if start >= 0:
                    yield start, end
                start = at
            end = at + FRAGMENT
        if start >= 0:
            yield start, end


def _fragments(known: KnownSecrets) -> set[str]:
    """Parts of secrets that nobody writes by chance: only of values that look random."""
    found: set[str] = set()
    for value in known.values:
        for word in re.split(r"\s+", value):
            if looks_random(word):
                found |= {word[at : at + FRAGMENT] for at in range(len(word) - FRAGMENT + 1)}
    return {fragment for fragment in found if len(set(fragment)) > 3}


def _is_text(text: str) -> bool:
    return sum(character.isprintable() or character.isspace() for character in text) >= 0.8 * len(text)


def _patterns(text: str) -> Iterator[Span]:
    if not ANY_HINT.search(text):
        return
    for pattern in PATTERNS:
        for match in pattern.finditer(text):
            span = match.span("value") if "value" in pattern.groupindex else match.span()
            if text[slice(*span)] != MASK:
                yield span


def _bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _hide(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    result: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        if start >= at:
            result += [text[at:start], MASK]
        at = end
    return "".join([*result, text[at:]])
