"""Volumes of services on the real engine: files that outlive a release, a kill, `up`, `down` and, by a backup, a purge.

The services are the probe, which writes and reads any file that its user may: `probe` shares a volume in its region,
`own` has one for each replica and another user. Does not prove what a cluster does with claims, nor that a file which
is written to while it is saved is whole.

Fixtures: a stack `volumes` of its own in one region (`one_region`, ports 32xxx, networks 10.95.x), made by `brought_up`
and removed at the end; the last tests take it down and up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from infra.settings import SettingsError
from infra.settings.stack_file import written
from tests.integration.brought_up import brought_up, one_region
from tests.integration.cases.support import CasesStack, Replica, tell, wait_until
from tools.gostack.database.backup import backup
from tools.gostack.database.mysql_members import DatabaseError
from tools.gostack.database.restore import restore
from tools.gostack.database.volume_archive import saved_volumes
from tools.gostack.lifecycle import lifecycle
from tools.gostack.tasks.command import run_task

SHARED, OWN = "/data/uploads", "/data/state"
PROBE: dict[str, Any] = {"context": "tests/probe", "replicas": 2, "check": {"path": "/ready"}}
SERVICES: dict[str, dict[str, Any]] = {
    "probe": {
        **PROBE,
        "routes": [{"path": "/p"}],
        # It does not start where it may not write.
        "environment": {"PROBE_WRITE": f"{SHARED}/started"},
        "volumes": {"uploads": {"path": SHARED}},
        "tasks": {"show": {"args": ["show"]}, "started": {"args": ["show", f"{SHARED}/started"]}},
        "hooks": {"after": "started"},
    },
    "own": {
        **PROBE,
        "routes": [{"path": "/case/own/p"}],
        "user": "1000:2000",
        "volumes": {"state": {"path": OWN, "shared": "replica"}},
        "tasks": {"show": {"args": ["show"]}},
    },
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    file = tmp_path_factory.mktemp("volumes") / "Pulumi.yaml"
    file.write_text(written(one_region(SERVICES)), encoding="utf-8")
    yield from brought_up("volumes", file, tmp_path_factory, CasesStack)


def write(replica: Replica, path: str) -> None:
    response = replica.request("GET", f"/p/write?name={quote(path)}")
    assert response.status == 200, response.data


def has(replica: Replica, path: str) -> bool:
    return replica.request("GET", f"/p/given?name={quote(path)}").status == 200


def instances(stack: CasesStack, service: str) -> dict[str, Replica]:
    return {replica.instance: replica for replica in stack.replicas(service)}


def engine_volumes(stack: CasesStack) -> set[str]:
    return {str(one.name) for one in stack.objects.volumes() if "gostack.shared" in (one.attrs["Labels"] or {})}


def test_all_replicas_hooks_and_tasks_of_a_region_have_the_same_files(
    stack: CasesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = stack.replicas("probe")
    write(first, f"{SHARED}/a")
    assert has(second, f"{SHARED}/a")
    assert run_task(stack.workspace, "probe", "show", [f"{SHARED}/a"]) == 0
    assert "x" in capfd.readouterr().out
    # The hook after the release has read it: else the stack would not be up.
    assert has(first, f"{SHARED}/started")


def test_a_replica_has_files_that_no_other_program_sees(stack: CasesStack, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = instances(stack, "own").values()
    write(first, f"{OWN}/{first.instance}")
    write(second, f"{OWN}/{second.instance}")
    assert not has(second, f"{OWN}/{first.instance}")
    assert not has(first, f"{OWN}/{second.instance}")
    assert run_task(stack.workspace, "own", "show", [f"{OWN}/{first.instance}"]) != 0
    assert "no such file" in capfd.readouterr().err


def test_up_twice_changes_nothing(stack: CasesStack) -> None:
    before = {replica.container.id for replica in [*stack.replicas("probe"), *stack.replicas("own")]}
    assert lifecycle.up(stack.workspace) == 0
    assert {replica.container.id for replica in [*stack.replicas("probe"), *stack.replicas("own")]} == before
    assert stack.preview_changes() == ""


@pytest.mark.parametrize(("service", "path"), [("probe", "/p/echo/a"), ("own", "/case/own/p/echo/a")])
def test_a_release_keeps_the_files_and_loses_no_request(stack: CasesStack, service: str, path: str) -> None:
    before = instances(stack, service)
    environment = {**SERVICES[service].get("environment", {}), "RELEASE": "2"}
    stack.change_settings(service, environment=environment)
    with stack.load(path, 50) as load:
        assert lifecycle.up(stack.workspace) == 0
    tell(f"a release of {service} with a volume: {load.result}")
    assert load.result.failures == []
    after = instances(stack, service)
    assert after.keys() == before.keys()
    assert not {one.container.id for one in after.values()} & {one.container.id for one in before.values()}
    for instance, replica in after.items():
        assert has(replica, f"{SHARED}/a" if service == "probe" else f"{OWN}/{instance}")
    assert stack.preview_changes() == ""


def test_a_killed_replica_has_its_files_again(stack: CasesStack) -> None:
    for service, folder in (("probe", SHARED), ("own", OWN)):
        victim = stack.replicas(service)[0]
        pid = victim.pid()
        stack.kill_process(pid)
        wait_until(lambda one=victim, old=pid: one.pid() not in (0, old), 60, f"the replica of {service} runs again")
        stack.wait_until_all_pass(service, 120)
        found = instances(stack, service)[victim.instance]
        assert has(found, f"{folder}/a" if service == "probe" else f"{folder}/{victim.instance}")


def test_a_rename_that_would_begin_without_the_files_is_refused_at_preview(stack: CasesStack) -> None:
    before = stack.workspace.stack_file.read_bytes()
    renamed = {**stack.service("probe"), "routes": [{"path": "/p"}]}
    stack.change_services(probe=None, renamed=renamed)
    try:
        with pytest.raises(SettingsError, match=r"write gostack:services\.renamed\.volumes\.uploads\.name: probe"):
            lifecycle.preview(stack.workspace)
        renamed["volumes"] = {"uploads": {"path": SHARED, "name": "probe.uploads"}}
        stack.change_services(renamed=renamed)
        assert lifecycle.up(stack.workspace) == 0
        assert all(has(replica, f"{SHARED}/a") for replica in stack.replicas("renamed"))
        assert stack.preview_changes() == ""
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()
    # And back, by the name that it had first.
    assert lifecycle.up(stack.workspace) == 0
    assert all(has(replica, f"{SHARED}/a") for replica in stack.replicas("probe"))


def test_volumes_stay_when_the_stack_goes_and_are_found_again(stack: CasesStack) -> None:
    volumes = engine_volumes(stack)
    assert volumes == {
        *("gostack-volumes-probe.uploads-east", "gostack-volumes-own.state-east.0"),
        "gostack-volumes-own.state-east.1",
    }
    assert lifecycle.down(stack.workspace, purge=False) == 0
    assert engine_volumes(stack) == volumes
    assert lifecycle.up(stack.workspace) == 0
    stack.trust_again()
    assert all(has(replica, f"{SHARED}/a") for replica in stack.replicas("probe"))
    assert all(has(replica, f"{OWN}/{instance}") for instance, replica in instances(stack, "own").items())
    assert stack.preview_changes() == ""


def test_a_backup_brings_files_back_after_a_purge(stack: CasesStack, tmp_path: Path) -> None:
    file = tmp_path / "b.sql.gz"
    assert backup(stack.workspace, file) == 0
    archive = tmp_path / "b.volumes.tar.gz"
    # Both folders' own files, and the one that says that the program may write.
    assert saved_volumes(archive).files == {
        "own.state-east.0": 1,
        "own.state-east.1": 1,
        "probe.uploads-east": 2,
    }
    assert lifecycle.down(stack.workspace, purge=True) == 0
    assert engine_volumes(stack) == set()
    assert lifecycle.up(stack.workspace) == 0
    stack.trust_again()
    assert not any(has(replica, f"{SHARED}/a") for replica in stack.replicas("probe"))
    # Its start has written a file already.
    with pytest.raises(DatabaseError, match=r"the volume probe\.uploads-east has files \(started\)"):
        restore(stack.workspace, archive, force=False)
    assert not any(has(replica, f"{OWN}/{replica.instance}") for replica in stack.replicas("own"))
    assert restore(stack.workspace, archive, force=True) == 0
    assert all(has(replica, f"{SHARED}/a") for replica in stack.replicas("probe"))
    for instance, replica in instances(stack, "own").items():
        assert has(replica, f"{OWN}/{instance}")
        # Owners are those of before: it may write to its own file.
        write(replica, f"{OWN}/{instance}")
    # Nothing stays of what read and wrote them.
    assert [one.name for one in stack.objects.containers() if one.status == "created"] == []
