"""What `gostack acceptance` asks of a deployed stack, against answers that are made up here.

Does not prove that a real stack answers so: tests/rehearsal/test_pipeline.py runs it on one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from components.ingress.own_answers import OWN_ANSWERS
from tools.gostack.release.acceptance import checks

OUTPUTS = {
    "url": "https://one",
    "regions": {"east": "https://one", "west": "https://two"},
    "services": {"users": {"url": "https://one/api/v1/users"}, "worker": {"url": ""}},
}


class Stack:
    """Answers like a stack that is well, but for what a test breaks."""

    def __init__(self, broken: dict[str, int] | None = None) -> None:
        self.broken = broken or {}
        self.email = ""
        self.deleted = False

    def __call__(self, method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        if url in self.broken:
            return answer(self.broken[url], {})
        if method == "POST":
            self.email = (body or {})["email"]
            return answer(201, {"data": {"id": 7}})
        if method == "DELETE":
            self.deleted = True
            return answer(204, {})
        if url.endswith("/users/7"):
            return answer(200, {"data": {"email": self.email}})
        known = url.endswith(("/.well-known/gostack/healthz", "/users"))
        return answer(200 if known else 404, {})


def answer(status: int, document: object) -> urllib3.BaseHTTPResponse:
    return urllib3.HTTPResponse(json.dumps(document).encode(), {"Content-Type": "application/json"}, status)


def failed(stack: Stack) -> dict[str, str]:
    return {what: problem for what, problem in checks(OUTPUTS, stack) if problem}


def test_a_stack_that_is_well_passes_and_keeps_nothing_of_the_check() -> None:
    stack = Stack()
    assert failed(stack) == {}
    assert stack.deleted is True
    assert len(list(checks(OUTPUTS, stack))) == 6


def test_a_region_that_does_not_read_what_another_wrote_fails_by_name() -> None:
    assert failed(Stack({"https://two/api/v1/users/7": 404})) == {
        "a user that is created is read in every region": "west answers 404 instead of 200"
    }


def test_an_entry_that_is_not_well_fails_by_name() -> None:
    assert failed(Stack({"https://two/.well-known/gostack/healthz": 503})) == {
        "the entry of west is well": "answers 503 instead of 200"
    }


def test_a_service_that_fails_is_named() -> None:
    found = failed(Stack({"https://one/api/v1/users": 502}))
    assert found["users answers"] == "answers 502"


def test_a_service_whose_route_the_ingress_does_not_know_is_not_reached() -> None:
    no_such_path = next(own for own in OWN_ANSWERS if own.status == 404)

    def stack(method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        if url.endswith("/users"):
            return urllib3.HTTPResponse(no_such_path.body.encode(), {"Content-Type": "application/json"}, 404)
        return Stack()(method, url, body)

    found = {what: problem for what, problem in checks(OUTPUTS, stack) if problem}
    assert found["users answers"] == "is not reached: the ingress answers 404 itself"


def test_an_entry_that_cannot_be_reached_is_a_failed_check_and_no_traceback() -> None:
    def unreachable(method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        raise urllib3.exceptions.ProtocolError("refused")

    assert all("ProtocolError" in problem for _, problem in checks(OUTPUTS, unreachable))
