"""The preflight's judgement, from given measurements: what passes, what warns, what fails and with which remedy.

Does not prove that the measurements are right: the engine, the ports and the clock are fakes here.
"""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tools.gostack.doctor import certificates, engine, machine, ports, report, stack_settings, toolchain
from tools.gostack.doctor.command import examine
from tools.gostack.doctor.finding import Finding
from tools.gostack.doctor.ports import PublishedPorts
from tools.gostack.environment.docker_engine import DEFAULT_SOCKET, Engine, api_version, find_endpoint, how_to_install
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.toolchain import Toolchain

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENGINE = Engine(DEFAULT_SOCKET, "20.10.24", (1, 41), "overlay2", Path("/var/lib/docker"), NOW)
PORTS = {"regions.east.https_port": ("127.0.0.1", 8443), "regions.east.http_port": ("127.0.0.1", 8080)}
NOBODY = PublishedPorts(frozenset(), {})


@pytest.mark.parametrize(("wanted", "levels"), [("/var/lib/docker", []), (None, []), ("/srv/docker", ["fail"])])
def test_the_telemetry_looks_for_logs_where_the_engine_keeps_them(wanted: str | None, levels: list[str]) -> None:
    findings = list(engine.check_folder(ENGINE, wanted))
    assert [finding.level for finding in findings] == levels
    assert all("gostack:telemetry.docker_root to /var/lib/docker" in finding.remedy for finding in findings)


def test_free_ports_pass() -> None:
    assert list(ports.check_ports(PORTS, NOBODY, lambda *_: True)) == [
        Finding("ports", "ok", "8443, 8080 free or held by this stack")
    ]


def test_ports_of_the_running_stack_pass() -> None:
    published = PublishedPorts(frozenset({8443, 8080}), {})
    assert [finding.level for finding in ports.check_ports(PORTS, published, lambda *_: False)] == ["ok"]


def test_a_port_of_another_container_names_the_container() -> None:
    published = PublishedPorts(frozenset(), {8443: "web"})
    findings = list(ports.check_ports(PORTS, published, lambda _, port: port != 8443))
    assert findings == [
        Finding("ports", "fail", "8443 (regions.east.https_port) is taken by the container web", "docker stop web")
    ]


def test_ports_of_another_stack_are_one_finding_with_its_way_down() -> None:
    published = PublishedPorts(frozenset(), {}, {8443: "lab", 8080: "lab"})
    assert list(ports.check_ports(PORTS, published, lambda *_: False)) == [
        Finding(
            "ports",
            "fail",
            "8443, 8080 held by the stack lab",
            "STACK=lab make down, or give this stack other ports",
        )
    ]


def test_a_port_of_another_program_says_how_to_find_it_and_which_key_to_change() -> None:
    (finding,) = ports.check_ports(PORTS, NOBODY, lambda _, port: port != 8080)
    assert finding.level == "fail"
    assert "sport = :8080" in finding.remedy
    assert "gostack:regions.east.http_port" in finding.remedy


def test_two_purposes_of_one_port_are_refused() -> None:
    wanted = {"a": ("127.0.0.1", 8443), "b": ("127.0.0.1", 8443)}
    (finding,) = ports.check_ports(wanted, NOBODY, lambda *_: True)
    assert (finding.level, finding.message) == ("fail", "8443 is wanted by a and by b")


def test_a_bound_port_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not ports.port_is_free("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("left", "level"),
    [(timedelta(days=60), "ok"), (timedelta(days=7), "warn"), (timedelta(0), "fail"), (timedelta(days=-1), "fail")],
)
def test_certificate_expiry(left: timedelta, level: str) -> None:
    findings = list(certificates.check_certificates(PORTS, frozenset({8443}), lambda *_: NOW + left, NOW))
    assert [finding.level for finding in findings] == [level]


def test_certificates_of_a_stack_that_does_not_run_are_not_asked_for() -> None:
    assert list(certificates.check_certificates(PORTS, frozenset(), lambda *_: NOW, NOW)) == []


@pytest.mark.parametrize(("gibibytes", "level"), [(10, "ok"), (9.9, "warn")])
def test_disk(gibibytes: float, level: str) -> None:
    (finding,) = machine.check_disk(ENGINE, lambda _: int(gibibytes * 1024**3))
    assert finding.level == level


@pytest.mark.parametrize(
    ("gibibytes", "running", "level"), [(4, False, "ok"), (3, False, "warn"), (1, False, "fail"), (1, True, "ok")]
)
def test_memory(gibibytes: float, running: bool, level: str) -> None:
    (finding,) = machine.check_memory(int(gibibytes * 1024**3), stack_runs=running)
    assert finding.level == level


def test_memory_is_read_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8 kB\nMemAvailable:   4 kB\n")
    assert machine.available_memory(tmp_path / "meminfo") == 4096
    assert machine.available_memory(tmp_path / "missing") is None


@pytest.mark.parametrize(("seconds", "level"), [(4, "ok"), (-4, "ok"), (6, "fail"), (-3600, "fail")])
def test_clock(seconds: int, level: str) -> None:
    (finding,) = engine.check_clock(ENGINE, lambda: NOW + timedelta(seconds=seconds))
    assert finding.level == level


def test_an_engine_that_can_be_started_is_only_a_warning() -> None:
    assert [f.level for f in engine.check_engine(None, DEFAULT_SOCKET, startable=True)] == ["warn"]
    assert [f.level for f in engine.check_engine(None, DEFAULT_SOCKET, startable=False)] == ["fail"]
    assert [f.remedy for f in engine.check_engine(None, "tcp://far:2376", startable=False)] == [
        "start it, or: unset DOCKER_HOST"
    ]


def test_an_old_engine_fails() -> None:
    old = Engine(DEFAULT_SOCKET, "19.03", (1, 40), "overlay2", Path("/"), None)
    assert [finding.level for finding in engine.check_engine(old, DEFAULT_SOCKET, startable=True)] == ["fail"]


def test_no_toolchain_and_no_go_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing() -> tuple[str, str]:
        raise BootstrapError("Go is not installed")

    monkeypatch.setattr(toolchain, "find_go", missing)
    assert [finding.level for finding in toolchain.check_toolchain(tmp_path, lambda _: None)] == ["fail"]


def test_a_toolchain_says_where_it_comes_from(tmp_path: Path) -> None:
    found = Toolchain("official", "3.260.0", tmp_path)
    findings = list(toolchain.check_toolchain(tmp_path, lambda _: found))
    assert findings[0] == Finding("pulumi", "ok", "3.260.0 (official, from PATH)")


def test_a_stack_without_a_file_names_those_that_have_one(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").touch()
    settings, finding = stack_settings.load_settings(tmp_path, "nonsense")
    assert settings is None
    assert (finding.level, finding.remedy) == ("fail", "choose a stack that exists: dev")


def test_every_failure_and_warning_carries_its_remedy_below() -> None:
    text = report.render_text([Finding("disk", "ok", "fine"), Finding("ports", "fail", "taken", "docker stop x")])
    assert text == "ok    disk   fine\nFAIL  ports  taken\n             -> docker stop x\n"


def test_the_json_is_a_list_of_objects() -> None:
    assert json.loads(report.render_json([Finding("disk", "warn", "small", "prune")])) == [
        {"name": "disk", "level": "warn", "message": "small", "remedy": "prune"}
    ]
    assert not report.failed([Finding("disk", "warn", "small")])
    assert report.failed([Finding("disk", "fail", "full")])


def test_the_engine_is_looked_for_where_the_docker_command_would(tmp_path: Path) -> None:
    assert find_endpoint({}, tmp_path) == DEFAULT_SOCKET
    assert find_endpoint({"DOCKER_HOST": "tcp://far:2376"}, tmp_path) == "tcp://far:2376"
    folder = tmp_path / ".docker"
    # The docker command names a context's folder by the SHA-256 of the context's name.
    meta = folder / "contexts" / "meta" / "f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16"
    meta.mkdir(parents=True)
    (folder / "config.json").write_text('{"currentContext": "colima"}')
    (meta / "meta.json").write_text('{"Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}')
    assert find_endpoint({}, tmp_path) == "unix:///colima.sock"
    assert find_endpoint({"DOCKER_CONTEXT": "default"}, tmp_path) == DEFAULT_SOCKET


def test_the_sentence_fits_the_machine() -> None:
    assert "Docker Desktop" in how_to_install("Darwin", is_debian=False, is_root=False)
    assert "sudo apt-get" in how_to_install("Linux", is_debian=True, is_root=False)
    assert api_version("1.41") == (1, 41)
    assert api_version("nonsense") == (0, 0)


def test_a_stack_that_makes_its_clusters_itself_is_examined_without_one() -> None:
    findings = examine(PROJECT_ROOT, "prod")
    assert "settings" in {finding.name for finding in findings if finding.level == "ok"}
    assert not {"cluster", "storage"} & {finding.name for finding in findings}
