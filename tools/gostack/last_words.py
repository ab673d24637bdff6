"""What a program of a service said before it failed, and the setting that helps, where its words are known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.gostack.reasons import Reason, what_helps

SEARCHED_LINES = 60
"""Lines of a log in which the cause is looked for."""

_PANIC = re.compile(r"panic: |fatal error: ")
"""How the cause begins for which Go writes out its stack, which is longer than what is told."""


def _reason(words: str, sentence: str) -> Reason:
    return Reason(re.compile(words, re.IGNORECASE), sentence)


# As go-sql-driver, go-redis and Go's own packages write them. The first of them that fits is told.
_REASONS = (
    _reason(
        r"insecure transport are prohibited",
        'MySQL takes TLS alone: write "${{mysql.dsn}}" where the program takes a DSN, or tls=true into its own',
    ),
    _reason(
        r"access denied for user '[^']*'@'[^']*' \(using password: yes\)",
        # MySQL's answer to the right password without TLS, where the account demands it.
        'MySQL takes TLS alone, and the password of this release: write "${{mysql.dsn}}" where the program takes a '
        'DSN, or tls=true and "${{mysql.password}}" into its own',
    ),
    _reason(
        r"\b(create|create view|alter|drop|index|references|trigger) command denied",
        "its account may change rows, and no tables: write database: {{rights: schema}}, or leave tables to migrations",
    ),
    _reason(
        r"access denied for user '[^']*'@'[^']*' to database '(?P<schema>[^']*)'",
        'its account has no right to the schema {schema}: its own, which is there already, is "${{mysql.database}}"',
    ),
    _reason(
        r"max_user_connections",
        "it opens more connections than its share: write database: {{max_connections: …}}, as many as its pool has",
    ),
    _reason(
        r"(open|mkdir|create|rename|remove|symlink|chmod|touch) (?P<path>[^\s\":]+)[^\n]*: read-only file system",
        "it writes to {path}: name the folder in writable, or in volumes if the files are to survive",
    ),
    _reason(
        r"lookup (?P<host>[^\s:]+)[^\n]*: no such host",
        'nothing is called {host}: others are "${{mysql.host}}", "${{service.NAME.host}}", "${{accessory.NAME.host}}"',
    ),
    _reason(
        r"dial tcp (127\.0\.0\.1|\[::1\]):(?P<port>\d+): connect: connection refused",
        "it asks for port {port} in its own container, where it is alone: others are at "
        '"${{mysql.address}}", "${{service.NAME.address}}" and "${{accessory.NAME.address}}"',
    ),
    _reason(
        r"\bNOAUTH\b|\bWRONGPASS\b",
        'the cache wants its password: write "${{accessory.NAME.url}}", or "${{accessory.NAME.password}}" by itself',
    ),
    _reason(
        r"certificate signed by unknown authority",
        'it trusts public authorities alone: with any "${{mysql.…}}" also that of MySQL, whose certificate is in the '
        'file "${{mysql.ca_file}}"',
    ),
    # Last, as many a program says so of a file that it can do without.
    _reason(
        r"(open|stat) (?P<path>[^\s\":]+): no such file or directory",
        "{path} is not there: give it by files, or by build.assets if it lies beside the source",
    ),
)

# As Consul and the kubelet write them.
_OF_CHECKS = (
    _reason(
        r"(HTTP GET \S+: |failed with statuscode: )(?P<status>3\d\d|40[0-5])\b",
        "its check wants 2xx and gets {status}: write check: {{path: …}}, a path that it answers to everybody, or "
        "check: {{protocol: tcp}}",
    ),
)


def check_helps(reason: str) -> str:
    """Return what helps where a check says this of a program; empty when that is not known."""
    return what_helps(_OF_CHECKS, reason)


def with_hint(lines: Sequence[str], most: int) -> list[str]:
    """Return the last lines of a program's log, `most` at the most, a panic of Go before them; then, behind an arrow,
    what helps."""
    words = list(lines[-most:])
    panics = [number for number, line in enumerate(lines) if _PANIC.match(line)]
    if panics and panics[-1] < len(lines) - most:
        words = [lines[panics[-1]], "…", *lines[-most + 2 :]]
    helps = what_helps(_REASONS, "\n".join(lines))
    return [*words, f"-> {helps}"] if helps else words
