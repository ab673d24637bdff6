"""Requests a second with something and without it, as `make bench TELEMETRY=1` and `CACHE=1` count and show them.

Does not prove what they are: the benchmarks measure that on a running stack.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.pairs import requests_a_second, table
from tests.support.load_result import Answer, Result


def test_what_was_answered_well_counts_from_the_first_request_to_the_last_answer() -> None:
    answers = [Answer(sent_at=10 + number / 100, seconds=0.01, status=200, problem="") for number in range(200)]
    failed = Answer(sent_at=11, seconds=0.01, status=503, problem="answered 503")
    assert requests_a_second(Result([*answers, failed])) == pytest.approx(100)
    assert requests_a_second(Result([failed])) == 0


def test_each_pair_is_shown_and_the_share_is_that_of_pairs() -> None:
    assert table([(960, 1000), (500, 1000), (490, 500)]).splitlines() == [
        "  pair  requests/s with, without, share",
        "     1       960      1000  0.960",
        "     2       500      1000  0.500",
        "     3       490       500  0.980",
        "median       500      1000  0.960",
    ]
