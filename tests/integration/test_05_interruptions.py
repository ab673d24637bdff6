"""An update that is cut off, softly or by force and at several moments, is completed by the next `up`.

Does not prove every moment: the moments are spread over an update, not chosen by what happens in it.
"""

from __future__ import annotations

import signal

import pytest

from tests.integration.support import LiveStack, tell
from tools.gostack.lifecycle import lifecycle


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("after_seconds", [1.5, 4.0, 7.0, 11.0])
def test_up_completes_what_was_interrupted(stack: LiveStack, after_seconds: float, how: signal.Signals) -> None:
    user = stack.create_user()
    stack.change_settings("users", environment={"LOG_LEVEL": "info", "MOMENT": f"{how.name}-{after_seconds}"})
    code = stack.interrupted_up(after_seconds, how)
    assert lifecycle.up(stack.workspace) == 0
    assert stack.preview_changes() == ""
    assert stack.request("GET", f"{stack.users_url}/{user['id']}").json()["data"]["email"] == user["email"]
    expected = 2 * stack.workspace.settings.services["users"].replicas
    assert len(stack.containers("application", service="users")) == expected
    assert len(stack.containers("sandbox", service="users")) == expected
    tell(f"{how.name} after {after_seconds} s: exit code {code}, the next up completed it")


def test_a_second_up_at_the_same_time_is_refused(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    from tools.gostack.lifecycle.lock import release_stale_lock
    from tools.gostack.lifecycle.workspace import PulumiError

    stack.change_settings("users", environment={"LOG_LEVEL": "info", "MOMENT": "two at once"})
    first = stack.start_up()
    try:
        stack.wait_for_lock()
        with pytest.raises(PulumiError, match="another update of the stack integration runs"):
            release_stale_lock(stack.workspace)
    finally:
        assert first.wait(timeout=180) == 0
    assert stack.preview_changes() == ""
