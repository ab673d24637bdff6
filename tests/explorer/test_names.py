"""Services and regions may be called like other parts of a stack: the engine tells resources by type and name.

Does not prove that the engine's own URNs are those of the monitor.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.settings import parse_settings
from tests.explorer.conftest import SMALL_FILE, dev_document
from tools.gostack.explorer.model import StackView
from tools.gostack.explorer.monitor import record
from tools.gostack.explorer.recording import record_settings
from tools.gostack.explorer.view import page_view

SERVICES = ("east", "mysql-east", "mysql-accounts", "upstream-nginx", "consul-east", "ingress-certificate")
REGIONS = ("mysql", "users", "authority", "upstream")


def view_of(document: dict[str, Any]) -> StackView:
    return page_view([record_settings("small", parse_settings(document), SMALL_FILE)])["stacks"][0]


def small_document() -> dict[str, Any]:
    document = dev_document()
    document["regions"].pop("west")
    document["mysql"] = {"primary": "east", "topology": "single"}
    document["consul"] = {"servers": 1}
    document["services"]["users"]["replicas"] = 1
    return document


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_drawn_whatever_its_name_is(name: str) -> None:
    document = small_document()
    document["services"][name] = document["services"].pop("users")
    # A schema may not have the name of one of MySQL's own accounts.
    document["services"][name]["database"]["name"] = "shop"
    stack = view_of(document)
    cards = [card for card in stack["cards"] if card["kind"] == "Microservice"]
    assert [card["title"] for card in cards] == [f"{name}-east"]


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_is_drawn_whatever_its_name_is(name: str) -> None:
    document = small_document()
    document["regions"] = {name: document["regions"]["east"]}
    document["mysql"]["primary"] = name
    stack = view_of(document)
    (region,) = stack["regions"]
    assert stack["cards"][region["card"]]["kind"] == "Region"


def test_a_service_called_like_the_database_is_not_taken_for_it() -> None:
    document = small_document()
    document["regions"]["east-west"] = document["regions"].pop("east")
    document["regions"]["west"] = dev_document()["regions"]["west"]
    document["mysql"]["primary"] = "east-west"
    # In the region "west" it has the name of the database's member in the region "east-west".
    document["services"] = {"mysql-east": document["services"]["users"]}
    document["services"]["mysql-east"]["database"]["name"] = "shop"
    stack = view_of(document)
    writes = [link for link in stack["links"] if link["kind"] == "write"]
    assert {stack["cards"][link["source"]]["kind"] for link in writes} == {"Microservice"}
    assert {stack["cards"][link["target"]]["kind"] for link in writes} == {"MySqlMember"}


def test_two_resources_of_one_type_and_name_are_refused_as_the_engine_does() -> None:
    def program() -> None:
        pulumi.ComponentResource("test:index:Thing", "twice")
        pulumi.ComponentResource("test:index:Thing", "twice")

    with pytest.raises(Exception, match="registers urn:pulumi:dev::gostack::test:index:Thing::twice twice"):
        record(program)
