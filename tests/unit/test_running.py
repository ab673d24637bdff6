"""Replicas by name, and the ways into them: `sh`, `exec`, `sql`, `open`.

The engine and the API server are stand-ins: tests/integration/test_14_verbs.py goes into containers of a real engine.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from components.microservice.task import Task
from infra.images_lock import ResolvedImage, write_images_lock
from infra.settings import load_stack_file
from tests.support.engine import PROJECT
from tools.gostack.cli.main import main
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.report import forwarded_url, forwarding
from tools.gostack.open.command import address
from tools.gostack.running.docker import DockerRuntime
from tools.gostack.running.kubernetes import KubernetesRuntime, task_pod
from tools.gostack.running.programs import run
from tools.gostack.running.replica import Program, RunningReplica, check_names, chosen, images_of, short_image
from tools.gostack.sql.command import (
    READ_ONLY,
    Account,
    MemberChoice,
    client_arguments,
    member_for,
    service_with_database,
)
from tools.gostack.tasks.command import named_task

DIGEST = "sha256:0123456789abcdef"
EAST = RunningReplica("users", "stable", "east", "users-east-0", "1")
WEST = RunningReplica("users", "stable", "west", "users-west-0", "2")
OUTPUTS: dict[str, Any] = {
    "regions": {"east": "https://localhost:8443", "west": "https://localhost:9443"},
    "consul": {"east": "http://127.0.0.1:8500", "west": "http://127.0.0.1:9500"},
    "dashboards": {"console": "http://127.0.0.1:3000", "consul-east": "http://127.0.0.1:8500"},
    "services": {"users": {"url": "https://localhost:8443/api/v1/users"}, "worker": {"url": ""}},
}


class FakeContainer:
    def __init__(self, name: str, role: str, service: str, *environment: str, **more: Any) -> None:
        self.id = f"id-of-{name}"
        self.name = name
        self.status = more.get("status", "running")
        self.labels = {"gostack.role": role, "gostack.service": service, "gostack.region": "east"}
        self.attrs: dict[str, Any] = {
            "Config": {"Image": more.get("image", DIGEST), "Env": list(environment)},
            "HostConfig": {"NetworkMode": "container:sandbox"},
            "State": {"Health": more.get("health")},
        }


class FakeClient:
    def __init__(self, held: list[FakeContainer]) -> None:
        self.images = SimpleNamespace(get=lambda _: SimpleNamespace(tags=["gostack/dev-users:1"]))
        self.containers = SimpleNamespace(get=lambda identity: next(one for one in held if one.id == identity))


def docker_runtime(tmp_path: Path, *held: FakeContainer) -> DockerRuntime:
    objects = SimpleNamespace(containers=lambda: list(held), client=FakeClient(list(held)))
    workspace = SimpleNamespace(project=tmp_path, stack="dev", variables={"DOCKER_HOST": "unix:///engine"})
    return DockerRuntime(cast("Any", workspace), cast("Any", objects))


def test_replicas_of_docker_have_the_names_that_the_settings_give(tmp_path: Path) -> None:
    runtime = docker_runtime(
        tmp_path,
        FakeContainer("users-east-0-application-400e2ce", "application", "users", "INSTANCE_ID=users-east-0"),
        FakeContainer("users-east-0-pod-sandbox-8a3c312", "sandbox", "users"),
        FakeContainer("mysql-east-server-0123abc", "mysql", "mysql", health={"Status": "starting"}, image="mysql:9"),
    )
    mysql, users = runtime.replicas()
    assert (mysql.name, mysql.image, mysql.running, mysql.healthy) == ("mysql-east", "mysql:9", True, False)
    assert (users.name, users.image, users.healthy) == ("users-east-0", "gostack/dev-users:1", True)


def test_a_shell_on_docker_joins_processes_and_network_and_carries_no_label_of_the_stack(tmp_path: Path) -> None:
    application = FakeContainer("a", "application", "users")
    runtime = docker_runtime(tmp_path, application)
    with pytest.raises(UserError, match="no image with a shell on the engine: run `gostack prepare`"):
        runtime.debug(runtime.replicas()[0], tty=True)
    image = ResolvedImage("golang:1.26", "registry", "golang:1.26", "1.26", DIGEST)
    write_images_lock(tmp_path, {"golang": image})
    program = runtime.debug(runtime.replicas()[0], tty=True)
    assert program.variables == {"DOCKER_HOST": "unix:///engine"}
    assert {"--rm", "--tty", "--pid=container:id-of-a", "--network=container:sandbox"} <= set(program.command)
    assert "golang:1.26" in program.command
    assert not any("label" in word for word in program.command)


class FakeTaskClient:
    """The low-level client of an engine on which a task ends at once."""

    def __init__(self) -> None:
        self.created: dict[str, Any] = {}
        self.removed: list[str] = []

    def create_container(self, image: str, command: list[str], **options: Any) -> dict[str, str]:
        self.created = {"image": image, "command": command, **options}
        return {"Id": "task"}

    def remove_container(self, identity: str, **options: Any) -> None:
        self.removed.append(identity)


def test_a_task_on_docker_is_given_what_its_replica_is_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = FakeContainer("users-east-0-application-4", "application", "users", "INSTANCE_ID=users-east-0", "KEY=1")
    container.attrs["Image"] = DIGEST
    container.attrs["HostConfig"]["RestartPolicy"] = {"Name": "unless-stopped"}
    container.attrs["HostConfig"]["Binds"] = ["shared-volume:/data/uploads:rw", "own-volume:/data/own:rw"]
    runtime = docker_runtime(tmp_path, container)
    client = FakeTaskClient()
    cast("Any", runtime.objects.client).api = client
    labels = {"shared-volume": {"gostack.shared": "region"}, "own-volume": {"gostack.shared": "replica"}}
    cast("Any", runtime.objects).volumes = lambda: [
        SimpleNamespace(name=name, attrs={"Labels": found}) for name, found in labels.items()
    ]
    programs: list[Program] = []
    monkeypatch.setattr("tools.gostack.running.docker.run", lambda program: programs.append(program) or 7)
    (replica,) = runtime.replicas()
    assert runtime.task(replica, "report", ["report", "--day", "1"], tty=False) == 7
    assert (client.created["image"], client.created["command"]) == (DIGEST, ["report", "--day", "1"])
    assert client.created["environment"] == ["INSTANCE_ID=users-east-0", "KEY=1"]
    assert client.created["host_config"] == {
        "NetworkMode": "container:sandbox",
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": True,
        # What the replica has for itself is not for a second program.
        "Binds": ["shared-volume:/data/uploads:rw"],
    }
    assert "labels" not in client.created
    assert client.created["use_config_proxy"] is False
    # The environment holds secrets, which no list of processes may show.
    assert programs[0].command == ["docker", "start", "--attach", "--interactive", "task"]
    assert client.removed == ["task"]


def test_a_task_on_kubernetes_is_no_replica_and_no_deployment_adopts_it(tmp_path: Path) -> None:
    found = pod("users-east-1", "application", "users", "application", track="stable")
    found["metadata"]["labels"]["pod-template-hash"] = "5d9"
    found["spec"] |= {"initContainers": [{"name": "consul-agent"}], "volumes": [{"name": "files"}], "nodeName": "n1"}
    found["spec"]["containers"][0] |= {"readinessProbe": {}, "lifecycle": {}}
    runtime = kubernetes_runtime(tmp_path, found)
    (replica,) = runtime.replicas()
    task = task_pod(found, replica, "report", ["report", "$(HOME)"])
    assert "pod-template-hash" not in task["metadata"]["labels"]
    assert set(task["spec"]) == {"volumes", "containers", "restartPolicy"}
    assert task["spec"]["restartPolicy"] == "Never"
    (container,) = task["spec"]["containers"]
    assert set(container) == {"name", "image", "securityContext", "env", "args"}
    # Kubernetes would replace $(HOME) by a variable.
    assert container["args"] == ["report", "$$(HOME)"]
    task["metadata"] |= {"name": "users-task-report-1", "namespace": "gostack-staging-east"}
    assert kubernetes_runtime(tmp_path / "other", {**found, **task, "status": found["status"]}).replicas() == []


def test_a_task_on_kubernetes_mounts_what_is_shared_where_its_disk_is(tmp_path: Path) -> None:
    found = pod("users-east-1", "application", "users", "application", track="stable")
    claims = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("kept-0", "own-0")]
    found["spec"] |= {"volumes": claims, "nodeName": "n1"}
    found["spec"]["containers"][0]["volumeMounts"] = [
        {"name": "kept-0", "mountPath": "/data/uploads"},
        {"name": "own-0", "mountPath": "/data/own"},
    ]
    (replica,) = kubernetes_runtime(tmp_path, found).replicas()
    task = task_pod(found, replica, "report", ["report"])["spec"]
    assert [volume["name"] for volume in task["volumes"]] == ["kept-0"]
    assert [mount["name"] for mount in task["containers"][0]["volumeMounts"]] == ["kept-0"]
    assert task["nodeName"] == "n1"


def test_an_unknown_task_is_answered_with_what_was_meant() -> None:
    tasks = {"report": Task(args=["report"])}
    assert named_task("users", tasks, "report") is tasks["report"]
    for name, given, told in (
        ("reprot", tasks, 'users has no task "reprot": did you mean "report"?'),
        ("clean", tasks, 'users has no task "clean": use one of report.'),
        ("clean", {}, "users has no tasks: write one into the stack file, at gostack:services.users.tasks.clean.args"),
    ):
        with pytest.raises(UserError) as refused:
            named_task("users", given, name)
        assert str(refused.value).startswith(told)


class FakeApi:
    def __init__(self, pods: list[dict[str, Any]], password: str = "") -> None:
        self.pods = pods
        self.password = password

    def items(self, path: str, **labels: str) -> list[dict[str, Any]]:
        return self.pods

    def get(self, path: str) -> dict[str, Any]:
        if "/secrets/" in path:
            return {"data": {"MYSQL_PASSWORD": base64.b64encode(self.password.encode()).decode()}}
        return next(one for one in self.pods if path.endswith(one["metadata"]["name"]))


def pod(name: str, role: str, service: str, container: str, **labels: str) -> dict[str, Any]:
    marks = {"role": role, "service": service, "region": "east", **labels}
    secret = {"secretKeyRef": {"name": "users-secret", "key": "MYSQL_PASSWORD"}}
    return {
        "metadata": {
            "name": name,
            "namespace": "gostack-staging-east",
            "labels": {f"gostack.{key}": value for key, value in marks.items()},
        },
        "spec": {
            "containers": [
                {
                    "name": container,
                    "image": f"localhost:5001/{service}@{DIGEST}",
                    "securityContext": {"runAsUser": 65532},
                    "env": [{"name": "PORT", "value": "8080"}, {"name": "MYSQL_PASSWORD", "valueFrom": secret}],
                }
            ]
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def kubernetes_runtime(tmp_path: Path, *pods: dict[str, Any]) -> KubernetesRuntime:
    settings = load_stack_file(PROJECT / "Pulumi.staging.yaml", PROJECT)
    (tmp_path / ".gostack").mkdir(parents=True)
    workspace = SimpleNamespace(project=tmp_path, stack="staging", settings=settings)
    return KubernetesRuntime(cast("Any", workspace), cast("Any", FakeApi(list(pods), "hush")))


def test_replicas_of_kubernetes_are_named_by_service_region_and_pod(tmp_path: Path) -> None:
    runtime = kubernetes_runtime(
        tmp_path,
        pod("users-east-5d9-x2x4z", "application", "users", "application", track="stable"),
        pod("users-canary-east-77-abcde", "application", "users", "application", track="canary"),
        pod("mysql-east-primary-0", "mysql", "mysql", "mysql", member="primary"),
        pod("agent", "job", "users", "job"),
    )
    assert [one.name for one in runtime.replicas()] == [
        "mysql-primary-east-0",
        "users-canary-east-abcde",
        "users-east-x2x4z",
    ]


def test_a_password_on_kubernetes_comes_from_the_secret_of_the_pod(tmp_path: Path) -> None:
    runtime = kubernetes_runtime(tmp_path, pod("users-east-1", "application", "users", "application"))
    assert runtime.environment(runtime.replicas()[0]) == {"PORT": "8080", "MYSQL_PASSWORD": "hush"}


def test_a_shell_on_kubernetes_is_as_restricted_as_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = kubernetes_runtime(
        tmp_path,
        pod("users-east-1", "application", "users", "application"),
        pod("ingress-east-1", "nginx", "ingress", "nginx"),
    )
    replica = next(one for one in runtime.replicas() if one.service == "users")
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UserError, match="takes kubectl, which is not on PATH"):
        runtime.debug(replica, tty=True)
    monkeypatch.setattr("shutil.which", lambda name: name)
    command = runtime.debug(replica, tty=True).command
    assert {"--profile=restricted", "--target=application", f"--image=localhost:5001/ingress@{DIGEST}"} <= set(command)
    (custom,) = [word.partition("=")[2] for word in command if word.startswith("--custom=")]
    assert json.loads(Path(custom).read_text()) == {"securityContext": {"runAsUser": 65532}}


def test_a_replica_is_chosen_by_region_and_number() -> None:
    assert chosen([EAST, WEST], "users") == EAST
    assert chosen([replace(EAST, running=False), WEST], "users") == WEST
    assert chosen([EAST, WEST], "users", "west", 0) == WEST
    assert chosen([replace(EAST, role="scheduler", track=""), WEST], "users") == WEST
    with pytest.raises(UserError, match=r"users has no replica 2: use one of 0 \(users-east-0\), 1 \(users-west-0\)"):
        chosen([EAST, WEST], "users", number=2)
    with pytest.raises(UserError, match="no replica of greeter runs in west: see `gostack status`"):
        chosen([EAST, WEST], "greeter", "west")


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    settings = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
    check_names(settings, "ingress", "witness", "stable")
    with pytest.raises(UserError, match='no service "user": use one of consul, ingress, mysql, mysql-proxy, users'):
        check_names(settings, "user", None)
    with pytest.raises(UserError, match='no region "north": use one of east, west, witness'):
        check_names(settings, None, "north")
    with pytest.raises(UserError, match='no track "beta": use one of stable'):
        check_names(settings, None, None, "beta")


def test_images_are_short() -> None:
    assert short_image("localhost:5001/gostack/users:1.2") == "users:1.2"
    assert short_image(f"localhost:5001/gostack/users:1.2@{DIGEST}") == "users@0123456789ab"
    assert short_image(DIGEST) == "0123456789ab"
    assert images_of([EAST, replace(WEST, image="a:2"), replace(EAST, image="a:3", running=False)]) == ", a:2"


def test_the_exit_code_and_the_input_of_a_program_are_passed_on() -> None:
    code = "import os, sys; sys.exit(int(sys.stdin.read()) + int(os.environ['MORE']))"
    assert run(Program([sys.executable, "-c", code], {"MORE": "2"}), b"5") == 7
    with pytest.raises(UserError, match="there is no command `no-such-program` on PATH"):
        run(Program(["no-such-program"]))


def test_reads_go_to_a_member_that_nobody_writes_to_and_writes_to_the_primary() -> None:
    def member(region: str, primary: bool) -> MemberChoice:
        return MemberChoice(RunningReplica("mysql", "", region, f"mysql-{region}", region), primary)

    east, west, witness = member("east", True), member("west", False), member("witness", False)
    members = [east, witness, west]
    assert member_for(members, write=False, region=None) == west
    assert member_for(members, write=False, region="east") == east
    assert member_for(members, write=True, region=None) == east
    with pytest.raises(UserError, match="the primary is in east: leave out --region"):
        member_for(members, write=True, region="west")
    with pytest.raises(UserError, match="MySQL has no primary at this moment"):
        member_for([west], write=True, region=None)
    with pytest.raises(UserError, match="no MySQL member answers in north"):
        member_for(members, write=False, region="north")


def test_the_password_is_no_argument_and_reads_are_read_only() -> None:
    account = Account("users", "users", "hush")
    for write in (False, True):
        arguments = client_arguments(account, write=write)
        assert "hush" not in " ".join(arguments)
        assert (f"--init-command={READ_ONLY}" in arguments) is not write
    assert "hush" not in repr(account)


def test_the_only_database_need_not_be_named() -> None:
    settings = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
    assert service_with_database(settings, None) == "users"
    with pytest.raises(UserError, match='"ingress" is no service of the stack: use one of users'):
        service_with_database(settings, "ingress")


def test_addresses_come_from_the_outputs() -> None:
    assert address(OUTPUTS, "dev") == "https://localhost:8443"
    assert address(OUTPUTS, "dev", None, "west") == "https://localhost:9443"
    assert address(OUTPUTS, "dev", "users", "west") == "https://localhost:9443/api/v1/users"
    assert address(OUTPUTS, "dev", "consul") == "http://127.0.0.1:8500/ui"
    assert address(OUTPUTS, "dev", "dashboards") == "http://127.0.0.1:3000"
    for what, region, told in (
        ("worker", None, "worker has no route"),
        ("user", None, 'no service "user": use one of users, worker, consul, dashboards'),
        (None, "north", 'no region "north": use one of east, west'),
    ):
        with pytest.raises(UserError, match=told):
            address(OUTPUTS, "dev", what, region)
    with pytest.raises(UserError, match="the stack dev is not up: run `make up`"):
        address({}, "dev")
    with pytest.raises(UserError, match="the stack dev has no telemetry: set gostack:telemetry"):
        address({**OUTPUTS, "dashboards": {}}, "dev", "dashboards")


def test_a_service_may_be_called_dashboards() -> None:
    services = {**OUTPUTS["services"], "dashboards": {"url": "https://localhost:8443/boards"}}
    assert address({**OUTPUTS, "services": services}, "dev", "dashboards") == "https://localhost:8443/boards"


def test_an_address_inside_a_cluster_comes_with_the_way_to_it() -> None:
    assert forwarding("http://consul-east.gostack-staging-east.svc:8500/ui") == (
        "kubectl -n gostack-staging-east port-forward pod/consul-east-0 8500"
    )
    assert forwarding("http://telemetry.gostack-staging-east.svc:3000") == (
        "kubectl -n gostack-staging-east port-forward pod/telemetry-0 3000"
    )
    assert forwarded_url("http://consul-east.gostack-staging-east.svc:8500/ui") == "http://127.0.0.1:8500/ui"
    assert forwarding("http://127.0.0.1:8500/ui") == ""
    assert forwarded_url("http://127.0.0.1:8900") == "http://127.0.0.1:8900"


def test_a_stack_on_aws_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["status"], ["logs"], ["exec", "users", "--", "x"], ["sql"]):
        assert main([command[0], "--stack", "prod", *command[1:]]) == 1
        assert "prod is on AWS, in a cluster a region: use kubectl" in capsys.readouterr().err
