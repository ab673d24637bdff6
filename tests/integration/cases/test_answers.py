"""What a service answers is what its client gets, once, whatever it is; and an illness of one path stays there.

Does not prove anything about rates beyond some dozens of requests a second.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from tests.integration.cases.client import Client
from tests.integration.cases.support import PROBE_REPLICAS, CasesStack, message, tell, unique, wait_until
from tests.support.load import Load, Request

REFUSALS = (503, 502, 504)


def test_a_path_that_refuses_fails_no_other_request_and_its_answers_arrive_as_they_are_and_once(
    stack: CasesStack,
) -> None:
    paths = [unique(f"/p/status/{code}") for code in REFUSALS]
    refused = Load(stack.authority, 20, lambda number: Request("GET", stack.url() + paths[number % 3]))
    with refused, stack.load("/p/echo/a", 50) as others:
        time.sleep(21)
    tell(f"beside 20 requests a second that are answered 502, 503 and 504: {others.result}")
    assert others.result.sent >= 1000
    assert others.result.failures == []
    instances = {replica.instance for replica in stack.replicas()}
    for answer in refused.result.answers:
        assert answer.body.decode() in {f"status {answer.status} from {instance}\n" for instance in instances}
    sent = Counter(answer.status for answer in refused.result.answers)
    assert sorted(sent) == sorted(REFUSALS)
    assert {code: sum(stack.begun(path).values()) for code, path in zip(REFUSALS, paths, strict=True)} == dict(sent)
    assert stack.all_passing("probe")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 418, 422, 429, 500, 501, 502, 503, 504, 505, 599])
def test_a_status_arrives_with_its_body_and_headers(stack: CasesStack, code: int) -> None:
    path = unique(f"/p/status/{code}")
    response = stack.ask(path)
    instance = response.headers["X-Instance"]
    assert (response.status, response.data.decode()) == (code, f"status {code} from {instance}\n")
    assert response.headers.getlist("Retry-After") == ["7"]
    assert stack.begun(path) == {instance: 1}


@pytest.mark.parametrize(
    ("method", "headers", "tries"),
    [
        ("GET", {}, 2),
        ("PUT", {}, 2),
        ("POST", {}, 1),
        ("POST", {"Idempotency-Key": "0123456789"}, 2),
    ],
)
def test_a_route_that_asks_for_it_has_a_status_asked_again_where_that_does_no_harm(
    stack: CasesStack, method: str, headers: dict[str, str], tries: int
) -> None:
    path = unique("/case/retry/p/status/503")
    response = stack.ask(path, method=method, headers=headers)
    assert (response.status, response.data[:10]) == (503, b"status 503")
    begun = stack.begun(path)
    assert sum(begun.values()) == tries
    assert len(begun) == tries, "the same replica was asked again"


def test_a_status_that_the_route_does_not_name_is_not_asked_again(stack: CasesStack) -> None:
    path = unique("/case/retry/p/status/502")
    assert stack.ask(path).status == 502
    assert sum(stack.begun(path).values()) == 1


@pytest.mark.parametrize(("method", "most"), [("GET", 2), ("POST", 1)])
@pytest.mark.parametrize("region", ["east", "west"])
def test_a_request_that_ends_the_process_takes_two_replicas_of_one_region_at_most(
    stack: CasesStack, region: str, method: str, most: int
) -> None:
    stack.wait_until_all_pass()
    path, since = unique("/p/die"), time.time()
    response = stack.ask(path, method=method, region=region)
    assert (response.status, bool(message(response))) == (502, True)
    # A replica beyond those would be asked at once.
    time.sleep(2)
    ended = stack.lines(path, since)
    tell(f"{method} that ends the process, asked of {region}: {ended}")
    assert sum(ended.values()) <= most
    assert len({instance.split("-")[1] for instance in ended}) == 1, "replicas of both regions were ended"
    stack.wait_until_all_pass()


@pytest.mark.parametrize(("method", "most"), [("GET", 2), ("POST", 1)])
def test_a_replica_that_hangs_up_is_no_reason_to_ask_more_than_two(stack: CasesStack, method: str, most: int) -> None:
    path = unique("/p/hangup")
    response = stack.ask(path, method=method)
    assert (response.status, bool(message(response))) == (502, True)
    begun = stack.begun(path)
    assert sum(begun.values()) <= most
    assert len({instance.split("-")[1] for instance in begun}) == 1
    assert stack.all_passing("probe")


def test_a_hundred_hangups_fail_no_other_request(stack: CasesStack) -> None:
    hangups = Load(stack.authority, 20, lambda number: Request("GET", stack.url() + "/p/hangup"))
    with hangups, stack.load("/p/echo/a", 50) as others:
        time.sleep(6)
    assert hangups.result.sent >= 100
    assert {answer.status for answer in hangups.result.answers} == {502}
    assert others.result.failures == []


def test_an_answer_that_is_cut_is_cut_for_the_client_too(stack: CasesStack) -> None:
    path = unique("/p/cut")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        stack.ask(path)
    assert sum(stack.begun(path).values()) == 1


def test_a_slow_request_ends_with_504_after_its_timeout_and_was_begun_once(stack: CasesStack) -> None:
    paths = {method: unique("/p/sleep/20") for method in ("GET", "POST", "PUT")}
    with ThreadPoolExecutor(3) as pool, stack.load("/p/echo/a", 20) as others:
        began = time.monotonic()
        answers = {method: pool.submit(stack.ask, path, method=method) for method, path in paths.items()}
        seen = {method: answer.result() for method, answer in answers.items()}
        took = time.monotonic() - began
    tell(f"a request of 20 s on a route with a timeout of 15 s: 504 after {took:.1f} s")
    assert {method: answer.status for method, answer in seen.items()} == dict.fromkeys(paths, 504)
    assert all(message(answer) for answer in seen.values())
    assert {method: sum(stack.begun(path).values()) for method, path in paths.items()} == dict.fromkeys(paths, 1)
    assert others.result.failures == []
    assert stack.all_passing("probe")


def test_only_a_route_with_a_timeout_of_one_try_begins_a_slow_request_twice(stack: CasesStack) -> None:
    path = unique("/case/per-try/p/sleep/20")
    assert stack.ask(path).status == 504
    begun = stack.begun(path)
    assert sorted(begun.values()) == [1, 1]


@pytest.mark.parametrize("size", [3000, 6000, 15000])
def test_a_large_response_header_arrives(stack: CasesStack, size: int) -> None:
    response = stack.ask(f"/p/bigheader/{size}")
    assert (response.status, len(response.headers["Set-Cookie"])) == (200, size + len("session="))


def test_a_large_request_header_arrives(stack: CasesStack) -> None:
    response = stack.ask("/p/echo/a", headers={"Cookie": "session=" + "x" * 12_000})
    assert response.status == 200
    assert len(response.json()["headers"]["Cookie"][0]) == 12_008


def test_an_idle_connection_that_a_replica_closes_costs_no_request(
    stack: CasesStack, client: Callable[..., Client]
) -> None:
    flags = ("-idle", "2s", "-spread", "10ms", "-lanes", "30", "-rounds", "20")
    outcomes = client("race", "/case/hasty/p/echo/a", *flags).result(120)["outcomes"]
    tell(f"POSTs around an idle timeout of 2 s: {outcomes}")
    assert outcomes == {"200": 30 * 20}


@pytest.mark.long
@pytest.mark.parametrize("idle", [1, 3, 4, 5])
def test_an_idle_time_of_any_length_costs_no_request(
    stack: CasesStack, client: Callable[..., Client], idle: int
) -> None:
    before = stack.service("hasty")
    stack.change_services(hasty={**before, "environment": {"PROBE_IDLE_SECONDS": str(idle)}})
    assert stack.start_up().wait(300) == 0
    wait_until(lambda: stack.ask("/case/hasty/p/echo/a").status == 200, 30, "the release is reached")
    flags = ("-idle", f"{idle}s", "-spread", "10ms", "-lanes", "30", "-rounds", "40")
    assert client("race", "/case/hasty/p/echo/a", *flags).result(300)["outcomes"] == {"200": 30 * 40}


def test_there_are_as_many_replicas_as_before(stack: CasesStack) -> None:
    stack.wait_until_all_pass()
    assert len(stack.replicas()) == PROBE_REPLICAS
