"""Ways in which a text may be written inside another one, each undone."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import quopri
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote_plus

LONGEST_UNPACKED = 4 * 1024 * 1024
"""Bytes that a packed text may grow to; more is not looked at."""


@dataclass(frozen=True)
class Encoded:
    """A part of a text that is another text, encoded."""

    start: int
    end: int
    plain: str


def encoded_parts(text: str) -> Iterator[Encoded]:
    """Every part of a text that may be encoded, with what it says."""
    for pattern, needs, decode in _ENCODINGS:
        if needs and needs not in text:
            continue
        for match in pattern.finditer(text):
            for plain in decode(match[0]):
                if plain and plain != match[0]:
                    yield Encoded(match.start(), match.end(), plain)


def _base64(text: str) -> Iterator[str]:
    # Lines of 64 or 76 characters, perhaps with the line breaks escaped.
    packed = re.sub(r"\\[nr]|\s", "", text).translate(str.maketrans("-_", "+/")).rstrip("=")
    # What stands before it may be a part of the same word: try every alignment.
    for offset in range(4):
        part = packed[offset:]
        if len(part) < 8:
            return
        # One character more than whole groups holds no byte.
        part = part[:-1] if len(part) % 4 == 1 else part
        try:
            data = base64.b64decode(part + "=" * (-len(part) % 4))
        except (binascii.Error, ValueError):
            continue
        yield from _readable(data)


def _base32(text: str) -> Iterator[str]:
    packed = re.sub(r"\\[nr]|\s", "", text).upper().rstrip("=")
    try:
        yield from _readable(base64.b32decode(packed + "=" * (-len(packed) % 8)))
    except (binascii.Error, ValueError):
        return


def _hexadecimal(text: str) -> Iterator[str]:
    digits = re.sub(r"\\x|0x|[^0-9A-Fa-f]", "", text)
    for offset in (0, 1):
        part = digits[offset:]
        yield from _readable(bytes.fromhex(part[: len(part) // 2 * 2]))


def _readable(data: bytes) -> Iterator[str]:
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)[:LONGEST_UNPACKED]
        except (OSError, EOFError, zlib.error):
            return
    elif data[:1] == b"\x78":
        # Letters may begin so too.
        with suppress(zlib.error):
            data = zlib.decompressobj().decompress(data, LONGEST_UNPACKED)
    yield data.decode("utf-8", errors="replace")
    if b"\0" in data:
        # UTF-16, as PowerShell writes it before it encodes.
        yield data.decode("utf-16-le", errors="replace")


def _percent(text: str) -> Iterator[str]:
    yield unquote_plus(text)


def _entities(text: str) -> Iterator[str]:
    yield html.unescape(text)


def _quoted_printable(text: str) -> Iterator[str]:
    yield quopri.decodestring(text.encode()).decode(errors="replace")


_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "/": "/",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "e": "\x1b",
}
_ESCAPE = re.compile(r"\\(u\{?([0-9A-Fa-f]{4,6})\}?|x([0-9A-Fa-f]{2})|([0-7]{3})|([nrtbf/\"'\\e]))")


def _escapes(text: str) -> Iterator[str]:
    def plain(match: re.Match[str]) -> str:
        if match[2] or match[3]:
            number = int(match[2] or match[3], 16)
            return chr(number) if number < 0x110000 else ""
        return chr(int(match[4], 8)) if match[4] else _ESCAPES[match[5]]

    yield _ESCAPE.sub(plain, text)


_WORD = r"[^\s\"'<>`]"
_ENCODINGS: list[tuple[re.Pattern[str], str, Callable[[str], Iterator[str]]]] = [
    (re.compile(r"(?:[A-Za-z0-9+/_-](?:\\[nr]|\\[nr]\s+|\s*\n\s*)*){8,}={0,2}"), "", _base64),
    (re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}"), "", _base64),
    (re.compile(r"(?:[A-Z2-7](?:\\[nr]|\s)?){16,}={0,6}|[a-z2-7]{16,}={0,6}"), "", _base32),
    (re.compile(r"(?:(?:\\x|0x)?[0-9A-Fa-f]{2}(?:[:\s,-]|\\n)?\s?){6,}"), "", _hexadecimal),
    (re.compile(rf"{_WORD}*%[0-9A-Fa-f]{{2}}{_WORD}*"), "%", _percent),
    (re.compile(r"[^\n`]*&(?:#\d+|#x[0-9A-Fa-f]+|[a-z]+);[^\n`]*"), "&", _entities),
    (re.compile(r"[^\n`]*=[0-9A-F]{2}[^`]*"), "=", _quoted_printable),
    (re.compile(r"[^`]*\\(?:[nrtbf/\"'\\eu0-7]|x[0-9A-Fa-f]{2})[^`]*"), "\\", _escapes),
]
"""How it looks, what it must have in it, and how it is undone."""
