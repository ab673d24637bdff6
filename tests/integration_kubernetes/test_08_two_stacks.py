"""Stacks of two pull requests on one cluster: each is found by its own name and has rows of its own. When their time is
over both go, found by their files or by their namespaces alone, and leave nothing.

Does not prove that DNS leads to them: their load balancers are asked by address. Nor what a registry keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra.settings import SettingsError
from infra.settings.neighbours import require_apart
from infra.settings.stack_file import read_stack_file, written
from tests.integration_kubernetes.support import ClusterStack
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.stacks.new import new_stack
from tools.gostack.stacks.remove import remove_stack
from tools.gostack.stacks.seed import seed
from tools.gostack.stacks.sweep import sweep

PROJECT = Path(__file__).resolve().parents[2]
NAMES = ("pr-981", "pr-982")
SEEDED = 20


@pytest.fixture(scope="module")
def both(api: ClusterApi) -> Iterator[list[ClusterStack]]:
    try:
        for name in NAMES:
            (PROJECT / f"Pulumi.{name}.yaml").unlink(missing_ok=True)
            assert new_stack(PROJECT, name, "staging", ttl=timedelta(hours=1)) == 0
            workspace = Workspace(PROJECT, name)
            make_small(workspace)
            assert lifecycle.up(workspace) == 0
            assert seed(workspace) == 0
        yield [ClusterStack(Workspace(PROJECT, name), api) for name in NAMES]
    finally:
        for name in NAMES:
            assert remove_stack(PROJECT, name, "staging") == 0


def make_small(workspace: Workspace) -> None:
    """Let two stacks fit onto one machine."""
    document = read_stack_file(workspace.stack_file)
    config: dict[str, Any] = document["config"]
    config["gostack:consul"]["servers"] = 1
    config["gostack:mysql"]["topology"] = "single"
    config["gostack:services"]["users"] |= {"replicas": 1, "autoscaling": None}
    workspace.stack_file.write_text(written(document), encoding="utf-8")


def emails(stack: ClusterStack) -> set[str]:
    answer = stack.request("GET", "/api/v1/users?page=1&page_size=100")
    assert answer.status == 200
    return {user["email"] for user in answer.json()["data"]["items"]}


def test_each_has_an_address_and_rows_of_its_own(both: list[ClusterStack]) -> None:
    first, second = both
    assert [stack.outputs["url"] for stack in both] == [f"https://{name}.localhost" for name in NAMES]
    assert first.address != second.address
    made = first.create_user()["email"]
    assert len(emails(first)) == SEEDED + 1
    assert made in emails(first)
    assert len(emails(second)) == SEEDED


def test_the_one_does_not_answer_by_the_name_of_the_other(both: list[ClusterStack]) -> None:
    first, second = both
    host = second.workspace.settings.ingress.hosts[0]
    pool = urllib3.HTTPSConnectionPool(
        *first.address, cert_reqs="CERT_NONE", server_hostname=host, assert_hostname=False, retries=False, timeout=10
    )
    with pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", "/api/v1/users", headers={"Host": host})


def test_a_copy_with_the_namespace_of_the_other_is_refused(both: list[ClusterStack], tmp_path: Path) -> None:
    first, second = both
    file = tmp_path / f"Pulumi.{NAMES[0]}.yaml"
    document = read_stack_file(first.workspace.stack_file)
    document["config"]["gostack:kubernetes"]["namespace"] = f"gostack-{NAMES[1]}"
    file.write_text(written(document), encoding="utf-8")
    meeting = Workspace(PROJECT, NAMES[0], file)
    with pytest.raises(SettingsError, match=rf"gostack:kubernetes.namespace makes .gostack-{NAMES[1]}-east"):
        require_apart(NAMES[0], meeting.settings, PROJECT)
    # By the cluster as well, where the other's file is somewhere else.
    with pytest.raises(SettingsError, match=rf"on this cluster is of the stack {NAMES[1]}"):
        lifecycle.up(meeting)
    assert second.request("GET", "/api/v1/users").status == 200


def test_when_their_time_is_over_a_sweep_leaves_nothing(both: list[ClusterStack], api: ClusterApi) -> None:
    def remove(project: Path, name: str, origin: str | None) -> int:
        # Other stacks on this cluster are somebody else's.
        return remove_stack(project, name, origin) if name in NAMES else 0

    later = datetime.now(UTC) + timedelta(minutes=30)
    assert sweep(PROJECT, "staging", remove=remove, now=lambda: later) == 0
    assert all(stack.request("GET", "/api/v1/users").status == 200 for stack in both)
    # The second is found by its namespace alone.
    both[1].workspace.stack_file.unlink()
    later += timedelta(hours=1)
    assert sweep(PROJECT, "staging", remove=remove, now=lambda: later) == 0
    for name in NAMES:
        assert api.items("/api/v1/namespaces", gostack_stack=name) == []
        assert not Workspace(PROJECT, name).exists()
        left = [file for folder in (PROJECT, PROJECT / ".gostack") for file in folder.glob(f"*{name}*")]
        assert left == []
