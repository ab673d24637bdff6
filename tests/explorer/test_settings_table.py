"""Settings: every key with default, meaning and reason.

Does not prove that a setting has the meaning that its docstring says.
"""

from __future__ import annotations

from tools.gostack.explorer.comments import reasons
from tools.gostack.explorer.model import StackView
from tools.gostack.explorer.recording import RecordedStack
from tools.gostack.explorer.settings_table import settings_of


def test_every_key_has_a_meaning(dev: StackView, small: StackView) -> None:
    assert [setting["key"] for setting in [*dev["settings"], *small["settings"]] if not setting["meaning"]] == []


def test_a_key_is_given_exactly_when_the_stack_file_says_it(dev: StackView) -> None:
    given = {setting["key"]: setting["value"] for setting in dev["settings"] if setting["given"]}
    assert given["regions.east.https_port"] == 8443
    assert given["mysql.topology"] == "group"
    assert "regions.east.bind_address" not in given
    assert "images.mysql" not in given


def test_a_key_without_a_default_is_required(dev: StackView) -> None:
    required = {setting["key"] for setting in dev["settings"] if setting["required"]}
    assert {"mysql.primary", "services.users.routes.0.path"} <= required
    assert "mysql.topology" not in required


def test_the_keys_in_force_are_those_of_the_settings(recorded: list[RecordedStack]) -> None:
    by_key = {setting.key: setting.value for setting in settings_of(recorded[0].settings)}
    assert by_key["certificates.lifetime_days"] == recorded[0].settings.certificates.lifetime_days
    assert by_key["services.users.database.migrate"] == ["migrate"]
    assert by_key["services.users.canary"] is None


def test_a_comment_above_or_behind_a_key_is_its_reason() -> None:
    text = (
        "# About the file.\n"
        "config:\n"
        "  # Two lines\n"
        "  # of why.\n"
        "  gostack:mysql:\n"
        "    topology: group # because\n"
        '    primary: "a # b"\n'
        "  other:key: 1 # not ours\n"
    )
    assert reasons(text) == {"mysql": "Two lines of why.", "mysql.topology": "because"}
