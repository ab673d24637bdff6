"""The console's page in a real browser, over stores that answer from one failed request: drawn, led by links, usable by
keyboard, readable on a phone, and deaf to markup in what it shows.

Does not prove that the stores understand its questions. Needs Go, and the browser that `tests/explorer/browser.py`
installs; else it is skipped.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.explorer.console_stores import MARKUP, SQL, TRACE, Stores, running_stores
from tools.gostack.explorer.recording import PROJECT

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000
"""Milliseconds after which a browser on a busy machine counts as stuck; nothing here is about speed."""

VIEWS = (
    "",
    "service/users",
    f"trace/{TRACE}",
    "logs",
    "ingress",
    "mysql",
    "consul",
    "containers",
    "objectives",
    "alerts",
)
OWN_PANELS = {
    "Cache: hits by level": "local",
    "Cache: age of answers": "P99 east",
    "Cache: time until a change is known": "P99 east",
    "Degraded answers a second": "east",
    "Replicas with an open circuit breaker": "valkey",
    "Flags: requests a second by variant": "request_timeout: short",
    "Flags: failed by variant": "request_timeout: short",
}
"""Title to a line of what is drawn only of a service that tells of its cache and its flags."""
ARCHITECTURE = {
    "regions": [
        {"name": "east", "ingress": "https://east.gostack.localhost:8443", "consul_servers": 1},
        {"name": "witness", "ingress": "", "consul_servers": 1},
    ],
    "services": [
        {"name": "users", "regions": ["east"],
         "tracks": [{"name": "stable", "replicas": 2}, {"name": "canary", "replicas": 1}],
         "routes": ["/api/v1/users"], "kind": "http", "database": "users"},
        {"name": "mailer", "regions": ["east"], "tracks": [{"name": "stable", "replicas": 1}], "routes": [],
         "kind": "worker", "database": None},
    ],
    "mysql": {"topology": "group", "primary_region": "east", "members": ["east", "west", "witness"]},
    "accessories": [{"name": "cache", "regions": ["east"]}],
}  # fmt: skip

Opener = Callable[..., Any]


@pytest.fixture(scope="module")
def all_stores() -> Iterator[Stores]:
    with running_stores() as found:
        yield found


@pytest.fixture
def stores(all_stores: Stores) -> Iterator[Stores]:
    yield all_stores
    all_stores.away.clear()


@pytest.fixture(scope="module")
def console(all_stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real program, over the stores; its address."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on PATH")
    folder = tmp_path_factory.mktemp("console")
    source = PROJECT / "components" / "telemetry" / "console"
    subprocess.run([go, "build", "-o", str(folder / "console"), "."], cwd=source, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {
        "stack": "dev", "listen": f"127.0.0.1:{port}", "hosts": ["localhost"], "architecture": ARCHITECTURE,
        **{name: f"{all_stores.address}/{name}" for name in ("metrics", "logs", "alerts")},
    }  # fmt: skip
    (folder / "console.json").write_text(json.dumps(config), encoding="utf-8")
    program = subprocess.Popen([folder / "console", "-config", folder / "console.json"])
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", program)
        yield f"http://localhost:{port}/"
    finally:
        program.terminate()
        program.wait(10)


def _wait_for(address: str, program: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert program.poll() is None, "the console has ended"
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the console does not answer")


@pytest.fixture
def opened(console: str, browser: Any) -> Iterator[Opener]:
    """Opens a view and waits for its data; whatever the page complains of, or asks of others, fails the test."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_view(view: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        # Where containers come and go, Chromium gives up what it is loading.
        tab.on(
            "console",
            lambda message: None if "ERR_NETWORK_CHANGED" in message.text else complaints.append(message.text),
        )
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: None if request.url.startswith(console) else complaints.append(request.url))
        tab.complaints = complaints
        tab.goto(f"{console}#/{view}")
        return ready(tab)

    yield open_view
    for context in contexts:
        context.close()
    assert complaints == []


def ready(tab: Any) -> Any:
    tab.wait_for_selector("body[data-ready]")
    return tab


def click(tab: Any, link: Any) -> None:
    """Follow a link, and wait until the view that it leads to is drawn."""
    before = tab.url
    link.click()
    tab.wait_for_function("(before) => location.href !== before && 'ready' in document.body.dataset", arg=before)


def test_three_clicks_lead_from_a_failed_request_to_its_sql(opened: Opener) -> None:
    tab = opened()
    click(tab, tab.get_by_role("link", name="Ingress", exact=True))
    failed = tab.get_by_role("region", name="Failed requests").locator("tbody tr").first
    assert "503" in failed.inner_text()
    click(tab, failed.get_by_role("link", name="trace"))
    tab.locator(".span[data-type=sql] summary").click()
    assert tab.locator("pre.sql").inner_text() == SQL


def test_a_trace_shows_every_try_its_spans_in_order_and_its_lines(opened: Opener) -> None:
    tab = opened(f"trace/{TRACE}")
    names = [text.replace("▸", "").strip() for text in tab.locator(".span .name").all_inner_texts()]
    assert names == [
        "ingress east GET /api/v1/users/7",
        "try 1: 10.80.1.11:8080 cannot be reached",
        "try 2: 10.80.1.12:8080 answers 503",
        "users-1 GET /api/v1/users/{id}",
        f"users-1 {SQL}",
    ]
    assert tab.get_by_role("region", name="Logged").locator("li.log").count() == 2


def test_a_trace_id_in_the_box_opens_its_trace_and_words_search_the_logs(opened: Opener) -> None:
    tab = opened()
    tab.keyboard.press("/")
    tab.keyboard.type(TRACE)
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".span[data-type=sql]")
    tab.keyboard.press("/")
    tab.keyboard.type("invalid connection")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".toolbar")
    assert tab.locator(".toolbar [name=q]").input_value() == "invalid connection"


def test_words_and_filters_become_one_question(opened: Opener, stores: Stores) -> None:
    stores.asked.clear()
    opened("logs?q=%22lost%20connection%22%20-slow%20status:503%20%7C%20delete&service=users&level=error")
    asked = next(query for path, query in stores.asked if path == "/logs/select/logsql/query")
    filters, limit = asked.split(" | ", 1) if '"|"' not in asked else asked.rsplit(" | sort", 1)
    assert filters == (
        '_time:900s kind:="log" service:="users" level:i("error") ("lost connection" or error:"lost connection") '
        '!("slow"* or error:"slow"*) "status":"503"* ("|"* or error:"|"*) ("delete"* or error:"delete"*)'
    )
    assert limit.endswith("limit 200")


@pytest.mark.parametrize("view", VIEWS)
def test_markup_in_data_stays_text(opened: Opener, view: str) -> None:
    tab = opened(view)
    tab.locator("main details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    assert tab.locator("main img, main script, main b b, a[href^='javascript:']").count() == 0
    assert tab.title() != "run"
    if view in ("", f"trace/{TRACE}", "logs", "alerts"):
        assert MARKUP in tab.locator("main").inner_text()


def test_the_overview_says_what_is_away_in_words(opened: Opener) -> None:
    tab = opened()
    cards = {text.split("\n")[0]: text for text in tab.locator(".card[data-role=service]").all_inner_texts()}
    stable, canary = (
        tab.locator(".card", has_text=f"Service · {track}").inner_text() for track in ("stable", "canary")
    )
    assert len(cards) == 3
    assert "2 of 2" not in canary
    assert "0 of 1" in canary
    assert "away" in canary
    assert "0.02" in stable
    assert tab.locator(".firing li").count() == 1


def test_a_service_that_tells_of_its_cache_and_flags_has_charts_of_them(opened: Opener) -> None:
    tab = opened("service/users")
    for title, line in OWN_PANELS.items():
        panel = tab.get_by_role("region", name=title, exact=True)
        assert panel.locator("canvas").is_visible(), title
        assert line in panel.locator(".u-label").all_inner_texts(), title


def test_a_service_that_tells_nothing_of_itself_has_no_such_charts(opened: Opener) -> None:
    tab = opened("service/mailer")
    assert tab.get_by_role("region", name="CPU").locator("canvas").is_visible()
    assert tab.get_by_role("region", name="Slowest SQL").is_visible()
    assert [title for title in OWN_PANELS if tab.get_by_role("region", name=title).count()] == []


def test_a_chart_that_could_not_be_asked_for_says_so_though_not_every_service_has_it(
    opened: Opener, stores: Stores
) -> None:
    stores.away.add("metrics")
    tab = opened("service/users")
    for title in OWN_PANELS:
        assert tab.get_by_role("region", name=title, exact=True).get_by_role("alert").is_visible(), title
    assert all("503" in text for text in tab.complaints)
    tab.complaints.clear()


def test_the_members_of_mysql_have_their_roles_lag_and_connections(opened: Opener) -> None:
    tab = opened()
    click(tab, tab.locator(".card[data-role=data]").first)
    found = tab.get_by_role("region", name="Members").locator("tbody tr").all()
    assert [[text.strip() for text in row.locator("td").all_inner_texts()[:5]] for row in found] == [
        ["east", "healthy", "primary", "–", "90 of 100"],
        ["west", "healthy", "secondary", "2.50 s", "4 of 100"],
        ["witness", "away", "–", "–", "–"],
    ]
    assert found[0].locator(".meter i").get_attribute("data-state") == "warn"
    slow = tab.get_by_role("region", name="Slowest SQL").locator("tbody tr").first
    assert SQL in slow.inner_text()
    click(tab, slow.get_by_role("link", name="slowest"))
    assert tab.locator(".span[data-type=sql]").count() == 1


def test_consuls_servers_say_whether_they_answer_and_who_leads(opened: Opener) -> None:
    tab = opened()
    click(tab, tab.locator(".card[data-role=discovery]").first)
    (server,) = tab.get_by_role("region", name="Servers", exact=True).locator("tbody tr").all()
    assert [text.strip() for text in server.locator("td").all_inner_texts()[:4]] == [
        "consul-east-0",
        "east",
        "answers",
        "yes",
    ]


def test_a_store_that_is_away_is_named_and_the_others_are_shown(opened: Opener, stores: Stores) -> None:
    stores.away.add("logs")
    tab = opened("service/users")
    tab.get_by_text("The store of logs answers 503").wait_for()
    assert tab.get_by_role("region", name="Last lines").locator(".failed").count() == 1
    assert tab.get_by_role("region", name="Requests a second", exact=True).locator("canvas").count() == 1
    # The browser itself reports each answer that failed.
    assert all("503" in text for text in tab.complaints)
    tab.complaints.clear()


def test_escape_leaves_the_box_and_closes_what_is_open(opened: Opener) -> None:
    tab = opened(f"trace/{TRACE}")
    tab.locator(".span summary").first.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("details[open]").count() == 1
    tab.keyboard.press("Escape")
    assert tab.locator("details[open]").count() == 0
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.type") == "search"
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement === document.body")


def test_live_lines_are_added_as_they_come(opened: Opener, stores: Stores) -> None:
    tab = opened("logs?live=1")
    before = tab.locator("li.log").count()
    stores.asked.clear()
    tab.wait_for_function("(before) => document.querySelectorAll('li.log').length > before", arg=before)
    assert any(query.startswith("_time:15s") for _, query in stores.asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems(opened: Opener, scheme: str) -> None:
    tab = opened(color_scheme=scheme)
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(243, 241, 235)", "dark": "rgb(16, 20, 27)"}[scheme]


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_scrolls_in_one_direction_only(opened: Opener, view: str) -> None:
    assert opened(view, viewport=PHONE).evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["light-wide", "dark-phone"])
def test_the_page_is_accessible(
    opened: Opener, violations: Callable[[Any], list[str]], scheme: str, size: dict[str, int]
) -> None:
    for view in VIEWS:
        # The policy of the page lets nothing in, not even its judge.
        tab = opened(view, viewport=size, color_scheme=scheme, bypass_csp=True)
        assert violations(tab) == [], view
