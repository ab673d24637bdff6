"""The page in a real browser, from a file: drawn, usable by keyboard, accessible, readable on a phone, offline.

Does not prove that it is beautiful. Needs a Chromium or Chrome and what `tests/explorer/browser.py` installs; else
it is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.explorer.conftest import card_named, titles
from tools.gostack.explorer.model import StackView

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 120_000
"""Milliseconds after which a browser on a busy machine counts as stuck; nothing here is about speed."""

VIEWS = ("architecture", "resources", "network", "settings", "differences")

Opener = Callable[..., Any]


@pytest.fixture
def opened(page: str, tmp_path: Path, browser: Any) -> Iterator[Opener]:
    """Opens the page at an address; whatever it complains of, or asks for, fails the test."""
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_page(address: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, "offline": True, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on(
            "request", lambda request: None if request.url.startswith(file.as_uri()) else complaints.append(request.url)
        )
        tab.goto(f"{file.as_uri()}#{address}")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def shown(tab: Any, selector: str) -> list[str]:
    return [text.strip() for text in tab.locator(selector).all_inner_texts()]


def marked(tab: Any, relation: str) -> set[int]:
    cards = tab.locator(f'.canvas [data-relation="{relation}"]')
    return {int(cards.nth(place).get_attribute("data-card")) for place in range(cards.count())}


def downstream(stack: StackView, card: int) -> set[int]:
    found: set[int] = set()
    while True:
        more = (
            {place for place, item in enumerate(stack["cards"]) if {card, *found} & set(item["needs"])} - found - {card}
        )
        if not more:
            return found
        found |= more


def upstream(stack: StackView, card: int) -> set[int]:
    return {place for place in range(len(stack["cards"])) if card in downstream(stack, place)}


def test_regions_stand_side_by_side_with_their_components(opened: Opener, dev: StackView) -> None:
    tab = opened("stack=dev")
    assert shown(tab, ".region-name button") == ["east", "west", "witness"]
    boxes = [tab.locator(".region").nth(place).bounding_box() for place in range(3)]
    assert [box["y"] for box in boxes] == [boxes[0]["y"]] * 3
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert sorted(shown(tab, '.region[aria-label="Region east"] .card .title')) == [
        "consul-east",
        "ingress-east",
        "mysql-east",
        "mysql-proxy-east",
        "users-east",
    ]
    drawn = {int(card.get_attribute("data-card")) for card in tab.locator(".canvas [data-card]").all()}
    assert drawn == {-1, *range(len(dev["cards"]))}


def test_arrows_are_drawn_from_the_client_to_the_database(opened: Opener, dev: StackView) -> None:
    tab = opened("stack=dev")
    visible = [link for link in dev["links"] if link["kind"] not in ("discovery", "telemetry")]
    assert tab.locator("path.arrow").count() == len(visible)
    tab.get_by_label("Discovery (Consul)").check()
    tab.locator('.link-toggles [data-link="telemetry"] input').check()
    assert tab.locator("path.arrow").count() == len(dev["links"])
    first = tab.locator("path.arrow").first
    end = first.evaluate("(line) => { const at = line.getPointAtLength(line.getTotalLength()); return [at.x, at.y]; }")
    canvas = tab.locator(".canvas").bounding_box()
    target = tab.locator(f'[data-card="{dev["links"][0]["target"]}"]').bounding_box()
    assert target["x"] < canvas["x"] + end[0] < target["x"] + target["width"]
    assert abs(canvas["y"] + end[1] - target["y"]) < 2


def test_a_selected_component_marks_what_it_needs_and_what_waits_for_it(opened: Opener, dev: StackView) -> None:
    tab = opened("stack=dev")
    tab.get_by_role("button", name="ConsulDatacenter consul-east").click()
    card = card_named(dev, "consul-east")
    assert marked(tab, "selected") == {card}
    assert marked(tab, "before") == upstream(dev, card)
    assert marked(tab, "after") == downstream(dev, card)
    assert "users-west" in titles(dev, sorted(marked(tab, "after")))
    assert tab.locator("#details h2").inner_text() == "consul-east"


def test_the_details_say_inputs_options_and_dependencies(opened: Opener) -> None:
    tab = opened("stack=dev&view=resources&select=mysql-east-data")
    details = tab.locator("#details")
    assert shown(tab, "#details h3") == ["WHAT DEPENDS ON IT".capitalize(), "Options", "Inputs", "Type"]
    assert "retainOnDelete" in details.inner_text()
    assert "gostack-dev-mysql-east" in details.inner_text()
    tab.get_by_role("button", name="mysql-east-server").click()
    assert details.locator("h2").inner_text() == "mysql-east-server"


def test_a_secret_is_the_word_secret(opened: Opener) -> None:
    tab = opened("stack=dev&view=resources&select=authority-key-pair")
    assert shown(tab, "#details .value.secret") == ["secret"]


def test_the_keyboard_alone_selects_closes_and_returns(opened: Opener) -> None:
    tab = opened("stack=dev")
    card = tab.get_by_role("button", name="Ingress ingress-east")
    card.focus()
    tab.keyboard.press("Enter")
    assert card.get_attribute("aria-pressed") == "true"
    tab.get_by_role("button", name="Close the details").focus()
    tab.keyboard.press("Escape")
    assert tab.locator("#details").is_hidden()
    assert card.get_attribute("aria-pressed") == "false"
    assert tab.evaluate("document.activeElement.querySelector('.title').textContent") == "ingress-east"


def test_the_tree_is_walked_with_arrow_keys(opened: Opener) -> None:
    tab = opened("stack=dev&view=resources")
    tab.locator('.tree [tabindex="0"]').focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        tab.keyboard.press(key)
    assert tab.evaluate("document.activeElement.getAttribute('aria-level')") == "3"
    assert tab.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    assert tab.locator("#details h2").inner_text() == tab.evaluate(
        "document.activeElement.querySelector('.name').textContent"
    )
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate("document.activeElement.getAttribute('aria-level')") == "2"


def test_the_tree_holds_every_resource(opened: Opener, dev: StackView) -> None:
    tab = opened("stack=dev&view=resources")
    tab.get_by_role("button", name="Open all").click()
    places = [int(item.get_attribute("data-place")) for item in tab.locator(".tree [data-place]").all()]
    assert sorted(place for place in places if place >= 0) == list(range(len(dev["resources"])))


def test_search_finds_a_resource_and_a_setting_without_the_mouse(opened: Opener) -> None:
    tab = opened("stack=dev")
    tab.keyboard.press("/")
    tab.keyboard.type("west nginx")
    tab.keyboard.press("Enter")
    assert tab.locator("#details h2").inner_text() == "ingress-west-nginx"
    assert tab.locator('.tree [aria-selected="true"]').is_visible()
    tab.keyboard.press("/")
    tab.keyboard.type("drain_seconds")
    tab.keyboard.press("Enter")
    assert shown(tab, "tbody th code") == ["users.drain_seconds"]


def test_settings_show_value_default_and_whether_the_stack_file_says_it(opened: Opener) -> None:
    tab = opened("stack=dev&view=settings")
    row = tab.locator('tr[data-key="mysql.topology"]')
    assert row.get_attribute("class") == "given"
    cells = [cell.inner_text() for cell in row.locator("th, td").all()]
    assert cells[0] == "topology"
    assert cells[1].startswith("group")
    assert cells[2] == "replica"
    assert "Here: Three members" in cells[3]
    tab.get_by_label("only what Pulumi.dev.yaml says").check()
    assert tab.locator("tr[data-key]:not(.given)").count() == 0


def test_differences_name_causes_first(opened: Opener) -> None:
    tab = opened("view=differences&left=dev&right=small")
    headings = shown(tab, "main h3")
    assert headings.index("Causes: settings") < headings.index("Effects: components")
    tab.get_by_role("button", name="Swap").click()
    row = tab.locator("tbody tr", has_text="consul.servers").first
    assert [cell.inner_text() for cell in row.locator("td").all()][:2] == ["1", "3"]


def test_an_address_shows_the_same_again_and_back_goes_back(opened: Opener) -> None:
    tab = opened("stack=small&view=resources&select=mysql-frankfurt")
    assert tab.locator("#details h2").inner_text() == "mysql-frankfurt"
    tab.get_by_role("link", name="Settings").click()
    assert tab.locator("main h2").inner_text() == "Settings"
    tab.go_back()
    assert tab.locator("main h2").inner_text() == "Resources"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_chosen(opened: Opener, scheme: str) -> None:
    tab = opened("stack=dev", color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(243, 241, 235)", "rgb(16, 20, 27)"
    assert tab.evaluate(ground) == {"light": light, "dark": dark}[scheme]
    button = tab.locator("#theme")
    button.click()
    assert (button.inner_text(), tab.evaluate(ground)) == ("Theme: light", light)
    button.click()
    assert (button.inner_text(), tab.evaluate(ground)) == ("Theme: dark", dark)


@pytest.mark.parametrize("shown_view", VIEWS)
def test_a_phone_scrolls_in_one_direction_only(opened: Opener, shown_view: str) -> None:
    tab = opened(f"stack=dev&view={shown_view}&left=dev&right=small", viewport=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    sizes = tab.locator("main *").evaluate_all(
        "(all) => all.filter((item) => item.innerText).map((item) => parseFloat(getComputedStyle(item).fontSize))"
    )
    assert min(sizes) >= 10.5


def test_who_wants_less_motion_gets_none(opened: Opener) -> None:
    tab = opened("stack=dev", reduced_motion="reduce")
    moving = "(all) => all.filter((item) => parseFloat(getComputedStyle(item).transitionDuration) > 0).length"
    assert tab.locator("*").evaluate_all(moving) == 0


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["light-wide", "dark-phone"])
def test_the_page_is_accessible(
    opened: Opener, violations: Callable[[Any], list[str]], scheme: str, size: dict[str, int]
) -> None:
    for view in VIEWS:
        tab = opened(
            f"stack=dev&view={view}&select=users-east&left=dev&right=small", viewport=size, color_scheme=scheme
        )
        assert violations(tab) == [], view
