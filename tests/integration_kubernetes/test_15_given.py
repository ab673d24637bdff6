"""What a stranger's service is given, on a real cluster: a secret as a file, values made of others, files, writable
folders, a volume, two ports (one below 1024), a task, and a worker with a hook and a schedule on its database.

One stack of its own, brought up once; the probe knows nothing of it but the names in its settings. Does not repeat what
a build is given (tests/integration/test_15_images.py), nor prove a volume that many nodes mount: the local cluster has
no such class.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from infra.settings import SettingsError
from infra.settings.stack_file import read_stack_file, written
from tests.integration.cases.client import Client
from tests.integration_kubernetes.conftest import PROJECT
from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tests.support.load import Load, Request
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.secrets import command
from tools.gostack.tasks.command import run_task
from tools.offline.toolchain.go_build import build_binary

STACK, NAMESPACE = "integration-given", "gostack-given"
# Letters alone: it is looked for in texts that would encode anything else.
ASKED, KEPT, ROTATED = "askedForInAVariable", "keptInAFileAlone", "rotatedUnderLoad"
CACHE, SPOOL, UPLOADS = "/var/cache/shop", "/var/spool/shop", "/data/uploads"
RATE = 30

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "autoscaling": None,
    "replicas": 1,
    "cpu_request": 0.05,
    "memory_request_mib": 64,
}
SERVICES: dict[str, dict[str, Any]] = {
    "shop": {
        **PROBE,
        "replicas": 2,
        "port": 80,
        "ports": {"grpc": {"port": 9090, "protocol": "grpc"}, "admin": {"port": 6060}},
        "check": {"port": "admin", "path": "/ready?full=1"},
        "routes": [{"path": "/p"}, {"path": "/probe.Echo", "port": "grpc", "protocol": "grpc"}],
        "args": ["serve", "-where", "${region}", "$${track}", "$(id)"],
        "environment": {
            "DATABASE_URL": "${mysql.dsn}",
            "ASKED": "<${secret.ASKED}>",
            "LITERAL": "$${region} $HOME $(id)",
            "DEBUG": True,
            "WORKERS": 4,
            "lower_case": "as it is",
            "PROBE_WRITE": f"{CACHE}/started",
            "PROBE_GRPC_PORT": 9090,
            "PROBE_ADMIN_PORT": 6060,
        },
        "files": {
            "/etc/shop/config.yaml": "host: ${mysql.host}:${mysql.port}\nregion: ${region}\nkey: ${secret.KEPT}\n",
            "/app/license.txt": {"source": "LICENSE"},
        },
        "writable": {CACHE: {}, SPOOL: {"disk": True, "size_mib": 16}},
        "database": {
            "migrate": [
                *("migrate", "need:DATABASE_URL", "need:/run/secrets/KEPT", "need:/etc/shop/config.yaml"),
                "CREATE TABLE IF NOT EXISTS runs (id BIGINT AUTO_INCREMENT PRIMARY KEY, who VARCHAR(99))",
            ]
        },
        "tasks": {"show": {"args": ["show"]}, "fail": {"args": ["migrate", "need:NOT_THERE"]}},
    },
    "keeper": {
        **PROBE,
        "check": {"protocol": "tcp"},
        "routes": [{"path": "/case/keeper/p"}],
        "volumes": {"uploads": {"path": UPLOADS}},
    },
    "worker": {
        **PROBE,
        "kind": "worker",
        "min_ready_seconds": 5,
        "environment": {"DATABASE_URL": "${mysql.dsn}"},
        "database": {"service": "shop"},
        "tasks": {
            "hook": {"args": ["migrate", "INSERT INTO runs (who) VALUES ('hook')"]},
            "tick": {"args": ["migrate", "INSERT INTO runs (who) VALUES ('schedule')"]},
        },
        "hooks": {"before": "hook"},
        "schedules": {"minute": {"cron": "* * * * *", "task": "tick", "deadline_seconds": 60}},
    },
}
CONFIG: dict[str, Any] = {
    "gostack:platform": "kubernetes",
    "gostack:kubernetes": {"kubeconfig": ".gostack/kubeconfig", "context": "gostack", "namespace": NAMESPACE},
    "gostack:registry": "localhost:5001/gostack",
    "gostack:regions": {"east": {}},
    "gostack:consul": {"servers": 1},
    "gostack:mysql": {"primary": "east", "topology": "single", "storage_gib": 1},
    "gostack:services": SERVICES,
}


@dataclass(frozen=True)
class GivenStack(ClusterStack):
    """The stack of these tests."""

    @property
    def namespace(self) -> str:
        return f"{NAMESPACE}-east"

    def text(self, path: str, **options: Any) -> str:
        """What is answered with 200."""
        answer = self.ask(path, **options)
        assert answer.status == 200, answer.data
        return answer.data.decode()

    def given(self, name: str) -> str:
        """What a replica of the shop finds under a path, or in a variable."""
        return self.text(f"/p/given?name={quote(name, safe='')}")

    def writes(self, path: str, prefix: str = "") -> bool:
        """Whether a replica may write a file."""
        return self.ask(f"{prefix}/p/write?name={path}").status == 200

    def runs(self, who: str) -> int:
        """Rows that a task has written."""
        answer = self.text("/p/sql", method="POST", body=f"SELECT COUNT(*) AS n FROM runs WHERE who = '{who}'".encode())
        return int(answer.strip().removeprefix("n="))

    def shop_load(self) -> Load:
        """A steady load on the shop's REST."""
        host, port = self.address
        request = Request("GET", "https://localhost/p/echo/a")
        return Load(self.authority, RATE, lambda _: request, detours={"localhost:443": f"{host}:{port}"})

    def calls(self, *flags: str) -> Client:
        """A client of the shop's gRPC."""
        program = build_binary(PROJECT / "tests" / "probe", "./client", "probe-client", lane="tests")
        host, port = self.address
        connect = ["-url", "https://localhost", "-ca", str(self.authority), "-connect", f"{host}:{port}"]
        return Client([str(program), "grpc", *connect, *flags])


@pytest.fixture(scope="module")
def given(api: ClusterApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GivenStack]:
    file = tmp_path_factory.mktemp("given") / f"Pulumi.{STACK}.yaml"
    file.write_text(written({"config": CONFIG}), encoding="utf-8")
    workspace = Workspace(PROJECT, STACK, file)
    # What it refers to and has not would be refused before there is a stack to remove.
    command.write(workspace, "shop", {"ASKED": ASKED, "KEPT": KEPT})
    assert lifecycle.down(workspace, purge=True) == 0
    try:
        began = time.monotonic()
        assert lifecycle.up(workspace) == 0
        tell(f"first up of three services of strangers: {time.monotonic() - began:.0f} s")
        yield GivenStack(workspace, api)
    finally:
        assert lifecycle.down(workspace, purge=True) == 0


def test_one_update_brings_all_of_it_and_a_second_one_changes_nothing(given: GivenStack) -> None:
    for service, values in SERVICES.items():
        given.wait_for("application", values["replicas"], service=service)
    assert given.preview_changes() == ""


def test_a_secret_is_a_file_and_a_variable_only_where_it_was_asked_for(given: GivenStack) -> None:
    assert given.given("/run/secrets/ASKED") == ASKED
    assert given.given("/run/secrets/KEPT") == KEPT
    assert given.given("ASKED") == f"<{ASKED}>"


def test_a_secret_is_in_secrets_and_nowhere_else(given: GivenStack) -> None:
    root, workspace = f"/api/v1/namespaces/{given.namespace}", given.workspace
    told = {kind: json.dumps(given.api.items(f"{root}/{kind}")) for kind in ("pods", "configmaps", "events")}
    for name in given.names("application"):
        told[f"log of {name}"] = given.api.text(f"{given.pod_path(name)}/log?container=application")
    told["stack file"] = workspace.stack_file.read_text()
    told["state"] = given.pulumi_command("stack", "export").stdout
    assert {where for where, text in told.items() if ASKED in text or KEPT in text} == set()
    assert "deployment" in told["state"]


def test_files_texts_and_arguments_arrive_as_they_are_written(given: GivenStack) -> None:
    host, port = given.given("/etc/shop/config.yaml").splitlines()[0].removeprefix("host: ").split(":")
    assert (host.startswith("mysql-east"), port) == (True, "3306")
    assert given.given("/etc/shop/config.yaml").endswith(f"\nregion: east\nkey: {KEPT}\n")
    assert given.given("/app/license.txt") == (PROJECT / "LICENSE").read_text(encoding="utf-8")
    arguments = given.given("/proc/self/cmdline").strip("\0").split("\0")[1:]
    assert arguments == ["serve", "-where", "east", "${track}", "$(id)"]
    assert given.given("LITERAL") == "${region} $HOME $(id)"
    assert [given.given(name) for name in ("DEBUG", "WORKERS", "lower_case")] == ["true", "4", "as it is"]


def test_a_program_writes_where_it_was_said_and_nowhere_else(given: GivenStack) -> None:
    # Its start needed the first one already.
    assert all(given.writes(f"{folder}/a") for folder in (CACHE, SPOOL, "/tmp"))
    for path in ("/etc/shop/config.yaml", "/run/secrets/KEPT", "/app/other", "/var/other"):
        assert not given.writes(path), path


def test_a_dsn_is_enough_to_reach_the_database_over_verified_tls(given: GivenStack) -> None:
    question = b"SHOW SESSION STATUS WHERE Variable_name = 'Ssl_version' AND Value <> ''"
    assert "Ssl_version" in given.text("/p/sql", method="POST", body=question)


def test_rest_below_1024_and_grpc_are_served_on_two_ports_through_one_ingress(given: GivenStack) -> None:
    assert json.loads(given.text("/p/echo/a"))["instance"] in given.names("application", service="shop")
    sums = given.calls("-count", "20", "-interval", "10ms").result()
    assert (sums["failures"], set(sums["statuses"]), len(sums["instances"])) == ([], {"OK"}, 2)
    (pod, *_) = given.pods("application", service="shop")
    assert pod["spec"]["containers"][0]["securityContext"]["runAsUser"] != 0


def test_a_task_has_what_a_replica_is_given_and_its_exit_code_is_returned(
    given: GivenStack, capfd: pytest.CaptureFixture[str]
) -> None:
    replicas = given.names("application", service="shop")
    assert run_task(given.workspace, "shop", "show", ["/run/secrets/KEPT", "ASKED", "/etc/shop/config.yaml"]) == 0
    told = capfd.readouterr().out
    assert told.splitlines()[:2] == [KEPT, f"<{ASKED}>"]
    assert "region: east" in told
    assert run_task(given.workspace, "shop", "fail", []) == 1
    assert "NOT_THERE is not given" in capfd.readouterr().out
    # Nothing of it stays, and what serves is as before.
    wait_until(lambda: given.names("application", service="shop") == replicas, 60, "the pods of the tasks are gone")


def test_a_workers_hook_ran_once_and_its_schedule_runs_when_it_is_due(given: GivenStack) -> None:
    assert given.runs("hook") == 1
    before = given.runs("schedule")
    wait_until(lambda: given.runs("schedule") > before, 150, "the schedule has written a row")


def test_a_rotated_secret_is_a_release_that_loses_no_request_and_a_volume_outlives_one(given: GivenStack) -> None:
    replicas = given.names("application")
    assert given.writes(f"{UPLOADS}/a", "/case/keeper")
    command.write(given.workspace, "shop", {"KEPT": ROTATED})
    given.change_settings("keeper", environment={"RELEASE": "2"})
    calls = given.calls("-count", "0", "-interval", "100ms")
    try:
        with given.shop_load() as load:
            time.sleep(2)
            assert lifecycle.up(given.workspace) == 0
            time.sleep(2)
        sums = calls.stop()
    finally:
        calls.kill()
    tell(f"a rotated secret, {RATE} requests/s: {load.result}; gRPC: {sums['statuses']}")
    assert (load.result.failures, sums["failures"], set(sums["statuses"])) == ([], [], {"OK"})
    assert given.given("/run/secrets/KEPT") == ROTATED
    assert given.given("/etc/shop/config.yaml").endswith(f"key: {ROTATED}\n")
    kept = replicas & given.names("application")
    assert kept == given.names("application", service="worker")
    assert given.text(f"/case/keeper/p/given?name={UPLOADS}/a") == "x"
    # The worker's image, arguments and environment are those of before.
    assert given.runs("hook") == 1
    assert given.preview_changes() == ""


def test_a_rename_that_would_leave_rows_behind_is_refused_before_anything_is_done(
    given: GivenStack, tmp_path: Path
) -> None:
    document = read_stack_file(given.workspace.stack_file)
    services: dict[str, Any] = document["config"]["gostack:services"]
    services["store"] = services.pop("shop")
    services["worker"]["database"]["service"] = "store"
    file = tmp_path / f"Pulumi.{STACK}.yaml"
    file.write_text(written(document), encoding="utf-8")
    with pytest.raises(SettingsError, match=r'rows of the schema "shop" would stay.*store\.database\.name: shop'):
        lifecycle.preview(Workspace(PROJECT, STACK, file))
    assert given.runs("hook") == 1
