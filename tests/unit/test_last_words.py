"""What a program of a stranger said, and what is told: the setting that helps, and a panic before its stack.

The words are those of go-sql-driver, go-redis, MySQL and Go as they were seen. Does not prove that other programs say
the same: then only their words are shown.
"""

from __future__ import annotations

import pytest

from tools.gostack.last_words import SEARCHED_LINES, with_hint

WORDS = {
    "without TLS": (
        "Error 3159 (HY000): Connections using insecure transport are prohibited while --require_secure_transport=ON.",
        '-> MySQL takes TLS alone: write "${mysql.dsn}" where the program takes a DSN',
    ),
    "without TLS by an account that demands it": (
        "Error 1045 (28000): Access denied for user 'shop_migration'@'10.80.0.9' (using password: YES)",
        '-> MySQL takes TLS alone, and the password of this release: write "${mysql.dsn}" where the program',
    ),
    "AutoMigrate": (
        "Error 1142 (42000): CREATE command denied to user 'shop'@'10.80.1.7' for table 'orders'",
        "write database: {rights: schema}",
    ),
    "another schema": (
        "Error 1044 (42000): Access denied for user 'shop'@'%' to database 'shop_live'",
        '-> its account has no right to the schema shop_live: its own, which is there already, is "${mysql.database}"',
    ),
    "too many connections": (
        "Error 1226 (42000): User 'shop' has exceeded the 'max_user_connections' resource (current value: 8)",
        "write database: {max_connections: …}",
    ),
    "a log file": (
        '{"level":"fatal","error":"open logs/app.log: read-only file system"}',
        "-> it writes to logs/app.log: name the folder in writable",
    ),
    "a folder": ("panic: mkdir /var/lib/shop: read-only file system", "-> it writes to /var/lib/shop: name the folder"),
    "a configuration file": (
        "config: open ./config/config.yaml: no such file or directory",
        "-> ./config/config.yaml is not there: give it by files, or by build.assets",
    ),
    "a name of compose": (
        "dial tcp: lookup redis on 127.0.0.11:53: no such host",
        '-> nothing is called redis: others are "${mysql.host}", "${service.NAME.host}", "${accessory.NAME.host}"',
    ),
    "localhost": (
        "failed to connect: dial tcp 127.0.0.1:3306: connect: connection refused",
        "-> it asks for port 3306 in its own container",
    ),
    "a cache without its password": (
        "NOAUTH Authentication required.",
        '-> the cache wants its password: write "${acc',
    ),
    "an authority": (
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        'whose certificate is in the file "${mysql.ca_file}"',
    ),
}


@pytest.mark.parametrize(("words", "helps"), WORDS.values(), ids=WORDS)
def test_what_helps_is_told_below_the_words(words: str, helps: str) -> None:
    said = ["starting", words, "giving up"]
    *shown, arrow = with_hint(said, 5)
    assert shown == said
    assert helps in arrow


def test_a_file_that_is_missing_is_told_last() -> None:
    said = ["open .env: no such file or directory", "dial tcp: lookup redis on 127.0.0.11:53: no such host"]
    assert with_hint(said, 5)[-1].startswith("-> nothing is called redis")


def test_words_that_nobody_knows_are_shown_alone() -> None:
    assert with_hint(["a", "b", "c"], 2) == ["b", "c"]
    assert with_hint([], 2) == []


def test_a_panic_is_told_though_its_stack_is_longer() -> None:
    stack = [f"main.run({number})" for number in range(20)]
    said = ["panic: an older one", "goroutine 1 [running]:", "panic: no DSN", "", "goroutine 1 [running]:", *stack]
    assert len(said) < SEARCHED_LINES
    assert with_hint(said, 5) == ["panic: no DSN", "…", *stack[-3:]]
    assert with_hint(said[:5], 5) == said[:5]
