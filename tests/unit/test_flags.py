"""`gostack flags`: what is written to every region's Consul, what is refused, and what is told when a region is away.
Each region's Consul is a server on this machine that answers as its KV does.

Does not prove that services follow the document: the service's own tests and an integration test do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.flag_stores import KEY, Datacenters, Server, flags, running_consuls, stack_of
from tools.gostack.flags import rules
from tools.gostack.flags.change import change
from tools.gostack.flags.document import flag_of
from tools.gostack.flags.store import FlagStore


@pytest.fixture
def known() -> Datacenters:
    return Datacenters("east", "west")


@pytest.fixture
def servers(known: Datacenters) -> Iterator[dict[str, Server]]:
    with running_consuls(known) as found:
        yield found


@pytest.fixture
def store(servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> FlagStore:
    return stack_of(servers, monkeypatch)


def test_a_new_flag_is_in_every_region(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "newest_first", "--share", "on=5", "--share", "off=95") == 0
    assert capsys.readouterr().out == "newest_first: on, on 5 %, off 95 %, else off (version 1)\n"
    east = known.document("east")
    assert east["flags"] == {
        "newest_first": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"fractional": [["on", 5], ["off", 95]]},
        }
    }
    assert east["$schema"] == "https://flagd.dev/schema/v0/flags.json"
    assert east["metadata"]["version"] == 1
    assert known.document("west") == east
    assert flags("list", "users") == 0
    assert "newest_first  on     off      on=true, off=false  on 5 %, off 95 %" in capsys.readouterr().out


def test_off_and_on_again_leave_everything_else(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x", "--variant", "slow=5", "--variant", "fast=1.5", "--default", "slow") == 0
    assert flags("set", "users", "x", "--target", "region=west:fast") == 0
    before = known.document("west")["flags"]["x"]
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("west")["flags"]["x"] == {**before, "state": "DISABLED"}
    assert flags("set", "users", "x", "--on") == 0
    assert known.document("west")["flags"]["x"] == before


def test_a_schedule_and_targets_come_before_the_shares(store: FlagStore, known: Datacenters) -> None:
    given = ["--from", "2026-12-01T09:00:00Z", "--until", "2026-12-24T00:00:00+01:00", "--target", "region=west:on"]
    assert flags("set", "users", "x", "--share", "on=50", "--share", "off=50", *given) == 0
    now = {"var": "$flagd.timestamp"}
    assert known.document("east")["flags"]["x"]["targeting"] == {
        "if": [
            *({"<": [now, 1796115600]}, "off", {">=": [now, 1798066800]}, "off"),
            *({"==": [{"var": "region"}, "west"]}, "on", {"fractional": [["on", 50], ["off", 50]]}),
        ]
    }
    assert flags("set", "users", "x", "--share", "on=60", "--share", "off=40") == 0
    targeting = known.document("east")["flags"]["x"]["targeting"]
    assert targeting["if"][-1] == {"fractional": [["on", 60], ["off", 40]]}
    assert len(targeting["if"]) == 7


@pytest.mark.parametrize(
    "written",
    [
        rules.Rules(),
        rules.Rules(shares={"on": 1, "off": 99}),
        rules.Rules(begin=rules.parse_moment("2026-01-01"), targets=rules.parse_targets(["a=b:c:on"])),
        rules.Rules(end=rules.parse_moment("2026-01-01T01:00:00Z"), shares={"on": 100}),
    ],
)
def test_what_the_command_line_writes_it_can_read(written: rules.Rules) -> None:
    assert rules.read(written.targeting("off"), "off") == written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--share", "on=5", "--share", "off=90"], "the shares are 95 % together"),
        (["--share", "on=x"], '"on=x" is no share'),
        (["--share", "maybe=100"], 'the variant "maybe", which is unknown: use one of off, on'),
        (["--default", "maybe"], 'the default variant "maybe" is unknown'),
        (["--variant", "on=1", "--variant", 'off="a"'], "the variants are of several kinds (number, str)"),
        (["--variant", "on=NaN", "--variant", "off=1"], "NaN and Infinity are no JSON"),
        (["--variant", "on=1e999", "--variant", "off=1"], "NaN and Infinity are no JSON"),
        (["--target", "region:on"], '"region:on" is no target'),
        (["--from", "tomorrow"], '"tomorrow" is no time'),
        (["--remove"], 'there is no flag "x" to remove'),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], told: str, store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x", *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert known.keys == {"east": {}, "west": {}}


def test_rules_by_hand_are_taken_as_they_are_and_never_overwritten(
    store: FlagStore, known: Datacenters, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flag.json"
    by_hand = {"if": [{"ends_with": [{"var": "email"}, "@example.com"]}, "on"]}
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": by_hand}
    file.write_text(json.dumps(flag))
    assert flags("set", "users", "x", "--definition", str(file)) == 0
    assert known.document("east")["flags"]["x"] == flag
    assert flags("set", "users", "x", "--share", "on=5", "--share", "off=95") == 1
    assert "was written by hand" in capsys.readouterr().err
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("east")["flags"]["x"]["targeting"] == by_hand
    for broken, told in (
        ({"sounds_like": [1]}, "sounds_like, which is no operator"),
        ({"fractional": [["on", 50], ["off", 40]]}, "the shares are 90 % together"),
        ({"if": [True, "maybe"]}, '"maybe", which is unknown'),
    ):
        file.write_text(json.dumps({**flag, "targeting": broken}))
        assert flags("set", "users", "x", "--definition", str(file)) == 1
        assert told in capsys.readouterr().err


def test_a_moment_in_milliseconds_is_listed_and_can_be_switched_off(
    store: FlagStore, known: Datacenters, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flag.json"
    late = {"if": [{"<": [{"var": "$flagd.timestamp"}, 1796115600000]}, "off", "on"]}
    file.write_text(json.dumps({"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": late}))
    assert flags("set", "users", "x", "--definition", str(file)) == 0
    assert flags("list", "users") == 0
    assert "by hand" in capsys.readouterr().out
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("east")["flags"]["x"]["state"] == "DISABLED"


def test_a_region_whose_server_is_away_is_written_through_another(
    store: FlagStore, servers: dict[str, Server], known: Datacenters
) -> None:
    servers["west"].stop()
    assert flags("set", "users", "x") == 0
    assert known.document("west") == known.document("east")


def test_a_region_that_is_away_is_told_and_gets_everything_with_the_next_change(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    known.away = {"west"}
    assert flags("set", "users", "y") == 1
    assert "west does not have version 2 (Consul answers 500 (No cluster leader))" in capsys.readouterr().err
    known.away = set()
    assert flags("list", "users", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["apart"] == {"west": "has version 1"}
    assert sorted(found["document"]["flags"]) == ["x", "y"]
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("west") == known.document("east")
    assert sorted(known.document("west")["flags"]) == ["x", "y"]


def test_nothing_is_written_where_no_region_answers(store: FlagStore, known: Datacenters) -> None:
    known.away = {"east", "west"}
    assert flags("set", "users", "x") == 1
    assert known.keys == {"east": {}, "west": {}}


def test_of_two_who_write_at_once_one_is_refused(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    theirs = known.keys["east"][KEY][1].replace(b"ENABLED", b"DISABLED")

    def meanwhile() -> None:
        known.before_writing = lambda: None
        known.put("east", KEY, theirs)

    known.before_writing = meanwhile
    west = known.document("west")
    assert flags("set", "users", "x", "--default", "on") == 1
    assert "somebody else has changed the flags of users in east meanwhile" in capsys.readouterr().err
    assert known.keys["east"][KEY][1] == theirs
    assert known.document("west") == west


def test_a_document_that_is_not_understood_is_not_overwritten(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    known.put("east", KEY, b'{"flags": {"x": {"state": "ON"}}}')
    assert flags("set", "users", "y") == 1
    assert "the document in east is not understood (flags.x.state" in capsys.readouterr().err
    assert known.keys["east"][KEY][1] == b'{"flags": {"x": {"state": "ON"}}}'


def test_the_history_says_who_changed_what_and_is_bounded(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.gostack.flags.change.who", lambda: "ada@laptop")
    assert flags("set", "users", "x", "--share", "on=5", "--share", "off=95") == 0
    assert flags("set", "users", "y") == 0
    assert flags("set", "users", "x", "--remove") == 0
    capsys.readouterr()
    assert flags("history", "users", "x") == 0
    _, removed, made = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"3 +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d  ada@laptop  x +removed", removed)
    assert made.endswith("ada@laptop  x     share on=5 off=95")
    monkeypatch.setattr("tools.gostack.flags.store.LONGEST_HISTORY", 5)
    for number in range(6):
        change(
            store,
            "z",
            f"change {number}",
            lambda before: before or flag_of({"variants": {"a": 1}, "defaultVariant": "a"}),
        )
    assert flags("history", "users", "--json") == 0
    kept = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in kept] == [f"change {number}" for number in (5, 4, 3, 2, 1)]
    assert kept[0]["definition"]["variants"] == {"a": 1}


def test_a_history_that_is_not_understood_is_no_reason_to_refuse_the_off_switch(
    store: FlagStore, known: Datacenters
) -> None:
    assert flags("set", "users", "x") == 0
    known.put("east", "flags-history/users", b'[{"version": 1}]')
    known.put("west", "flags-history/users", b"{")
    assert flags("set", "users", "x", "--off") == 0
    assert [one["what"] for one in json.loads(known.keys["west"]["flags-history/users"][1])] == ["off"]


def test_names_that_there_are_not_are_told(store: FlagStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert flags("list", "usres") == 1
    assert '"usres" is no service of this stack: use one of users' in capsys.readouterr().err
    assert flags("walk", "users", "x", "--steps", "5,1") == 1
    assert "these are no limits of a walk" in capsys.readouterr().err
