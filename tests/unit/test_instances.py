"""`up` compares what Consul knows with what the settings ask for, mends what it can, and says why the rest is missing.

Consul and the engine are stand-ins that answer as the real ones do: that a restarted agent registers again, and
how soon, is tried by the drills on real ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.settings import Settings, parse_settings
from tests.support.settings import published
from tools.gostack.lifecycle import instances, truth
from tools.gostack.lifecycle.instances import Instance, Place, compared, wanted_replicas
from tools.gostack.lifecycle.listeners import unreachable
from tools.gostack.lifecycle.objects import StackObjects

PUBLISHED = Path(__file__).resolve().parents[2] / "Pulumi.dev.yaml"
URLS = {"east": "http://consul.east", "west": "http://consul.west"}
EAST = Place("users", "stable", "east")
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LOOPBACK = HEADER + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\n"
EVERYWHERE = HEADER + "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0 0\n"
# Beside the program: the agent, and the engine's resolver at 127.0.0.11.
ELSEWHERE = LOOPBACK.replace("1F90", "2134") + "   1: 00000000:0BB8 0:0 0A\n   2: 0B00007F:8E2D 0:0 0A\n"
CONNECTED = HEADER + "   0: 0250500A:1F90 0150500A:A0B0 01 0 0\n"


def settings(**users: Any) -> Settings:
    values = published()
    values["services"] = {"users": {"context": "services/users", "startup_timeout_seconds": 5, **users}}
    return parse_settings(values)


class FakeContainer:
    def __init__(self, identity: str, role: str, network: str = "bridge", **more: Any) -> None:
        self.id = identity
        self.name = f"{identity}-{role}"
        self.status = more.get("status", "running")
        self.labels = {
            "gostack.role": role,
            "gostack.service": "users",
            "gostack.track": "stable",
            "gostack.region": "east",
        }
        self.attrs: dict[str, Any] = {
            "State": {"Status": self.status, "ExitCode": more.get("exit_code", 0), "StartedAt": "2026-01-01T00:00:10Z"},
            "HostConfig": {"NetworkMode": network},
        }
        self.services = more.get("services", ["users"])
        self.sockets = more.get("sockets", EVERYWHERE)
        self.restarts = 0

    def exec_run(self, command: list[str]) -> tuple[int, bytes]:
        if command[0] == "cat":
            return 0, self.sockets.encode()
        return 0, json.dumps({name: {"Service": name} for name in self.services}).encode()

    def restart(self, timeout: int) -> None:
        self.restarts += 1

    def logs(self, tail: int) -> bytes:
        return b"cannot load the configuration\n"

    def reload(self) -> None:
        """It is as it was."""


def pod(number: int, **more: Any) -> list[FakeContainer]:
    identity = f"{number:012d}"
    join = f"container:{identity}rest"
    return [
        FakeContainer(f"{identity}rest", "sandbox"),
        FakeContainer(f"users-east-{number}", "application", join, **more.get("application", {})),
        FakeContainer(f"users-east-{number}-registration", "agent", join, **more.get("agent", {})),
    ]


def entry(number: int, status: str = "passing", output: str = "", track: str = "stable") -> dict[str, Any]:
    return {
        "Node": {"Node": f"users-east-{number}-{number:012d}", "Address": "10.80.1.130"},
        "Service": {"Tags": [track], "Address": ""},
        "Checks": [
            {"Status": "passing", "ServiceID": "", "Output": "Agent alive and reachable"},
            {"Status": status, "ServiceID": "users", "Output": output},
        ],
    }


class Consul:
    """Answers of a region's Consul, one after the other; the last one stays."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.members: list[dict[str, Any]] = []
        self.forgotten: list[str] = []
        self.status = 200

    def request(self, method: str, url: str) -> Any:
        if method == "PUT":
            self.forgotten.append(url.rpartition("/")[2])
            return SimpleNamespace(status=200)
        if url.endswith("/members"):
            return SimpleNamespace(status=200, json=lambda: self.members)
        if "west" in url:
            found = [entry(7), entry(8)]
        else:
            found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return SimpleNamespace(status=self.status, json=lambda: found, data=b"No cluster leader")

    def __enter__(self) -> Consul:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes only while somebody sleeps."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(truth.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(truth.time, "sleep", sleep)
    monkeypatch.setattr(truth, "revive", lambda _: [])
    return now


def looked(
    monkeypatch: pytest.MonkeyPatch, consul: Consul, held: list[FakeContainer], **users: Any
) -> tuple[list[str], list[str]]:
    """What is missing after waiting, and what was mended."""
    monkeypatch.setattr(instances.urllib3, "PoolManager", lambda **_: consul)
    mended: list[str] = []
    objects = cast("StackObjects", SimpleNamespace(containers=lambda: held))
    return truth.wait_until_whole(settings(**users), objects, URLS, mended.append), mended


def test_canaries_and_every_region_are_asked_for() -> None:
    wanted = wanted_replicas(settings(canary={"replicas": 3}))
    assert wanted == {
        Place("users", "stable", "east"): 2,
        Place("users", "canary", "east"): 3,
        Place("users", "stable", "west"): 2,
        Place("users", "canary", "west"): 3,
    }


def test_a_canary_does_not_count_as_a_stable_replica() -> None:
    canary = Instance(Place("users", "canary", "east"), "users-east-canary-0-x", "10.0.0.1", True, "")
    (standing,) = compared({EAST: 1}, [canary])
    assert (standing.lacks, standing.passing) == (True, 0)


def test_a_replica_whose_name_was_too_long_for_its_agent_is_called_by_its_pod() -> None:
    nodes = ("0123456789ab", "users-east-0-0123456789ab")
    long, usual = (Instance(EAST, node, "10.0.0.1", True, "") for node in nodes)
    assert (long.replica, long.pod) == ("0123456789ab", "0123456789ab")
    assert (usual.replica, usual.pod) == ("users-east-0", "0123456789ab")


@pytest.mark.usefixtures("clock")
def test_a_stack_that_is_whole_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1)]
    assert looked(monkeypatch, Consul([entry(0), entry(1)]), held) == ([], [])
    assert [container.restarts for container in held] == [0] * 6


@pytest.mark.usefixtures("clock")
def test_an_agent_that_lost_its_service_is_restarted_and_registers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1, agent={"services": []})]
    missing, mended = looked(monkeypatch, Consul([entry(0)], [entry(0)], [entry(0), entry(1)]), held)
    assert missing == []
    assert mended == ["users-east-1-registration-agent had lost the registration of users: restarted"]


@pytest.mark.usefixtures("clock")
def test_an_agent_whose_service_the_servers_lost_is_restarted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1)]
    missing, mended = looked(monkeypatch, Consul([entry(0)]), held)
    assert [container.restarts for container in held] == [0, 0, 0, 0, 0, 1]
    assert len(mended) == 1
    assert missing[0].startswith("users (stable) in east: 1 of 2 replicas pass their check.")
    assert "users-east-1-application: Consul does not know it." in missing[0]


def test_a_replica_gets_the_time_to_start_that_it_asked_for(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    held = [*pod(0), *pod(1)]
    slow = [entry(0), entry(1, "critical", "connection refused")]
    assert looked(monkeypatch, Consul(*[slow] * 170, [entry(0), entry(1)]), held, startup_timeout_seconds=180) == (
        [],
        [],
    )
    assert 160 < clock[0] < 180


@pytest.mark.usefixtures("clock")
def test_what_is_missing_is_told_with_its_place_its_number_its_reason_and_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [*pod(0), *pod(1)]
    output = "HTTP GET http://10.80.1.130:8080/ready: 503 Service Unavailable Output: "
    missing, mended = looked(monkeypatch, Consul([entry(0), entry(1, "critical", output)]), held)
    assert mended == []
    assert missing == [
        "users (stable) in east: 1 of 2 replicas pass their check.\n"
        "  users-east-1-application: HTTP GET http://10.80.1.130:8080/ready: 503 Service Unavailable Output:.\n"
        "    its last words:\n"
        "    cannot load the configuration"
    ]


@pytest.mark.usefixtures("clock")
def test_a_program_without_the_path_of_its_check_is_told_which_key_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1)]
    output = "HTTP GET http://10.80.1.130:8080/health/ready: 404 Not Found Output: 404 page not found"
    (missing,), _ = looked(monkeypatch, Consul([entry(0), entry(1, "critical", output)]), held)
    assert missing.splitlines()[-1] == (
        "    -> its check wants 2xx and gets 404: write check: {path: …}, a path that it answers to everybody, or "
        "check: {protocol: tcp}"
    )


@pytest.mark.usefixtures("clock")
def test_a_program_that_ended_is_told_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1, application={"status": "restarting", "exit_code": 7})]
    (missing,), _ = looked(monkeypatch, Consul([entry(0), entry(1, "critical", "refused")]), held)
    assert "users-east-1-application: its program has ended with exit code 7." in missing


@pytest.mark.usefixtures("clock")
def test_a_program_that_listens_on_127_0_0_1_is_told_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1, agent={"sockets": LOOPBACK})]
    (missing,), _ = looked(monkeypatch, Consul([entry(0), entry(1, "critical", "connection refused")]), held)
    assert (
        "users-east-1-application: the program answers on 127.0.0.1 but not on the address that clients use: "
        'let it listen on ":" + PORT, which is every address (its check says: connection refused).'
    ) in missing


@pytest.mark.usefixtures("clock")
def test_a_port_on_which_nothing_listens_is_told_though_others_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [*pod(0), *pod(1)]
    (missing,), _ = looked(
        monkeypatch,
        Consul([entry(0), entry(1, "critical", "connection refused")]),
        held,
        ports={"grpc": {"port": 9090, "protocol": "grpc"}, "admin": {"port": 6060}},
    )
    assert (
        "users-east-1-application: nothing listens on port 9090 yet (its check says: connection refused)."
    ) in missing


@pytest.mark.usefixtures("clock")
def test_a_region_whose_consul_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    consul = Consul([])
    consul.status = 500
    missing, _ = looked(monkeypatch, consul, [])
    assert missing[0].startswith("Consul of east answers 500 at http://consul.east/v1/health/service/users: No cluster")


def test_new_replicas_that_fail_are_told_while_enough_old_ones_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    consul = Consul([entry(0), entry(1), entry(2, "critical", "connection refused")])
    monkeypatch.setattr(instances.urllib3, "PoolManager", lambda **_: consul)
    held = [*pod(0), *pod(1), *pod(2, agent={"sockets": LOOPBACK})]
    objects = cast("StackObjects", SimpleNamespace(containers=lambda: held))
    (told,) = truth.what_fails(settings(), objects, URLS)
    assert told.startswith("users (stable) in east: 2 of 2 replicas pass their check, and others beside them do not.")
    assert "users-east-2-application: the program answers on 127.0.0.1" in told


def test_an_update_that_failed_before_the_first_replica_is_not_told_that_they_are_missing() -> None:
    objects = cast("StackObjects", SimpleNamespace(containers=list))
    assert truth.what_fails(settings(), objects, URLS) == []


def test_what_died_without_a_word_is_forgotten_once_its_pod_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    consul = Consul([])
    consul.members = [
        {"Name": "users-east-0-000000000000", "Status": 4, "Tags": {"role": "node"}},
        {"Name": "users-east-9-999999999999", "Status": 4, "Tags": {"role": "node"}},
        {"Name": "users-east-8-888888888888", "Status": 1, "Tags": {"role": "node"}},
        {"Name": "consul-east-0", "Status": 4, "Tags": {"role": "consul"}},
    ]
    monkeypatch.setattr(instances.urllib3, "PoolManager", lambda **_: consul)
    objects = cast("StackObjects", SimpleNamespace(containers=lambda: pod(0)))
    (told,) = truth.forget_what_is_gone(objects, {"east": URLS["east"]})
    assert told == "users-east-9-999999999999 was killed and is gone: forgotten by Consul of east"
    assert consul.forgotten == ["users-east-9-999999999999?prune"]


@pytest.mark.parametrize(
    ("sockets", "told"),
    [
        (EVERYWHERE, ""),
        (LOOPBACK, "the program answers on 127.0.0.1"),
        (ELSEWHERE, "nothing listens on port 8080, but something does on 3000: let the program listen on PORT"),
        (CONNECTED, "nothing listens on port 8080 yet"),
        (LOOPBACK + EVERYWHERE, ""),
    ],
)
def test_where_a_program_listens_says_why_nobody_reaches_it(sockets: str, told: str) -> None:
    assert unreachable(sockets, 8080, [8500]).startswith(told)
    assert bool(unreachable(sockets, 8080, [8500])) == bool(told)
