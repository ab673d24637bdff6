"""Stacks to look at: the published dev stack, and two that differ from it in ways that stack files do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from infra.settings import parse_settings
from tests.explorer.browser import find_browser
from tools.gostack.explorer.html import render
from tools.gostack.explorer.model import PageView, StackView
from tools.gostack.explorer.recording import PROJECT, RecordedStack, ordered_stacks, record_settings, record_stack
from tools.gostack.explorer.view import page_view

Document = dict[str, Any]

INSTALL = ".venv/bin/python -m tests.explorer.browser"

SMALL_FILE = """\
# The small stack: one region, one database server.
config:
  gostack:consul:
    servers: 1  # enough to try things
"""


def dev_document() -> Document:
    """The settings of the dev stack's file, to be changed."""
    document = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
    return {key.removeprefix("gostack:"): value for key, value in document.items()}


def small_stack() -> RecordedStack:
    """One region called otherwise, a single database, a canary, one more service, settings while it runs."""
    document = dev_document()
    document["regions"] = {"frankfurt": document["regions"]["east"]}
    document["mysql"] = {"primary": "frankfurt", "topology": "single"}
    document["consul"] = {"servers": 1}
    users = document["services"]["users"]
    users.update(replicas=3, canary={"weight": 10, "context": "services/users"}, settings={"rate_limit_per_second": 50})
    users["environment"] = {"API_TOKEN": "a-value-that-should-have-been-a-secret"}
    document["services"]["greeter"] = {
        "context": "services/greeter",
        "replicas": 1,
        "routes": [{"path": "/hello"}],
    }
    return record_settings("small", parse_settings(document), SMALL_FILE)


@pytest.fixture(scope="session")
def recorded() -> list[RecordedStack]:
    return [record_stack("dev"), small_stack()]


@pytest.fixture(scope="session")
def published(recorded: list[RecordedStack]) -> list[RecordedStack]:
    """Every stack that has a file."""
    return [recorded[0], *(record_stack(name) for name in ordered_stacks() if name != "dev")]


@pytest.fixture(scope="session")
def view(recorded: list[RecordedStack]) -> PageView:
    return page_view(recorded)


@pytest.fixture(scope="session")
def dev(view: PageView) -> StackView:
    return view["stacks"][0]


@pytest.fixture(scope="session")
def small(view: PageView) -> StackView:
    return view["stacks"][1]


@pytest.fixture(scope="session")
def page(view: PageView) -> str:
    return render(view)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Of a module alone: its driver keeps a loop running in this thread, in which no stack could be recorded."""
    driver = pytest.importorskip("playwright.sync_api", reason=f"Playwright is not installed: run `{INSTALL}`")
    path = find_browser()
    if path is None:
        pytest.skip(f"there is no Chromium or Chrome on PATH: run `{INSTALL}`")
    with driver.sync_playwright() as playwright:
        # In a container or as root, Chromium cannot make its own sandbox; the page is ours.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def violations() -> Callable[[Any], list[str]]:
    """What axe finds in a tab."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=f"axe is not installed: run `{INSTALL}`")
    return lambda tab: [
        f"{item['id']}: {item['nodes'][0]['html']}" for item in axe.Axe().run(tab).response["violations"]
    ]


def card_named(stack: StackView, title: str) -> int:
    """The place of the card with this title and, if there are several, the first one."""
    return next(place for place, card in enumerate(stack["cards"]) if card["title"] == title)


def titles(stack: StackView, cards: list[int]) -> list[str]:
    """The titles of cards."""
    return [stack["cards"][card]["title"] for card in cards]
