"""Fifty secrets, each written in another awkward way into a place that nobody has marked as secret."""

from __future__ import annotations

import base64
import gzip
import html
import json
import quopri
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

PEM = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq9zJ1WfB7xT5uQ2v
Lr0hYk3nPd8Ee6sAaGiCcOoMmNhRANCAATfXvUwWyVzR1bKcQ0dJpLs4HgTiFoU
kXyZ2aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefghijklmn
-----END PRIVATE KEY-----
"""


@dataclass(frozen=True)
class Planted:
    """One secret and how it is written down."""

    secret: str
    """The value, as the state knows it."""

    written: object
    """What stands in the open."""


def _split(secret: str, glue: str, size: int = 5) -> str:
    return glue.join(secret[at : at + size] for at in range(0, len(secret), size))


def _encoded(secret: str, prefix: str = "", suffix: str = "") -> str:
    return base64.b64encode(f"{prefix}{secret}{suffix}".encode()).decode()


_WAYS: list[Callable[[str], object]] = [
    lambda secret: secret,
    lambda secret: f"prefix-{secret}-suffix",
    lambda secret: f"mysql://app:{secret}@mysql-east:3306/users",
    lambda secret: f"--password={secret} --verbose",
    lambda secret: f"Authorization: Bearer {secret}",
    lambda secret: json.dumps({"password": secret}),
    lambda secret: json.dumps(json.dumps({"password": secret})),
    lambda secret: json.dumps(json.dumps(json.dumps([secret]))),
    lambda secret: "".join(f"\\u{ord(character):04x}" for character in secret),
    lambda secret: "".join(f"\\x{ord(character):02x}" for character in secret),
    lambda secret: "".join(f"\\{ord(character):03o}" for character in secret),
    _encoded,
    lambda secret: _encoded(secret).rstrip("="),
    lambda secret: _encoded(secret, "a"),
    lambda secret: _encoded(secret, "ab", "cd"),
    lambda secret: _encoded(secret, "user:"),
    lambda secret: f"Basic {_encoded(secret, 'user:')}",
    lambda secret: base64.urlsafe_b64encode(f"??>{secret}".encode()).decode(),
    lambda secret: _encoded(_encoded(secret)),
    lambda secret: _encoded(json.dumps({"auths": {"registry": {"auth": _encoded(secret, "u:")}}})),
    lambda secret: _split(_encoded(secret), "\n", 8),
    lambda secret: _split(_encoded(secret), "\\n", 8),
    lambda secret: base64.b32encode(secret.encode()).decode(),
    lambda secret: base64.b32encode(secret.encode()).decode().lower().rstrip("="),
    lambda secret: secret.encode().hex(),
    lambda secret: secret.encode().hex().upper(),
    lambda secret: f"0x{secret.encode().hex()}",
    lambda secret: ":".join(f"{byte:02x}" for byte in secret.encode()),
    lambda secret: " ".join(f"{byte:02X}" for byte in secret.encode()),
    lambda secret: ", ".join(f"0x{byte:02x}" for byte in secret.encode()),
    lambda secret: f"https://example.com/?token={quote(secret, safe='')}",
    lambda secret: quote_plus(f"a b {secret}"),
    lambda secret: quote(quote(f"%{secret}", safe=""), safe=""),
    lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    lambda secret: "".join(f"&#x{ord(character):x};" for character in secret),
    lambda secret: html.escape(f"<a href='{secret}&'>"),
    lambda secret: quopri.encodestring(f"=é {secret} =".encode()).decode(),
    lambda secret: base64.b64encode(gzip.compress(secret.encode(), mtime=0)).decode(),
    lambda secret: base64.b64encode(zlib.compress(f"a text with {secret} in it".encode())).decode(),
    lambda secret: base64.b64encode(secret.encode("utf-16-le")).decode(),
    lambda secret: _split(secret, "\n"),
    lambda secret: _split(secret, '" + "'),
    lambda secret: _split(secret, " \\\n    "),
    lambda secret: _split(secret, " ", 4),
    lambda secret: [secret[:9], secret[9:]],
    lambda secret: {"first": secret[:7], "second": secret[7:14], "third": secret[14:]},
    lambda secret: f"half of it: {secret[:14]}",
    lambda secret: f"echo '{secret}' | base64 -d; # {secret[::1]}",
]


def _secret(number: int) -> str:
    # No letter twice in the same place, and no two alike: each must be found for its own sake.
    alphabet = "aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kPlOmNnM"
    return (
        "".join(alphabet[(number * 7 + place * (number % 5 + 3)) % len(alphabet)] for place in range(24))
        + f"{number:02d}"
    )


PLANTED = tuple(
    [Planted(_secret(number), way(_secret(number))) for number, way in enumerate(_WAYS)]
    # The fiftieth: a private key of several lines, inside JSON.
    + [Planted(PEM, json.dumps({"tls.key": PEM}))]
)
