"""The planned switch asks the group, waits until the new primary takes writes, and says in one sentence why it cannot.

Does not prove that a group does what it is asked: the integration tests of the group do.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, parse_settings
from tests.support.settings import published
from tools.gostack.database.failover import FailoverError, check, move_primary, places

PLACES = ["east", "west", "witness"]


class FakeGroup:
    """A group that keeps its primary's place and the states of its members."""

    def __init__(self, primary: str, *, refuses: bool = False, stuck: bool = False, **states: str) -> None:
        self.primary = primary
        self.states = dict.fromkeys(PLACES, "ONLINE") | states
        self.refuses = refuses
        self.stuck = stuck

    def ask(self, place: str, query: str) -> list[str]:
        if self.states.get(place) != "ONLINE":
            return []
        if "set_as_primary" in query:
            if self.refuses:
                return []
            if not self.stuck:
                self.primary = query.split("'")[1].removeprefix("id-")
            return ["Primary server switched"]
        if "super_read_only" in query:
            return ["0" if place == self.primary else "1"]
        return [
            f"id-{member} {member} {state} {'PRIMARY' if member == self.primary else 'SECONDARY'}"
            for member, state in self.states.items()
            if state != "OFFLINE"
        ]


def test_the_primary_moves_and_both_places_are_told() -> None:
    group = FakeGroup("east")
    first, second = move_primary(group.ask, PLACES, "west")
    assert group.primary == "west"
    assert first == "the primary was in east"
    assert second.startswith("the primary is in west and takes writes, after ")


def test_a_primary_that_is_there_already_stays() -> None:
    assert move_primary(FakeGroup("west").ask, PLACES, "west") == ["the primary is in west already"]


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (FakeGroup("east", west="RECOVERING"), "the member of west is RECOVERING: wait until it has caught up"),
        (FakeGroup("east", west="OFFLINE"), "the member of west is not in the group: run `make up`"),
        (FakeGroup("east", east="OFFLINE"), "has no primary at this moment"),
        (
            FakeGroup("east", east="OFFLINE", west="OFFLINE", witness="OFFLINE"),
            "no member of the MySQL group is online",
        ),
        (FakeGroup("east", refuses=True), "the group refuses while a member joins or leaves"),
        (FakeGroup("east", stuck=True), "takes no writes after 0 s; the primary is in east"),
    ],
)
def test_what_stands_in_the_way_is_told_in_one_sentence(group: FakeGroup, message: str) -> None:
    with pytest.raises(FailoverError, match=message):
        move_primary(group.ask, PLACES, "west", patience=0)


def settings_with(**mysql: Any) -> Settings:
    return parse_settings({**published(), "mysql": {"primary": "east", **mysql}})


def test_only_a_group_has_a_primary_that_moves() -> None:
    with pytest.raises(FailoverError, match='topology is "replica", whose primary does not move'):
        check(settings_with(topology="replica"), "west")


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("", "say to which region: REGION=east or REGION=west or REGION=witness"),
        ("north", 'there is no region "north": use one of east, west, witness'),
    ],
)
def test_a_region_that_is_none_is_refused_with_those_that_are(region: str, message: str) -> None:
    settings = settings_with(topology="group", witness={"cidr": "10.80.9.0/24"})
    assert places(settings) == PLACES
    with pytest.raises(FailoverError, match=message):
        check(settings, region)
