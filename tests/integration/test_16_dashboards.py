"""Every expression that the console and Grafana ask is answered by the stores of a running stack, and what is true of
every stack has figures.

Does not prove that Grafana itself draws them, which takes its image from a registry, nor that a cache has figures: this
stack has none.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
import urllib3

from components.telemetry.dashboards import dashboards, expression, panels
from tests.explorer.browser import find_browser
from tests.integration.support import LiveStack, wait_until
from tools.gostack.lifecycle import lifecycle
from tools.gostack.telemetry.console import Console, console_of

HTTP = urllib3.PoolManager(retries=False, timeout=20)
SCRAPED_SECONDS = 90
PATIENCE = 60_000
"""Milliseconds after which a browser on a busy machine counts as stuck."""

WITHOUT_FIGURES_AT_TIMES = {
    # Nothing has failed, no objective is set, and a single member follows nobody.
    *("Failed (5xx)", "Missed within 1 h", "Replication lag"),
    # A change is not committed in every minute.
    "Time to commit a change",
}
FLAGS = "Flags: requests a second by variant"
VIEWS = ("", "service/users", "service/greeter", "ingress", "mysql", "consul", "containers", "objectives", "alerts")


@pytest.fixture(scope="module")
def console(stack: LiveStack) -> Console:
    """The console, once the stack is as its settings say."""
    assert lifecycle.up(stack.workspace) == 0
    return console_of(stack.outputs, stack.workspace.stack)


@pytest.fixture(scope="module")
def entry(stack: LiveStack) -> str:
    """URL of the stack; to ask Pulumi for it takes a second."""
    return str(stack.outputs["url"])


def ask(stack: LiveStack, entry: str) -> None:
    """A request to each service; what is counted once has no rate yet."""
    assert stack.request("GET", f"{entry}/hello/drawn").status == 200
    assert stack.request("GET", f"{entry}/api/v1/users?page=1&page_size=1").status == 200


def test_every_panel_of_the_console_is_answered_and_what_every_stack_has_has_figures(
    stack: LiveStack, console: Console, entry: str
) -> None:
    wanted = {
        f"{group}: {panel['title']}, {name}": expression(query, of=of, over="60s")
        for group, found in panels().items()
        for panel in found
        if not panel.get("optional") and panel["title"] not in WITHOUT_FIGURES_AT_TIMES
        for name, query in panel["series"].items()
        for of in ['service="users"' if group.startswith("service") else ""]
    }
    assert len(wanted) > 15

    def empty() -> list[str]:
        ask(stack, entry)
        return [name for name, query in wanted.items() if not console.now(query)]

    until = time.monotonic() + SCRAPED_SECONDS
    while (without := empty()) and time.monotonic() < until:
        time.sleep(1)
    assert without == []
    for query in (query for found in panels().values() for panel in found for query in panel["series"].values()):
        for of in ("", 'service="users"', 'service="nobody"', 'region=~".*"'):
            console.now(expression(query, of=of, over="60s"))


def test_a_service_that_tells_of_its_flags_has_figures_and_another_has_none(
    stack: LiveStack, console: Console, entry: str
) -> None:
    (query,) = [query for one in panels()["service_own"] if one["title"] == FLAGS for query in one["series"].values()]

    def counted(service: str) -> bool:
        ask(stack, entry)
        return bool(console.now(expression(query, of=f'service="{service}"', over="60s")))

    wait_until(lambda: counted("users"), SCRAPED_SECONDS, "requests are counted by variant")
    assert not counted("greeter")


@pytest.mark.parametrize("file", sorted(dashboards()))
def test_every_expression_of_grafana_is_answered(console: Console, file: str) -> None:
    board = json.loads(dashboards()[file])
    values = {"service": "users", "region": ".*", "__rate_interval": "1m"}
    for target in (target for panel in board["panels"] for target in panel["targets"]):
        query = re.sub(r"\$(\w+)", lambda found: values[found[1]], target["expr"])
        console.now(query)
        console.since(query, 60)


def test_grafana_finds_its_choices_on_the_paths_that_the_console_lets_through(console: Console) -> None:
    def choices(label: str) -> set[str]:
        url = f"{console.url}/metrics/api/v1/label/{label}/values"
        answer = HTTP.request("GET", url, fields={"match[]": "ingress_requests_total"})
        assert answer.status == 200
        return set(answer.json()["data"])

    assert {"users", "greeter"} <= choices("service")
    assert {"east"} <= choices("region")
    for path in ("labels", "series"):
        fields = {"match[]": "ingress_requests_total"}
        answer = HTTP.request("POST", f"{console.url}/metrics/api/v1/{path}", fields=fields, encode_multipart=False)
        assert answer.status == 200, answer.data


def test_every_view_of_the_page_is_drawn_from_what_the_stores_answer(console: Console) -> None:
    driver = pytest.importorskip("playwright.sync_api", reason="run `.venv/bin/python -m tests.explorer.browser`")
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium or Chrome on PATH: run `.venv/bin/python -m tests.explorer.browser`")
    refused: list[str] = []
    failed: dict[str, list[str]] = {}
    primaries: list[str] = []

    def look(response: Any) -> None:
        if not response.ok:
            refused.append(f"{response.status} {response.url} {response.request.post_data}")

    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for view in VIEWS:
            tab = browser.new_page()
            tab.set_default_timeout(PATIENCE)
            tab.on("response", look)
            tab.goto(f"{console.url}/#/{view}")
            tab.wait_for_selector("body[data-ready]")
            failed[view] = tab.locator("main [role=alert]").all_inner_texts()
            if view == "mysql":
                primaries = (
                    tab.get_by_role("region", name="Members").get_by_text("primary", exact=True).all_inner_texts()
                )
            tab.close()
        browser.close()
    assert refused == []
    assert failed == {view: [] for view in VIEWS}
    assert primaries == ["primary"]
