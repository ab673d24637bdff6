"""The inner loop swaps a replica's program while nobody is sent to it, and brings the released one back in any case.

Containers are fakes: does not prove that no request is lost, nor how long a swap takes
(tests/integration/test_21_dev.py measures both).
"""

from __future__ import annotations

import socket
import tarfile
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from infra.settings.services import ServiceSettings
from tools.gostack.dev import command
from tools.gostack.dev.command import Loop
from tools.gostack.dev.debugger import Door, way_to_debugger
from tools.gostack.dev.image import image_with
from tools.gostack.dev.replica import DevReplica, probe_of
from tools.gostack.dev.source import Source
from tools.gostack.environment.errors import UserError
from tools.gostack.running.replica import Program

PROJECT = Path(__file__).resolve().parents[2]


class FakeEngine:
    """Containers of one pod, and everything that happened, in order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.found: dict[str, FakeContainer] = {}
        self.given: dict[str, Any] = {}
        """How the last container was created."""
        self.broken: set[str] = set()
        """Images whose program ends at once."""
        self.released = FakeContainer(self, "users-east-0", "released", "running")
        self.agent = FakeContainer(self, "agent", "consul", "running")
        self.api = SimpleNamespace(create_container=self.create)
        self.containers = SimpleNamespace(get=self.found.__getitem__)

    def create(
        self, image: str, words: list[str], *, name: str, labels: dict[str, str], **given: Any
    ) -> dict[str, str]:
        assert (given["environment"], labels) == (["A=b"], {"gostack.stack": "dev"})
        self.given = {"command": words, **given}
        self.found[name] = FakeContainer(self, image, image, "created")
        return {"Id": name}

    def serving(self) -> list[str]:
        return [one.name for one in [self.released, *self.found.values()] if one.status == "running"]


class FakeContainer:
    def __init__(self, engine: FakeEngine, name: str, image: str, status: str) -> None:
        self.engine, self.name, self.image, self.status = engine, name, image, status
        config = {"Env": ["A=b"], "Labels": {"gostack.stack": "dev"}, "WorkingDir": "/app", "StopTimeout": 30}
        config |= {"Entrypoint": ["/service"], "Cmd": ["serve"]}
        self.labels = {"gostack.role": "application"}
        self.attrs = {"Config": config, "HostConfig": {"RO": True}, "Image": image}

    def start(self) -> None:
        assert self.engine.serving() == [], "two programs on one port"
        self.engine.happened.append(f"start {self.name}")
        self.status = "exited" if self.image in self.engine.broken else "running"

    def stop(self, *, timeout: int) -> None:
        assert timeout == 30
        if self.status == "running":
            self.engine.happened.append(f"stop {self.name}")
            self.status = "exited"

    def remove(self, **_: bool) -> None:
        self.status = "removed"

    def reload(self) -> None:
        pass

    def logs(self, **_: int) -> bytes:
        return b"panic: no"

    def exec_run(self, words: list[str]) -> tuple[int, bytes]:
        if words[:2] == ["consul", "maint"]:
            self.engine.happened.append("leave" if words[2] == "-enable" else "enter")
            return 0, b""
        return (0 if self.engine.serving() else 1), b""


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def replica(engine: FakeEngine) -> DevReplica:
    fake: Any = engine
    return DevReplica(fake, fake.released, fake.agent, probe=["wget"], patience=1.0, drain=0.0)


def test_nobody_is_sent_to_a_replica_while_its_program_is_another_one(engine: FakeEngine, replica: DevReplica) -> None:
    assert replica.run("one") == ""
    assert engine.happened == ["leave", "stop users-east-0", "start one", "enter"]


def test_a_replica_has_the_settings_of_the_released_one(engine: FakeEngine, replica: DevReplica) -> None:
    replica.run("one")
    assert engine.given["host_config"] == {"RO": True}
    assert (engine.given["entrypoint"], engine.given["command"]) == (["/service"], ["serve"])


def test_under_the_debugger_it_is_started_by_it_without_a_limit_and_without_waiting(engine: FakeEngine) -> None:
    fake: Any = engine
    debugged = DevReplica(fake, fake.released, fake.agent, probe=["wget"], patience=1.0, drain=0.0, debugged=True)
    assert debugged.run("one") == ""
    host: dict[str, Any] = engine.given["host_config"]
    assert host == {"RO": True, "Memory": 0, "MemorySwap": 0, "NanoCpus": 0}
    entrypoint: list[str] = engine.given["entrypoint"]
    assert (entrypoint[:2], entrypoint[-3:], engine.given["command"]) == (
        ["/app/dlv", "exec"],
        ["/service", "--", "serve"],
        [],
    )
    # Only the replica's own network reaches it, and its program does not wait for somebody who looks.
    assert {"--headless", "--continue", "--listen=127.0.0.1:2345"} <= set(entrypoint)
    debugged.restore()
    assert engine.serving() == ["users-east-0"]


def test_each_connection_to_the_door_of_the_debugger_has_a_way_of_its_own_until_it_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with Door(Program(["cat"]), port):
        with pytest.raises(UserError, match=f"port {port} of this machine cannot be opened.*--debug-port"):
            Door(Program(["cat"]), port)
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(2)]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
            assert client.recv(1) == b"%d" % number
    assert [client.recv(1) for client in clients] == [b"", b""]
    for client in clients:
        client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_each_save_takes_the_place_of_the_one_before(engine: FakeEngine, replica: DevReplica) -> None:
    replica.run("one")
    replica.run("two")
    assert engine.serving() == ["two"]
    assert [one.status for one in engine.found.values()] == ["removed", "running"]


def test_a_program_that_ends_at_once_leaves_the_one_before(engine: FakeEngine, replica: DevReplica) -> None:
    replica.run("one")
    engine.broken.add("two")
    assert replica.run("two").splitlines() == ["users-east-0 does not get ready:", "panic: no"]
    assert engine.serving() == ["one"]
    assert engine.happened[-1] == "enter"


def test_leaving_brings_the_released_container_back(engine: FakeEngine, replica: DevReplica) -> None:
    replica.run("one")
    replica.restore()
    assert engine.serving() == ["users-east-0"]
    assert [one.status for one in engine.found.values()] == ["removed"]
    assert engine.happened[-4:] == ["leave", "stop one", "start users-east-0", "enter"]


@pytest.mark.parametrize("moment", ["start", "stop"])
def test_an_interruption_in_the_middle_brings_it_back_too(
    engine: FakeEngine, replica: DevReplica, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as patched:
        original = getattr(FakeContainer, moment)

        def interrupted(container: FakeContainer, **given: Any) -> None:
            original(container, **given)
            raise KeyboardInterrupt

        patched.setattr(FakeContainer, moment, interrupted)
        with pytest.raises(KeyboardInterrupt):
            replica.run("one")
    replica.restore()
    assert engine.serving() == ["users-east-0"]
    assert engine.happened[-1] == "enter"
    assert [one.status for one in engine.found.values()] == ["removed"]


def test_an_agent_that_refuses_stops_nothing(
    engine: FakeEngine, replica: DevReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.agent, "exec_run", lambda _: (2, b"no agent"))
    with pytest.raises(UserError, match=r"agent of users-east-0 refuses \(no agent\)"):
        replica.run("one")
    assert engine.serving() == ["users-east-0"]


def test_an_agent_that_refuses_keeps_no_replica_from_what_was_released(
    engine: FakeEngine, replica: DevReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica.run("one")
    answers = {"-enable": (2, b"no agent"), "-disable": (0, b"")}
    probe = engine.agent.exec_run
    monkeypatch.setattr(
        engine.agent, "exec_run", lambda words: answers[words[2]] if words[0] == "consul" else probe(words)
    )
    with pytest.raises(UserError, match=r"agent of users-east-0 refuses \(no agent\)"):
        replica.restore()
    assert engine.serving() == ["users-east-0"]


class FakeReplica:
    """A replica that counts, and some whose restoration fails."""

    def __init__(self, name: str, error: BaseException | None = None) -> None:
        self.name, self.error, self.restored = name, error, 0

    def leave(self) -> None:
        pass

    def run(self, _: str) -> str:
        return ""

    def restore(self) -> None:
        self.restored += 1
        if self.error is not None:
            raise self.error


class FakeImages:
    """Images of an engine, of which some are used."""

    def __init__(self) -> None:
        self.made = 0
        self.there: set[str] = set()
        self.used: set[str] = set()

    def image(self, *_: Any) -> str:
        self.made += 1
        self.there.add(f"image-{self.made}")
        return f"image-{self.made}"

    def get(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(attrs={"Architecture": "arm64"})

    def remove(self, image: str) -> None:
        if image in self.used:
            raise APIError("conflict: it is used")
        assert image in self.there, "it is gone already"
        self.there.remove(image)


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> FakeImages:
    found = FakeImages()
    monkeypatch.setattr(command, "compiled", lambda *_: "")
    monkeypatch.setattr(command, "image_with", found.image)
    return found


def loop(engine: FakeEngine, images: FakeImages, *found: FakeReplica) -> Loop:
    objects: Any = SimpleNamespace(client=SimpleNamespace(images=images))
    nothing: Any = None
    given: Any = found
    return Loop(objects, objects_released(engine), given, nothing, Path("service"))


@pytest.mark.parametrize("error", [UserError("the agent refuses"), APIError("no such container"), KeyboardInterrupt()])
def test_leaving_restores_every_replica_whatever_one_says(
    engine: FakeEngine, images: FakeImages, error: BaseException
) -> None:
    found = [FakeReplica("a"), FakeReplica("b", error), FakeReplica("c")]
    left = loop(engine, images, *found)
    left.swap()
    with pytest.raises(type(error) if isinstance(error, KeyboardInterrupt) else UserError) as told:
        left.leave()
    assert [one.restored for one in found] == [1, 1, 1]
    assert images.there == set()
    if not isinstance(error, KeyboardInterrupt):
        assert str(error) in str(told.value)


def test_images_of_earlier_saves_are_removed_once(engine: FakeEngine, images: FakeImages) -> None:
    going = loop(engine, images, FakeReplica("a"))
    images.used = {"image-1"}
    for _ in range(4):
        going.swap()
    assert images.there == {"image-1", "image-4"}
    images.used.clear()
    going.leave()
    assert images.there == set()


def test_a_replica_is_asked_as_its_check_does() -> None:
    built = {"context": "services/greeter"}
    asked = ServiceSettings.model_validate({**built, "check": {"path": "/ready?full=1"}})
    assert probe_of(asked)[-1] == "http://127.0.0.1:8080/ready?full=1"
    asked = ServiceSettings.model_validate({**built, "check": {"protocol": "grpc"}, "port": 9000})
    assert probe_of(asked) == ["nc", "-z", "-w", "2", "127.0.0.1", "9000"]
    another = {"check": {"path": "/ready", "port": "admin"}, "ports": {"admin": {"port": 6060}}}
    asked = ServiceSettings.model_validate({**built, **another})
    assert probe_of(asked)[-1] == "http://127.0.0.1:6060/ready"


def test_a_debugger_that_would_not_run_in_the_replica_is_refused_before_anything_is_touched(
    engine: FakeEngine, images: FakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects: Any = SimpleNamespace(client=SimpleNamespace(images=images))
    source = Source(PROJECT, PROJECT, ".", ())
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(
        UserError, match=r"this machine \(Linux, amd64\), and the replica is of Linux, arm64: leave out"
    ):
        Loop(objects, objects_released(engine), [], source, Path("service"), Path("dlv"))
    assert engine.happened == []
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    Loop(objects, objects_released(engine), [], source, Path("service"), Path("dlv"))


def test_without_the_docker_command_there_is_no_way_to_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UserError, match="there is no docker command"):
        way_to_debugger("agent", "unix:///var/run/docker.sock")


def test_what_does_not_compile_touches_no_replica(
    engine: FakeEngine, replica: DevReplica, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "compiled", lambda *_: "main.go:3: syntax error")
    images = SimpleNamespace(get=lambda _: SimpleNamespace(attrs={"Architecture": "arm64"}))
    objects: Any = SimpleNamespace(client=SimpleNamespace(images=images))
    source: Any = None
    Loop(objects, objects_released(engine), [replica], source, Path("service")).swap()
    assert "syntax error" in capsys.readouterr().err
    assert engine.happened == ["leave", "enter"]


def objects_released(engine: FakeEngine) -> Any:
    return engine.released


def test_an_image_has_the_program_in_its_place_and_nothing_is_left(tmp_path: Path, engine: FakeEngine) -> None:
    (tmp_path / "built").write_bytes(b"program")
    (tmp_path / "dlv").write_bytes(b"debugger")
    calls: list[Any] = []
    api = SimpleNamespace(
        create_container=lambda image: calls.append(image) or {"Id": "made"},
        put_archive=lambda *given: calls.append(given),
        commit=lambda made: {"Id": "sha256:new"},
        remove_container=lambda made, **_: calls.append(f"remove {made}"),
    )
    client: Any = SimpleNamespace(api=api)
    programs = {"service": tmp_path / "built", "dlv": tmp_path / "dlv"}
    assert image_with(client, objects_released(engine), programs) == "sha256:new"
    (image, (made, folder, archive), removed) = calls
    assert (image, made, folder, removed) == ("released", "made", "/app", "remove made")
    with tarfile.open(fileobj=BytesIO(archive)) as opened:
        entries = [(entry.name, entry.mode, entry.size) for entry in opened.getmembers()]
    assert entries == [("service", 0o755, 7), ("dlv", 0o755, 8)]


def test_the_source_is_watched_before_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def saved(_: Any) -> list[None]:
        steps.append("watched")
        return []

    going = SimpleNamespace(swap=lambda: steps.append("compiled"), leave=lambda: steps.append("left"))
    monkeypatch.setattr(command, "check_names", lambda *_: None)
    monkeypatch.setattr(command, "wanted", lambda *_: SimpleNamespace(context="api"))
    monkeypatch.setattr(command, "in_turn", lambda _: nullcontext())
    monkeypatch.setattr(command.StackObjects, "of", lambda *_: None)
    monkeypatch.setattr(command, "_found", lambda *_, **__: (None, []))
    monkeypatch.setattr(command, "Loop", lambda *_: going)
    monkeypatch.setattr(command, "saves", saved)
    workspace: Any = SimpleNamespace(settings=None, stack="dev", variables={})
    assert command.dev(workspace, "users", "east") == 0
    assert steps == ["watched", "compiled", "left"]
