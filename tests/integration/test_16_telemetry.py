"""The telemetry of a running stack: what is found in it of services that know nothing of it, and what it costs.

Does not prove that a page looks right, nor that alerts fire: the console's own tests and those of the rules do. Nor
that a store which is killed keeps the lines of its last seconds: it does not.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.canary.figures import SETTLED_SECONDS, TrackMetrics
from tools.gostack.canary.walk import LATE_SECONDS
from tools.gostack.lifecycle import lifecycle
from tools.gostack.open.command import address
from tools.gostack.status.command import looker
from tools.gostack.status.layout import as_text
from tools.gostack.status.model import Traffic
from tools.gostack.telemetry.console import Console

PROGRAMS = ("metrics", "logs", "alerts", "collector", "console")
HTTP = urllib3.PoolManager(retries=False, timeout=20)
LINES = 300
SCRAPED_SECONDS = 25
MEMORY_MB = 400

FLUSH_SECONDS = 1
"""Time in seconds after which the store of logs has written what it took to its disk: as much is lost with its
process."""


@pytest.fixture(scope="module")
def console(stack: LiveStack) -> str:
    """URL of the console, once the stack is as its settings say."""
    assert lifecycle.up(stack.workspace) == 0
    return str(stack.outputs["dashboards"]["console"])


@pytest.fixture(scope="module")
def entry(stack: LiveStack) -> str:
    """URL of the stack; to ask Pulumi for it takes a second."""
    return str(stack.outputs["url"])


def values(console: str, query: str) -> list[dict[str, Any]]:
    """What the metrics say to a question in PromQL, as labels and `value`."""
    answer = HTTP.request("GET", f"{console}/metrics/api/v1/query", fields={"query": query})
    assert answer.status == 200, answer.data
    return [{**one["metric"], "value": float(one["value"][1])} for one in answer.json()["data"]["result"]]


def total(console: str, query: str) -> float:
    return sum(one["value"] for one in values(console, query))


def rows(console: str, query: str) -> list[dict[str, Any]]:
    """What the logs say to a question in LogsQL."""
    answer = HTTP.request("GET", f"{console}/logs/select/logsql/query", fields={"query": f"_time:1h {query}"})
    assert answer.status == 200, answer.data
    return [json.loads(line) for line in answer.data.splitlines()]


def ask(stack: LiveStack, entry: str, name: str) -> urllib3.BaseHTTPResponse:
    answer = stack.request("GET", f"{entry}/hello/{name}")
    assert answer.status == 200
    return answer


def test_up_says_where_the_console_is(stack: LiveStack, console: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lifecycle.up(stack.workspace) == 0
    assert f"console      {console} " in capsys.readouterr().out
    assert address(stack.outputs, stack.workspace.stack, "dashboards") == console


def test_the_console_answers_to_a_name_of_this_machine_and_to_no_other(console: str) -> None:
    port = urlsplit(console).port
    page = HTTP.request("GET", console, headers={"Host": f"localhost:{port}"})
    assert page.status == 200
    assert b"<html" in page.data.lower()
    assert HTTP.request("GET", console, headers={"Host": "attacker.example.com"}).status == 403


def test_nothing_is_written_or_deleted_through_the_console(console: str) -> None:
    for path in ("metrics/api/v1/admin/tsdb/delete_series?match[]=up", "logs/insert/jsonline", "metrics/api/v1/write"):
        assert HTTP.request("POST", f"{console}/{path}", body=b"{}").status in (403, 404, 405), path


def test_every_program_of_it_is_scraped_itself(console: str) -> None:
    def up() -> set[str]:
        return {one["instance"] for one in values(console, 'up{job="telemetry"} == 1')}

    wait_until(lambda: up() == {"metrics", "logs", "alerts", "collector"}, 60, "the telemetry scrapes itself")


def test_every_server_of_consul_is_scraped(stack: LiveStack, console: str) -> None:
    settings = stack.workspace.settings
    wanted = len(settings.regions) * settings.consul.servers
    wait_until(lambda: total(console, 'up{job="consul"}') == wanted, 60, "every server of Consul is scraped")


def test_every_instance_that_has_metrics_is_scraped(stack: LiveStack, console: str) -> None:
    registered = [
        one["Service"]["Meta"].get("instance")
        for url in stack.outputs["consul"].values()
        for service in HTTP.request("GET", f"{url}/v1/catalog/services").json()
        for one in HTTP.request("GET", f"{url}/v1/health/service/{service}?passing=true").json()
        if one["Service"]["Meta"].get("metrics_path")
    ]
    assert registered, "no service of the stack says that it has metrics"

    def scraped() -> list[Any]:
        return sorted(one["instance"] for one in values(console, 'up{job="services"} == 1'))

    wait_until(lambda: scraped() == sorted(registered), 60, "every registered instance is scraped")


def test_requests_are_counted_of_a_service_that_knows_nothing_of_it(stack: LiveStack, console: str, entry: str) -> None:
    region = stack.workspace.settings.ordered_regions()[0]
    where = f'region="{region}",track="stable",route="/hello"'
    query = f'ingress_requests_total{{service="greeter",status="2xx",{where}}}'
    # What was asked before is counted by now.
    time.sleep(SCRAPED_SECONDS)
    before = total(console, query)
    for number in range(50):
        ask(stack, entry, f"counted-{number}")
    wait_until(lambda: total(console, query) >= before + 50, 60, "50 requests are counted")
    # Once each, however often what counts them is scraped.
    time.sleep(SCRAPED_SECONDS)
    assert total(console, query) == before + 50


def test_status_shows_what_clients_get_and_how_many_alerts_fire(stack: LiveStack, console: str, entry: str) -> None:
    region = stack.workspace.settings.ordered_regions()[0]
    look = looker(stack.workspace)

    def traffic() -> Traffic | None:
        for _ in range(20):
            ask(stack, entry, "status")
        wanted = ("greeter", "stable", region)
        (row,) = [one for one in look().services if (one.service, one.track, one.region) == wanted]
        return row.traffic

    wait_until(lambda: bool((found := traffic()) and found.requests_per_second > 0), 60, "status shows requests")
    found = traffic()
    assert found
    assert found.error_percent == 0
    assert found.p99_milliseconds
    assert found.p99_milliseconds > 0
    wait_until(lambda: look().alerts is not None, 60, "status knows how many alerts fire")
    assert f"; {look().alerts or 'no'} alert" in as_text(look())


def test_the_tracks_of_a_service_are_measured_to_the_request_within_seconds(
    stack: LiveStack, console: str, entry: str
) -> None:
    metrics = TrackMetrics(Console(console), "greeter", stack.workspace.settings.ordered_regions())
    metrics.check()
    metrics.restart()
    time.sleep(SETTLED_SECONDS)
    for number in range(40):
        ask(stack, entry, f"measured-{number}")
    asked = time.monotonic()

    def reached() -> bool:
        late = time.monotonic() - asked
        return metrics.sample().age_seconds <= late

    wait_until(reached, LATE_SECONDS, "the figures reach to it")
    tell(f"what was answered is in the figures after {time.monotonic() - asked:.1f} s")
    sample = metrics.sample()
    assert (sample.stable.requests, sample.stable.errors, sample.canary.requests) == (40, 0, 0)
    assert sample.stable.p99_milliseconds > 0


def test_figures_are_known_to_be_old_when_nobody_counts(stack: LiveStack, console: str) -> None:
    metrics = TrackMetrics(Console(console), "greeter", stack.workspace.settings.ordered_regions())
    (collector,) = stack.containers("collector", service="telemetry")
    collector.pause()
    try:
        time.sleep(LATE_SECONDS + 2)
        assert metrics.sample().age_seconds >= LATE_SECONDS
    finally:
        collector.unpause()
    wait_until(lambda: metrics.sample().age_seconds < LATE_SECONDS, 60, "the figures are of now again")


def test_every_container_has_its_figures(stack: LiveStack, console: str) -> None:
    names = {one.labels["gostack.instance"] for one in stack.containers("application")}

    def found() -> set[str]:
        return {
            one["instance"] for one in values(console, 'container_memory_working_set_bytes{role="application"} > 0')
        }

    wait_until(lambda: found() == names, 60, "every replica has its memory")


def test_a_trace_id_of_an_answer_finds_the_line_of_the_ingress(stack: LiveStack, console: str, entry: str) -> None:
    trace = ask(stack, entry, "traced").headers["X-Trace-ID"]
    wait_until(lambda: bool(rows(console, f'trace_id:="{trace}" service:="ingress"')), 30, "the line is found")
    (line,) = rows(console, f'trace_id:="{trace}" service:="ingress"')
    assert (line["upstream_service"], line["status"]) == ("greeter", "200")
    assert line["path"] == "/hello/traced"


@pytest.mark.parametrize(("program", "written_after_seconds"), [("collector", 0), ("logs", 3 * FLUSH_SECONDS)])
def test_no_line_is_lost_while_what_takes_or_keeps_it_is_killed(
    stack: LiveStack, console: str, entry: str, program: str, written_after_seconds: float
) -> None:
    marker = uuid.uuid4().hex[:12]
    query = f'service:="ingress" path:"{marker}" | stats count() as lines, count_uniq(path) as requests'

    def requests() -> int:
        try:
            return int(rows(console, query)[0]["requests"])
        except (AssertionError, IndexError, urllib3.exceptions.HTTPError):
            # The store has just been killed.
            return 0

    for number in range(LINES):
        if number in (LINES // 3, 2 * LINES // 3):
            if written_after_seconds:
                wait_until(lambda number=number: requests() == number, 60, f"{number} lines are there")
                time.sleep(written_after_seconds)
            (container,) = stack.containers(program, service="telemetry")
            stack.kill_process(int(container.attrs["State"]["Pid"]))
            wait_until(lambda: bool(stack.containers(program, service="telemetry")), 60, f"{program} is back")
        ask(stack, entry, f"{marker}-{number}")
    wait_until(lambda: requests() == LINES, 60, f"all of {LINES} lines are there")
    tell(f"{program} killed twice in {LINES} requests: {rows(console, query)[0]['lines']} lines, none missing")


def test_its_containers_together_stay_small(stack: LiveStack, console: str) -> None:
    assert console
    used = {program: _working_set_mb(stack, program) for program in PROGRAMS}
    tell(f"memory of the telemetry: {sum(used.values()):.0f} MB, {', '.join(f'{k} {v:.0f}' for k, v in used.items())}")
    assert sum(used.values()) <= MEMORY_MB


def _working_set_mb(stack: LiveStack, program: str) -> float:
    (container,) = stack.containers(program, service="telemetry")
    found: Any = container.stats(stream=False)
    memory = found["memory_stats"]
    # Pages of files that the kernel takes back at once: by their name in version 2 of control groups, or in version 1.
    pages = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return (memory["usage"] - pages) / 1e6
