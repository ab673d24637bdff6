"""Whether what was acknowledged is there: the e-mail addresses of answered writes against the rows of the table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.load_result import Result

_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class Balance:
    """Acknowledged writes compared with rows."""

    acknowledged: int
    """Writes that were answered with success."""

    lost: tuple[str, ...]
    """E-mail addresses of acknowledged writes without exactly one row."""

    unanswered: int
    """Rows of writes that were not acknowledged: done, but the answer did not arrive."""


def acknowledged(result: Result) -> list[str]:
    """E-mail addresses of the writes that were answered with success; raises ValueError when an answer names none."""
    return [_email(answer.body) for answer in result.answers if answer.method == "POST" and answer.status in _SUCCESS]


def balance(promised: Iterable[str], rows: Iterable[str]) -> Balance:
    """Compare what was promised with the e-mail addresses in the table."""
    promises, found = set(promised), Counter(rows)
    lost = sorted(email for email in promises if found[email] != 1)
    return Balance(len(promises), tuple(lost), len(found.keys() - promises))


def _email(body: bytes) -> str:
    try:
        answer: dict[str, Any] = json.loads(body)
        return str(answer["data"]["email"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"a write was answered with success and without its row: {body[:200]!r}") from None
