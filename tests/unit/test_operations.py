"""What `make` does beside Pulumi, with files and objects in place of an engine and a state.

Does not prove that a real engine or a real Pulumi behaves like these stand-ins: the integration tests do.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from docker.errors import APIError

from infra.settings import SettingsError, load_stack_file
from tests.benchmarks import kubernetes as cluster_benchmark
from tests.benchmarks.compose import compose_document
from tests.support.load_result import Answer, Result
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.kubernetes import lifecycle as cluster_lifecycle
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.leftovers import evict, remove_leftovers, remove_volumes_without_data
from tools.gostack.lifecycle.lock import release_stale_lock
from tools.gostack.lifecycle.removals import refuse_left_out, refuse_protected
from tools.gostack.lifecycle.repair import mend, revive
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.reference import REFERENCE, reference


@dataclass
class FakeWorkspace:
    backend_folder: Path | None = None
    stack: str = "dev"
    recorded: dict[str, Any] = field(default_factory=dict[str, Any])

    def exists(self) -> bool:
        return False

    def state(self) -> dict[str, Any]:
        return self.recorded


class FakeContainer:
    def __init__(self, name: str, role: str, **more: Any) -> None:
        self.id = f"id-of-{name}"
        self.name = name
        self.short_id = self.id[:10]
        self.labels = {"gostack.role": role}
        self.status = more.get("status", "running")
        self.done: list[str] = []
        self.exit_code_of_commands = 0
        self.exit_code_when_stopped = 0
        self.attrs: dict[str, Any] = {
            "State": {
                "Status": self.status,
                "ExitCode": more.get("exit_code", 0),
                "StartedAt": more.get("started", "2026-01-01T00:00:10.123456789Z"),
            },
            "HostConfig": {
                "NetworkMode": more.get("network_mode", "bridge"),
                "Memory": 1,
                "Binds": more.get("binds"),
                "PortBindings": {},
            },
            "Config": {"Image": "image", "User": "1", "Entrypoint": None, "Cmd": more.get("command"), "Env": ["A=$B"]},
            "NetworkSettings": {"Networks": {}},
        }
        if more.get("healthy"):
            self.attrs["Config"]["Healthcheck"] = {
                "Test": ["CMD", "true"],
                "Interval": 1_000_000_000,
                "Timeout": 2_000_000_000,
                "Retries": 3,
            }

    def exec_run(self, command: list[str]) -> tuple[int, bytes]:
        return self.exit_code_of_commands, b""

    def kill(self, signal: str) -> None:
        self.done.append(signal)

    def stop(self, timeout: int) -> None:
        self.done.append(f"stopped within {timeout} s")
        self.attrs["State"] |= {"Status": "exited", "ExitCode": self.exit_code_when_stopped}

    def start(self) -> None:
        self.done.append("started")
        self.attrs["State"]["StartedAt"] = "2026-01-01T00:01:00.000000000Z"

    def restart(self, timeout: int) -> None:
        self.done.append("restarted")

    def reload(self) -> None:
        self.status = "running"

    def remove(self, **_: Any) -> None:
        self.done.append("removed")


@dataclass
class FakeObjects:
    held: list[FakeContainer]
    bridges: list[Any] = field(default_factory=list[Any])
    stores: list[Any] = field(default_factory=list[Any])
    stack: str = "dev"

    def volumes(self) -> list[Any]:
        return self.stores

    def images(self) -> list[Any]:
        return []

    def containers(self) -> list[FakeContainer]:
        return self.held

    def networks(self) -> list[Any]:
        return self.bridges


class FakeVolume:
    """A volume which the engine may believe to be mounted by a container that is gone."""

    def __init__(self, name: str, *, mounted: bool = False, labels: dict[str, str] | None = None) -> None:
        self.name = name
        self.attrs = {"Labels": labels}
        self.mounted = mounted
        self.done: list[str] = []

    def remove(self) -> None:
        if self.mounted:
            raise APIError("500 Server Error", explanation="volume has active mounts")
        self.done.append("removed")


def lock_file(folder: Path, **content: Any) -> Path:
    file = folder / ".pulumi" / "locks" / "organization" / "gostack" / "dev" / "1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"hostname": socket.gethostname(), "username": "ada", "timestamp": "now", **content}))
    return file


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_of_a_process_that_is_gone_is_released(tmp_path: Path) -> None:
    pid = ended_process()
    file = lock_file(tmp_path, pid=pid)
    told = release_stale_lock(cast("Any", FakeWorkspace(tmp_path)))
    assert told == [f"the update of process {pid} was killed: its lock is released"]
    assert not file.exists()


def test_a_number_that_another_program_has_by_now_is_no_lock(tmp_path: Path) -> None:
    # This process lives, and is no Pulumi.
    file = lock_file(tmp_path, pid=os.getpid())
    assert b"pulumi" not in Path("/proc/self/cmdline").read_bytes()
    release_stale_lock(cast("Any", FakeWorkspace(tmp_path)))
    assert not file.exists()


def test_the_lock_of_another_machine_is_respected(tmp_path: Path) -> None:
    file = lock_file(tmp_path, pid=1, hostname="elsewhere")
    with pytest.raises(PulumiError, match="locked by ada on elsewhere since now"):
        release_stale_lock(cast("Any", FakeWorkspace(tmp_path)))
    assert file.exists()


def test_what_an_interrupted_update_left_is_removed() -> None:
    known, left = FakeContainer("known", "agent"), FakeContainer("left", "agent")
    state = {"resources": [{"id": known.id}], "pending_operations": [{"type": "creating"}]}
    told = remove_leftovers(state, cast("Any", FakeObjects([known, left])))
    assert told == ["container left was left by an interrupted update: removed"]
    assert (known.done, left.done) == ([], ["removed"])


def test_a_volume_without_data_that_an_interrupted_update_left_is_removed() -> None:
    known, left = FakeVolume("known"), FakeVolume("left")
    data = FakeVolume("data", labels={"gostack.data": "mysql"})
    state = {"resources": [{"id": "known"}, {"urn": "a component"}], "pending_operations": [{"type": "creating"}]}
    objects = FakeObjects([], stores=[known, left, data])
    told = remove_leftovers(state, cast("Any", objects))
    assert told == ["volume left of an interrupted update: removed"]
    assert (known.done, left.done, data.done) == ([], ["removed"], [])


def test_volumes_that_nothing_says_are_left_stay() -> None:
    volume = FakeVolume("volume")
    assert remove_leftovers({}, cast("Any", FakeObjects([], stores=[volume]))) == []
    assert volume.done == []


def test_a_stack_that_is_gone_keeps_no_volume_but_its_data() -> None:
    left, data = FakeVolume("left"), FakeVolume("data", labels={"gostack.data": "mysql"})
    assert remove_volumes_without_data(cast("Any", FakeObjects([], stores=[left, data]))) == ["volume left: removed"]
    assert (left.done, data.done) == (["removed"], [])


def test_a_stack_of_which_containers_run_keeps_its_volumes() -> None:
    left = FakeVolume("left")
    objects = FakeObjects([FakeContainer("another", "agent")], stores=[left])
    assert remove_volumes_without_data(cast("Any", objects)) == []
    assert left.done == []


def test_containers_of_another_checkout_are_not_touched() -> None:
    foreign = FakeContainer("foreign", "agent")
    with pytest.raises(PulumiError, match=r"containers \(1\) or networks \(0\) of a stack dev that this"):
        remove_leftovers({}, cast("Any", FakeObjects([foreign])))
    assert foreign.done == []


def test_an_eviction_goes_on_past_a_volume_that_the_engine_does_not_let_go() -> None:
    stuck, free = FakeVolume("stuck", mounted=True), FakeVolume("free")
    data = FakeVolume("data", labels={"gostack.data": "true"})
    assert evict(cast("Any", FakeWorkspace()), cast("Any", FakeObjects([], stores=[stuck, free, data]))) == [
        "volume stuck: left, because the engine says: volume has active mounts "
        "(of one that nothing uses: restart the engine)",
        "volume free: removed",
    ]
    assert (free.done, data.done) == (["removed"], [])


def test_a_stranded_member_is_restarted_after_its_sandbox_and_before_its_registration() -> None:
    sandbox = FakeContainer("sandbox", "sandbox", status="exited")
    agent = FakeContainer("agent", "agent", network_mode=f"container:{sandbox.id}")
    application = FakeContainer("application", "application", network_mode=f"container:{sandbox.id}")
    assert mend(cast("Any", FakeObjects([agent, application, sandbox]))) == [
        "sandbox stood still: started",
        "application was out of its pod's network: restarted",
        "agent was out of its pod's network: restarted",
    ]


def test_a_program_that_ends_again_and_again_is_restarted_once_and_then_left_to_the_engine() -> None:
    sandbox = FakeContainer("sandbox", "sandbox", started="2026-01-01T00:00:01.5Z")
    application = FakeContainer(
        "application", "application", network_mode=f"container:{sandbox.id}", status="restarting"
    )
    objects = cast("Any", FakeObjects([sandbox, application]))
    assert mend(objects) == ["application stood still: restarted"]
    assert revive(objects) == []


def test_a_whole_pod_is_left_alone() -> None:
    sandbox = FakeContainer("sandbox", "sandbox", started="2026-01-01T00:00:01.5Z")
    application = FakeContainer("application", "application", network_mode=f"container:{sandbox.id}")
    assert mend(cast("Any", FakeObjects([sandbox, application]))) == []
    assert sandbox.done == application.done == []


def test_every_consul_server_that_stands_still_is_started() -> None:
    servers = [FakeContainer(f"server-{number}", "consul-server", status="exited") for number in range(3)]
    running = FakeContainer("running", "consul-server")
    assert mend(cast("Any", FakeObjects([*servers, running]))) == [
        f"server-{number} stood still: started" for number in range(3)
    ]
    assert running.done == []


def test_a_failed_job_is_removed_and_a_finished_one_stays() -> None:
    failed = FakeContainer("failed", "job", status="exited", exit_code=1)
    not_started = FakeContainer("not-started", "job", status="created", exit_code=128)
    finished = FakeContainer("finished", "job", status="exited")
    assert mend(cast("Any", FakeObjects([failed, not_started, finished]))) == [
        "failed had failed: it runs again",
        "not-started had failed: it runs again",
    ]
    assert finished.done == []


@pytest.mark.parametrize(("exit_code", "then"), [(1, ["removed"]), (0, [])], ids=["stopped", "just finished"])
def test_a_migration_that_an_interrupted_update_left_running_may_finish_its_statement(
    exit_code: int, then: list[str]
) -> None:
    migration = FakeContainer("migration", "job")
    migration.attrs["Config"]["StopTimeout"] = 900
    migration.exit_code_when_stopped = exit_code
    mend(cast("Any", FakeObjects([migration])))
    assert migration.done == ["stopped within 900 s", *then]


def test_a_migration_of_which_the_state_does_not_know_may_finish_its_statement_before_it_is_removed() -> None:
    migration = FakeContainer("migration", "job")
    migration.attrs["Config"]["StopTimeout"] = 900
    known = FakeContainer("known", "agent")
    state = {"resources": [{"id": known.id}], "pending_operations": [{"type": "creating"}]}
    remove_leftovers(state, cast("Any", FakeObjects([known, migration])))
    assert migration.done == ["stopped within 900 s", "removed"]


def test_a_key_that_was_changed_in_consul_is_written_again_and_others_are_left_alone() -> None:
    changed = FakeContainer("changed", "dynamic-configuration")
    changed.exit_code_of_commands = 1
    kept = FakeContainer("kept", "dynamic-configuration")
    stopped = FakeContainer("stopped", "dynamic-configuration", status="exited")
    assert mend(cast("Any", FakeObjects([changed, kept, stopped]))) == [
        "changed found its key in Consul changed: written again"
    ]
    assert (changed.done, kept.done, stopped.done) == (["HUP"], [], [])


def test_compose_waits_for_what_pulumi_waits_for_through_components() -> None:
    database = FakeContainer("database", "mysql", healthy=True)
    job = FakeContainer("job", "job", status="exited")
    application = FakeContainer("application", "application", network_mode=f"container:{database.id}")
    state = {
        "resources": [
            {"urn": "u:database", "id": database.id, "parent": "u:cluster"},
            {"urn": "u:cluster"},
            {"urn": "u:job", "id": job.id, "dependencies": ["u:cluster"]},
            {"urn": "u:application", "id": application.id, "dependencies": ["u:job"]},
        ]
    }
    document = compose_document(cast("Any", [database, job, application]), state, [], {})
    assert document["services"]["job"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    after = {"job": {"condition": "service_completed_successfully"}}
    assert document["services"]["application"]["depends_on"] == after
    assert document["services"]["application"]["network_mode"] == "service:database"


def test_compose_does_not_read_a_dollar_as_a_variable() -> None:
    container = FakeContainer("one", "application", command=["echo $HOME"])
    document = compose_document(cast("Any", [container]), {"resources": [{"urn": "u", "id": container.id}]}, [], {})
    assert document["services"]["one"]["command"] == ["echo $$HOME"]
    assert document["services"]["one"]["environment"] == ["A=$$B"]


def test_compose_finds_copies_of_the_files_that_volumes_were_filled_with() -> None:
    writer = FakeContainer("writer", "job", status="created", binds=["filled:/run/gostack/given:rw"])
    binds = ["data:/data:rw", "filled:/run/gostack/given:ro", "/volumes/filled/_data/0:/etc/file:ro"]
    application = FakeContainer("application", "application", binds=binds)
    state = {
        "resources": [
            {"urn": "u:writer", "id": writer.id},
            {"urn": "u:application", "id": application.id, "dependencies": ["u:writer"]},
        ]
    }
    copies = {"filled": "/copy", "/volumes/filled/_data": "/copy"}
    document = compose_document(cast("Any", [writer, application]), state, [], copies)
    assert set(document["services"]) == {"application"}
    mounts = ["data:/data:rw", "/copy:/run/gostack/given:ro", "/copy/0:/etc/file:ro"]
    assert document["services"]["application"]["volumes"] == mounts
    assert set(document["volumes"]) == {"data"}


def test_the_longest_outage_spans_failures_in_a_row_only() -> None:
    answers = [
        Answer(0.0, 0.1, 200, ""),
        Answer(1.0, 0.5, 0, "refused"),
        Answer(2.0, 0.5, 0, "refused"),
        Answer(3.0, 0.1, 200, ""),
        Answer(4.0, 0.2, 503, "503"),
    ]
    result = Result(answers)
    assert result.longest_outage == pytest.approx(1.5)
    assert str(result) == "5 requests sent, 3 failed, slowest 500 ms; refused (2×); 503 (1×)"


def test_a_plugin_of_another_checkout_is_not_this_ones(tmp_path: Path) -> None:
    from tools.gostack.lifecycle.plugins import end_orphaned_plugins

    assert end_orphaned_plugins(tmp_path) == []


def test_the_configuration_reference_is_the_settings_own_words() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run `gostack reference`"


@pytest.mark.parametrize(("on_aws", "expected"), [(True, ["up", "--yes"]), (False, ["up", "--yes", "--skip-preview"])])
def test_what_is_protected_is_met_by_a_preview_before_an_update_on_aws(
    monkeypatch: pytest.MonkeyPatch, on_aws: bool, expected: list[str]
) -> None:
    ran: list[list[str]] = []

    class Recording:
        stack = "prod"
        settings = SimpleNamespace(aws=object() if on_aws else None)

        def outputs(self) -> dict[str, Any]:
            return {}

        def run(self, *arguments: str) -> int:
            ran.append(list(arguments))
            return 0

    monkeypatch.setattr(cluster_lifecycle, "reachable", lambda _: None)
    assert cluster_lifecycle.update(cast("Any", Recording()), lambda: None) == 0
    assert ran == [expected]


PROTECTED = {"protected_regions": ["eu-central-1", "us-east-1"]}


def regions(*names: str) -> Any:
    return SimpleNamespace(regions=dict.fromkeys(names))


def test_a_protected_region_is_not_left_out_before_it_has_retired() -> None:
    with pytest.raises(SettingsError, match=r"us-east-1\.retiring to true") as refused:
        refuse_left_out("prod", regions("eu-central-1"), PROTECTED)
    assert "eu-central-1," not in str(refused.value)


def test_a_region_that_has_retired_and_a_new_one_are_not_refused() -> None:
    refuse_left_out("prod", regions("eu-central-1"), {"protected_regions": ["eu-central-1"]})
    refuse_left_out("prod", regions("eu-central-1"), {})
    refuse_left_out("prod", regions("eu-central-1", "us-east-1", "eu-west-1"), PROTECTED)


def test_a_stack_with_a_protected_region_is_not_removed() -> None:
    with pytest.raises(SettingsError, match=r"eu-central-1, us-east-1 of prod are protected.*gostack:aws.protect"):
        refuse_protected("prod", PROTECTED)
    refuse_protected("prod", {"protected_regions": []})


def test_a_stack_that_makes_its_clusters_itself_is_previewed_without_asking_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, ...]] = []

    class Prod:
        project = PROJECT_ROOT
        stack = "prod"
        stack_file = PROJECT_ROOT / "Pulumi.prod.yaml"
        settings = load_stack_file(stack_file, PROJECT_ROOT)
        variables: ClassVar[dict[str, str]] = {}
        leave_rows = ()

        def prepare(self) -> None:
            pass

        def state(self) -> dict[str, Any]:
            return {}

        def outputs(self) -> dict[str, Any]:
            return {}

        def run(self, *arguments: str) -> int:
            ran.append(arguments)
            return 0

    assert lifecycle.preview(cast("Any", Prod())) == 0
    assert [arguments[0] for arguments in ran] == ["preview"]
    monkeypatch.setattr(cluster_lifecycle, "summary", lambda *_: "up")
    assert cluster_lifecycle.up(cast("Any", Prod()), lambda: None) == 0
    assert cluster_lifecycle.down(cast("Any", Prod()), lambda: None, purge=True) == 0
    assert [arguments[0] for arguments in ran] == ["preview", "up", "destroy"]


def test_no_benchmark_brings_up_a_stack_on_aws(capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(PROJECT_ROOT, "elsewhere", PROJECT_ROOT / "Pulumi.prod.yaml", quiet=True)
    with pytest.raises(PulumiError, match="elsewhere is on AWS: `make bench STACK=prod` measures how its graph grows"):
        cluster_benchmark.run(workspace, 1)
    assert capsys.readouterr().out == ""
