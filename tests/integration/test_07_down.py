"""`down` leaves nothing but data, the next `up` finds it, and a purge removes it.

Does not prove anything about backups.
"""

from __future__ import annotations

import signal

import pytest

from tests.integration.support import LiveStack
from tools.gostack.lifecycle import lifecycle


def test_down_keeps_the_rows_and_the_next_up_finds_them(stack: LiveStack) -> None:
    user = stack.create_user()
    assert lifecycle.down(stack.workspace, purge=False) == 0
    assert stack.everything_left() == [
        f"gostack-integration-{name}"
        for name in ("mysql-east", "mysql-west", "telemetry-collector", "telemetry-logs", "telemetry-metrics")
    ]
    assert lifecycle.up(stack.workspace) == 0
    assert stack.preview_changes() == ""
    stack.trust_again()
    response = stack.request("GET", f"{stack.users_url}/{user['id']}")
    assert response.json()["data"]["email"] == user["email"]
    assert stack.rows("west", f"SELECT email FROM users.users WHERE id = {user['id']}") == [user["email"]]


def test_a_purge_removes_the_data_too(stack: LiveStack) -> None:
    assert lifecycle.down(stack.workspace, purge=True) == 0
    assert stack.everything_left() == []


@pytest.mark.parametrize("after_seconds", [4.0, 12.0])
def test_a_first_up_that_was_killed_is_completed_by_the_next(stack: LiveStack, after_seconds: float) -> None:
    assert lifecycle.down(stack.workspace, purge=True) == 0
    assert stack.interrupted_up(after_seconds, signal.SIGKILL) != 0
    assert lifecycle.up(stack.workspace) == 0
    assert stack.preview_changes() == ""
    stack.trust_again()
    assert stack.create_user()["name"] == "Ada"
