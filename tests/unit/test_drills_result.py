"""What a load's answers say: how many failed, for how long, why.

Does not prove that vegeta sends what it is told; the integration tests do.
"""

from __future__ import annotations

import base64
import json

import pytest

from tests.conftest import pytest_assertrepr_compare
from tests.support.load import Request
from tests.support.load_result import Answer, Result, merged, read_results


def line(code: int = 200, error: str = "", timestamp: str = "2026-01-02T03:04:05.123456789Z", body: bytes = b"") -> str:
    return json.dumps(
        {
            "code": code,
            "error": error,
            "timestamp": timestamp,
            "latency": 2_500_000,
            "method": "POST",
            "url": "https://127.0.0.1:8443/api/v1/users",
            "body": base64.b64encode(body).decode(),
        }
    )


def failing(sent_at: float, seconds: float = 0.1, problem: str = "503") -> Answer:
    return Answer(sent_at, seconds, 503, problem)


def well(sent_at: float) -> Answer:
    return Answer(sent_at, 0.1, 200, "")


def test_an_answer_is_read_with_its_time_and_body() -> None:
    (answer,) = read_results([line(201, body=b"{}"), "\n"]).answers
    assert answer == Answer(1767323045.123456, 0.0025, 201, "", "POST", b"{}")


@pytest.mark.parametrize(
    "timestamp", ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05.0+01:00", "2026-01-02T03:04:05.000Z"]
)
def test_a_time_is_read_however_many_digits_it_has(timestamp: str) -> None:
    assert read_results([line(timestamp=timestamp)]).answers[0].sent_at == 1767323045.0


@pytest.mark.parametrize(
    ("code", "error", "problem"),
    [
        (200, "", ""),
        (201, "", ""),
        (404, "404 Not Found", "127.0.0.1:8443 answered 404"),
        (429, "", "127.0.0.1:8443 answered 429"),
        (503, "503 Service Unavailable", "127.0.0.1:8443 answered 503"),
        (
            0,
            'Post "https://…": read tcp 127.0.0.1:1->127.0.0.1:2: connection reset',
            "127.0.0.1:8443: connection reset",
        ),
        (0, "", "127.0.0.1:8443: no answer"),
        (200, "unexpected EOF", "127.0.0.1:8443: unexpected EOF"),
    ],
)
def test_no_answer_and_a_status_from_400_on_are_failures(code: int, error: str, problem: str) -> None:
    result = read_results([line(code, error)])
    assert result.answers[0].problem == problem
    assert len(result.failures) == (1 if problem else 0)


def test_an_outage_ends_with_a_request_that_is_answered() -> None:
    result = Result([well(0), failing(1), failing(2), well(3), failing(4)])
    assert result.longest_outage == pytest.approx(1.1)
    assert result.failure_span == pytest.approx(3.1)


def test_answers_in_any_order_give_the_same_outage() -> None:
    answers = [failing(2), well(3), failing(1), well(0)]
    assert Result(answers).longest_outage == Result(answers[::-1]).longest_outage == pytest.approx(1.1)


def test_a_load_without_requests_has_no_figures() -> None:
    empty = Result()
    assert (empty.sent, empty.longest_outage, empty.failure_span, empty.slowest, empty.percentile(0.5)) == (
        0,
        0,
        0,
        0,
        0,
    )


def test_causes_are_counted_over_all_loads() -> None:
    both = merged([Result([failing(1), well(2)]), Result([failing(3), failing(4, problem="reset")])])
    assert dict(both.causes) == {"503": 2, "reset": 1}
    assert str(both).startswith("4 requests sent, 3 failed, slowest 100 ms; 503 (2×); reset (1×)")


def test_what_failed_is_told_by_the_second_with_the_sentence_that_was_answered() -> None:
    full = b'{"code":503,"message":"the database cannot be used at the moment: the request had no time left"}'
    later = "2026-01-02T03:04:07Z"
    result = read_results(
        [line(503, body=full), line(), line(503, body=full), line(502, body=b"<html>"), line(0, "EOF", later)]
    )
    assert result.failures_by_second == [
        "03:04:05 2 × POST 127.0.0.1:8443 answered 503: the database cannot be used at the moment: the request had no "
        "time left; 1 × POST 127.0.0.1:8443 answered 502",
        "03:04:07 1 × POST 127.0.0.1:8443: EOF",
    ]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"message"', b'{"error": 1}', b"\xff"])
def test_an_answer_without_a_sentence_is_told_by_its_status(body: bytes) -> None:
    assert dict(read_results([line(503, body=body)]).causes) == {"127.0.0.1:8443 answered 503": 1}


def test_a_test_whose_requests_failed_says_when_and_why() -> None:
    told = pytest_assertrepr_compare("==", [failing(5), failing(5.5)], [])
    assert told == ["2 requests failed", "00:00:05 2 × GET 503"]
    assert pytest_assertrepr_compare("==", [1], []) is None
    assert pytest_assertrepr_compare("!=", [failing(5)], []) is None


def test_a_percentile_is_an_answer_that_was_given() -> None:
    times = Result([Answer(0, seconds, 200, "") for seconds in (1.0, 2.0, 3.0, 4.0)])
    assert [times.percentile(share) for share in (0, 0.5, 0.99, 1)] == [1.0, 3.0, 4.0, 4.0]


def test_a_request_is_one_line_of_vegetas_format() -> None:
    target = Request("POST", "https://x/y", b'{"a": 1}', {"Idempotency-Key": "k"}).target()
    assert target.endswith(b"\n")
    assert target.count(b"\n") == 1
    assert json.loads(target) == {
        "method": "POST",
        "url": "https://x/y",
        "body": base64.b64encode(b'{"a": 1}').decode(),
        "header": {"Idempotency-Key": ["k"]},
    }
    assert json.loads(Request("GET", "https://x/y").target()) == {"method": "GET", "url": "https://x/y"}
