"""Whether acknowledged writes are told from lost ones.

Does not prove that the rows are read from the member that takes the writes.
"""

from __future__ import annotations

import json

import pytest

from tests.chaos import ledger
from tests.support.load_result import Answer, Result


def write(email: str, status: int = 201) -> Answer:
    return Answer(0, 0, status, "", "POST", json.dumps({"data": {"email": email}}).encode())


def test_only_writes_answered_with_success_are_promises() -> None:
    reading = Answer(0, 0, 200, "", "GET", json.dumps({"data": {"email": "read@x"}}).encode())
    result = Result([write("a@x"), write("b@x", 200), write("c@x", 503), write("d@x", 0), reading])
    assert ledger.acknowledged(result) == ["a@x", "b@x"]


def test_a_success_without_its_row_is_refused() -> None:
    with pytest.raises(ValueError, match="answered with success and without its row"):
        ledger.acknowledged(Result([Answer(0, 0, 201, "", "POST", b"<html>")]))


def test_a_row_that_is_missing_or_there_twice_is_lost() -> None:
    balance = ledger.balance(["a@x", "b@x", "c@x"], ["a@x", "b@x", "b@x"])
    assert balance == ledger.Balance(acknowledged=3, lost=("b@x", "c@x"), unanswered=0)


def test_a_write_acknowledged_twice_is_one_promise() -> None:
    assert ledger.balance(["a@x", "a@x"], ["a@x"]) == ledger.Balance(1, (), 0)


def test_rows_that_nobody_was_told_of_are_not_lost() -> None:
    assert ledger.balance(["a@x"], ["a@x", "b@x", "c@x"]) == ledger.Balance(1, (), 2)
