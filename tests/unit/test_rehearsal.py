"""When a preview of a stack on AWS is a rehearsal.

It does not prove that the preview runs: tests/integration does.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.offline.plugins import rehearsal

OFFLINE = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PATH": "/usr/bin"}


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config:\n  gostack:aws:\n    account: '123456789012'\n")
    return file


def test_a_stack_on_aws_without_a_plugin_is_rehearsed(tmp_path: Path, stack_file: Path) -> None:
    variables = {**OFFLINE, "PULUMI_HOME": str(tmp_path)}

    assert rehearsal(tmp_path, stack_file, variables) == {
        "PATH": f"{tmp_path}/tools/offline/providers/aws/plugin:/usr/bin"
    }


def test_a_stack_without_aws_is_not(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {}\n")

    assert rehearsal(tmp_path, file, {**OFFLINE, "PULUMI_HOME": str(tmp_path)}) == {}


def test_where_the_plugin_is_installed_or_can_be_fetched_the_real_one_is_used(tmp_path: Path, stack_file: Path) -> None:
    store = tmp_path / "home" / "plugins" / "resource-aws-v7.51.1"
    store.mkdir(parents=True)
    command = tmp_path / "bin" / "pulumi-resource-aws"
    command.parent.mkdir()
    command.touch(mode=0o755)

    assert rehearsal(tmp_path, stack_file, {"PATH": "/usr/bin"}) == {}
    assert rehearsal(tmp_path, stack_file, {**OFFLINE, "PULUMI_HOME": str(tmp_path / "home")}) == {}
    assert rehearsal(tmp_path, stack_file, {**OFFLINE, "PATH": str(command.parent), "PULUMI_HOME": "/none"}) == {}
