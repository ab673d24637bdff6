"""A MySQL group over two regions and a witness: whatever member dies, no acknowledged row is lost, and it comes back.

Rows are written by SQL, by a client that asks one member after the other. Does not prove that services find the primary
(their own tests do), nor anything about networks that lose or delay packets, or about disks that are full.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.errors import APIError

from tests.integration.brought_up import brought_up
from tests.integration.ledger import Ledger
from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.cli.guard import guarded
from tools.gostack.database.failover import failover
from tools.gostack.lifecycle import lifecycle

SETTINGS = Path(__file__).resolve().parent / "settings-group.yaml"
PLACES = ("east", "west", "witness")
STATE = (
    "SELECT CONCAT_WS(' ', member_state, member_role, @@super_read_only) "
    "FROM performance_schema.replication_group_members WHERE member_id = @@server_uuid"
)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    yield from brought_up("integration-group", SETTINGS, tmp_path_factory)


def state(stack: LiveStack, place: str) -> str:
    """State, role and read-only switch of a member; empty while it does not answer."""
    for container in stack.containers("mysql", region=place):
        # It may die, or just be starting, while it is asked.
        with suppress(APIError):
            code, text = stack.sql_in(container, STATE)
            return text.strip() if code == 0 else ""
    return ""


def primary(stack: LiveStack) -> str:
    """Where the member is that takes writes; empty when none does."""
    return next((place for place in PLACES if state(stack, place) == "ONLINE PRIMARY 0"), "")


def is_whole(stack: LiveStack) -> bool:
    states = sorted(state(stack, place) for place in PLACES)
    return states == ["ONLINE PRIMARY 0", "ONLINE SECONDARY 1", "ONLINE SECONDARY 1"]


def wait_until_whole(stack: LiveStack) -> None:
    wait_until(lambda: is_whole(stack), 120, "one member takes writes and the other two follow it")


def crash(stack: LiveStack, place: str) -> None:
    """End a member's container from inside, as a crash does: the engine starts it again."""
    (member,) = stack.containers("mysql", region=place)
    stack.kill_process(member.attrs["State"]["Pid"])


def registered_primaries(stack: LiveStack) -> list[str]:
    """Addresses of what Consul calls the primary, in all datacenters."""
    found: list[str] = []
    for url in stack.outputs["consul"].values():
        answer: Any = stack.request("GET", f"{url}/v1/health/service/mysql?tag=primary&passing&consistent").json()
        found += [entry["Service"]["Meta"]["address"] for entry in answer]
    return found


def wait_until_registered(stack: LiveStack) -> None:
    expected = f"mysql-{primary(stack)}:3306"
    wait_until(lambda: registered_primaries(stack) == [expected], 20, f"Consul knows {expected} alone as the primary")


def assert_nothing_is_lost(stack: LiveStack, ledger: Ledger, what: str) -> None:
    wait_until_whole(stack)
    tell(f"{what}: {len(ledger.acknowledged)} rows acknowledged, longest outage {ledger.longest_outage:.1f} s")
    for line in ledger.refused:
        tell(f"  {line}")
    assert len(ledger.acknowledged) > 50
    for place in PLACES:
        wait_until(lambda place=place: ledger.missing(place) == [], 60, f"{place} has every acknowledged row")


def wait_for_writes(ledger: Ledger) -> None:
    """Wait until rows are acknowledged again after what was done before."""
    before = ledger.written()
    wait_until(lambda: ledger.written() > before + 50, 90, "rows are acknowledged")


def test_rows_written_through_the_primary_are_on_every_member(group: LiveStack) -> None:
    wait_until_whole(group)
    assert primary(group) == "east"
    user = group.create_user()
    for place in PLACES:
        query = f"SELECT email FROM users.users WHERE id = {user['id']}"
        wait_until(lambda place=place, query=query: group.rows(place, query) == [user["email"]], 20, f"{place} has it")
    assert group.preview_changes() == ""


def test_consul_knows_the_one_primary(group: LiveStack) -> None:
    wait_until_registered(group)


def test_a_primary_that_crashes_is_replaced_and_returns_read_only_by_itself(group: LiveStack) -> None:
    wait_until_whole(group)
    victim = primary(group)
    with Ledger(group, victim) as ledger:
        wait_for_writes(ledger)
        crash(group, victim)
        wait_until(lambda: primary(group) not in ("", victim), 60, "another member takes writes")
        wait_for_writes(ledger)
        wait_until(lambda: state(group, victim) == "ONLINE SECONDARY 1", 90, "the old primary follows the new one")
    assert_nothing_is_lost(group, ledger, "primary of the group killed")
    wait_until_registered(group)
    assert group.preview_changes() == ""


def test_the_planned_switch_moves_the_primary(group: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    wait_until_whole(group)
    before = primary(group)
    target = "west" if before != "west" else "east"
    with Ledger(group, before) as ledger:
        wait_for_writes(ledger)
        assert guarded(lambda: failover(group.workspace, target)) == 0
        assert primary(group) == target
        wait_for_writes(ledger)
    assert f"the primary is in {target} and takes writes" in capsys.readouterr().out
    assert_nothing_is_lost(group, ledger, "planned switch of the group's primary")
    wait_until_registered(group)


def test_a_minority_refuses_writes_and_up_brings_the_others_back(group: LiveStack) -> None:
    wait_until_whole(group)
    survivor = primary(group)
    for place in PLACES:
        if place != survivor:
            # Unlike after a crash, the engine leaves it alone until somebody starts it.
            group.containers("mysql", region=place)[0].kill()
    wait_until(lambda: group.rows(survivor, "SELECT @@super_read_only") == ["1"], 60, "the last member refuses writes")
    code, words = group.sql(survivor, "CREATE DATABASE minority")
    assert code != 0
    assert "super-read-only" in words
    assert registered_primaries(group) == []
    assert guarded(lambda: failover(group.workspace, survivor)) == 1
    assert lifecycle.up(group.workspace) == 0
    wait_until_whole(group)
    assert group.rows("east", "SHOW DATABASES LIKE 'minority'") == []
    assert group.preview_changes() == ""


def test_a_group_whose_members_all_crash_recovers_by_itself(group: LiveStack) -> None:
    wait_until_whole(group)
    with Ledger(group, primary(group)) as ledger:
        wait_for_writes(ledger)
        for place in PLACES:
            crash(group, place)
        time.sleep(1)
        wait_for_writes(ledger)
    assert_nothing_is_lost(group, ledger, "every member of the group killed")


def test_a_changed_setting_rolls_through_the_members_and_leaves_services_alone(group: LiveStack) -> None:
    wait_until_whole(group)
    applications = {item.id for item in group.containers("application")}
    servers = {item.id for item in group.containers("mysql")}
    document = yaml.safe_load(group.workspace.stack_file.read_text())
    document["config"]["gostack:mysql"]["max_connections"] = 150
    group.workspace.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
    with Ledger(group, primary(group)) as ledger:
        wait_for_writes(ledger)
        assert lifecycle.up(group.workspace) == 0
        wait_for_writes(ledger)
    assert_nothing_is_lost(group, ledger, "every member of the group replaced, one after the other")
    assert {item.id for item in group.containers("application")} == applications
    assert servers & {item.id for item in group.containers("mysql")} == set()
    assert group.rows("witness", "SELECT @@max_connections") == ["150"]


def test_a_group_that_was_taken_down_finds_its_rows_again(group: LiveStack) -> None:
    wait_until_whole(group)
    with Ledger(group, primary(group)) as ledger:
        wait_for_writes(ledger)
    assert lifecycle.down(group.workspace, purge=False) == 0
    assert group.everything_left() == [f"gostack-integration-group-mysql-{place}" for place in PLACES]
    assert lifecycle.up(group.workspace) == 0
    assert_nothing_is_lost(group, ledger, "the group taken down and up again")
    assert group.preview_changes() == ""


def test_a_first_up_of_a_group_that_was_killed_is_completed_by_the_next(group: LiveStack) -> None:
    assert lifecycle.down(group.workspace, purge=True) == 0
    assert group.interrupted_up(25.0, signal.SIGKILL) != 0
    assert lifecycle.up(group.workspace) == 0
    wait_until_whole(group)
    assert group.preview_changes() == ""
