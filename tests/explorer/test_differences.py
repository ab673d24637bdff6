"""Differences of two stacks: the settings that cause them, and what they make of each component.

Does not prove that a component really changes because of the settings that are named: `test_settings_table` does.
"""

from __future__ import annotations

import copy

import pytest

from tools.gostack.explorer.differences import difference, paired_regions
from tools.gostack.explorer.input_differences import neutral, shortened
from tools.gostack.explorer.model import DifferenceView, GroupDifference, PageView, StackView


@pytest.fixture(scope="module")
def found(view: PageView) -> DifferenceView:
    return view["differences"][0]


def group(found: DifferenceView, title: str, kind: str) -> GroupDifference:
    return next(item for item in found["groups"] if (item["title"], item["kind"]) == (title, kind))


def test_a_stack_does_not_differ_from_itself(view: PageView, dev: StackView) -> None:
    again = difference(dev, copy.deepcopy(dev), view["texts"])
    assert again["settings"] == []
    assert {item["status"] for item in again["groups"]} == {"same"}


def test_regions_of_the_same_name_are_compared_and_the_others_in_their_order() -> None:
    assert paired_regions(["east", "west", "witness"], ["frankfurt", "west"]) == [
        ("east", "frankfurt"),
        ("west", "west"),
        ("witness", ""),
    ]
    assert paired_regions(["a"], ["a", "b"]) == [("a", "a"), ("", "b")]


def test_a_setting_of_a_region_is_compared_with_that_of_the_region_that_stands_for_it(found: DifferenceView) -> None:
    keys = {item["key"] for item in found["settings"]}
    assert "regions.east.https_port" not in keys
    assert "mysql.primary" not in keys
    assert "regions.west.https_port" in keys


def test_what_one_stack_alone_has_by_default_is_counted_and_not_listed(found: DifferenceView) -> None:
    keys = {item["key"] for item in found["settings"]}
    assert "services.greeter.routes.0.path" in keys
    assert "services.greeter.memory_mib" not in keys
    assert "services.users.canary" not in keys
    assert found["defaults"] > 0


def test_a_cause_has_both_values_and_the_reason_in_the_stack_file(found: DifferenceView) -> None:
    servers = next(item for item in found["settings"] if item["key"] == "consul.servers")
    assert (servers["left"], servers["right"]) == (3, 1)
    assert servers["reasons"] == {"small": "enough to try things"}


def test_a_component_tells_what_it_makes_on_both_sides(found: DifferenceView) -> None:
    consul = group(found, "consul", "ConsulDatacenter")
    assert (len(consul["left"]), len(consul["right"])) == (2, 1)
    assert (consul["left_makes"], consul["right_makes"]) == (
        {"Container": 8, "Volume": 8},
        {"Container": 2, "Volume": 2},
    )


def test_a_component_that_one_stack_alone_has_is_told_as_such(found: DifferenceView) -> None:
    assert group(found, "greeter", "Microservice")["status"] == "right only"
    assert group(found, "users-canary", "Microservice")["status"] == "right only"


def test_names_of_regions_and_of_the_stack_are_no_difference(found: DifferenceView) -> None:
    assert group(found, "authority", "CertificateAuthority")["status"] == "same"
    assert group(found, "users", "ServiceImage")["status"] == "same"
    assert neutral("gostack-dev-mysql-east", "dev", {"east": "<region>"}) == "gostack-<stack>-mysql-<region>"
    assert neutral("../.gostack/build/dev/users", "dev", {}) == "../.gostack/build/<stack>/users"


def test_what_is_called_like_a_region_or_the_stack_in_part_is_kept() -> None:
    signs = {"east": "<region 1>", "east-west": "<region 2>"}
    assert neutral("least of east-west > /dev/null", "dev", signs) == "least of <region 2> > /dev/null"


def test_what_all_regions_share_may_name_them(found: DifferenceView) -> None:
    telemetry = group(found, "telemetry", "Telemetry")
    assert (telemetry["role"], telemetry["status"]) == ("watch", "changed")
    # It is in the network of the first region on both sides; the second region is one stack's alone.
    networks = {item["path"]: item["left"] for item in telemetry["properties"] if item["path"].endswith(".name")}
    assert "Container.networksAdvanced.0.name" not in networks
    assert networks["Container.networksAdvanced.1.name"].startswith("west-network")


def test_an_input_that_differs_is_told_once_for_all_resources_that_have_it(found: DifferenceView) -> None:
    token = next(
        item
        for item in group(found, "users", "Microservice")["properties"]
        if item["path"] == "Container.envs.API_TOKEN"
    )
    assert (token["left"], token["right"], token["count"]) == (None, "secret", 2)


def test_long_texts_are_cut_to_what_differs() -> None:
    left, right = "a" * 200 + "one" + "z" * 200, "a" * 200 + "two" + "z" * 200
    assert shortened(left, right) == (f"…{'a' * 30}one{'z' * 30}…", f"…{'a' * 30}two{'z' * 30}…")
    assert shortened("short", None) == ("short", None)
