"""Certificates, processes, ownership, preflight and leftovers of the local cluster, with folders instead of a host.

Not that a cluster starts: tests/integration_cluster does that.
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.processor_share import prefer
from tools.gostack.environment.progress import Progress
from tools.offline.cluster import cgroups, files, leftovers, lifecycle, ownership, preflight
from tools.offline.cluster.certificates import ensure_certificates, wanted
from tools.offline.cluster.components import Component
from tools.offline.cluster.layout import Folders
from tools.offline.cluster.processes import Processes, reap

NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "project", tmp_path / "run")


def test_every_certificate_is_signed_by_its_authority_and_no_key_is_readable_by_others(tmp_path: Path) -> None:
    assert ensure_certificates(tmp_path)
    for certificate in wanted():
        issuer = x509.load_pem_x509_certificate((tmp_path / f"{certificate.authority}.crt").read_bytes())
        found = x509.load_pem_x509_certificate((tmp_path / f"{certificate.name}.crt").read_bytes())
        found.verify_directly_issued_by(issuer)
    for key in tmp_path.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_certificates_stay_until_they_are_about_to_end(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    before = (tmp_path / "admin.crt").read_bytes()
    assert not ensure_certificates(tmp_path, NOW + datetime.timedelta(days=300))
    assert (tmp_path / "admin.crt").read_bytes() == before
    assert ensure_certificates(tmp_path, NOW + datetime.timedelta(days=320))
    assert (tmp_path / "admin.crt").read_bytes() != before


def test_a_new_authority_renews_what_the_old_one_signed(tmp_path: Path) -> None:
    ensure_certificates(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("etcd.crt", "admin.crt")}
    (tmp_path / "etcd-ca.crt").unlink()
    assert ensure_certificates(tmp_path)
    assert (tmp_path / "etcd.crt").read_bytes() != before["etcd.crt"]
    assert (tmp_path / "admin.crt").read_bytes() == before["admin.crt"]


def test_a_component_that_runs_is_not_started_again(folders: Folders) -> None:
    processes = Processes(folders)
    component = Component("sleeper", ("sleep", "60"))
    try:
        assert processes.ensure(component)
        first = processes.find("sleeper")
        assert not processes.ensure(component)
        assert processes.find("sleeper") == first
    finally:
        processes.stop(processes.known())


def test_a_killed_component_is_started_again_and_a_changed_one_is_replaced(folders: Folders) -> None:
    processes = Processes(folders)
    try:
        processes.ensure(Component("sleeper", ("sleep", "60")))
        (first,) = processes.known()
        os.kill(first.number, signal.SIGKILL)
        wait_until(lambda: not first.alive())
        assert processes.find("sleeper") is None
        assert processes.ensure(Component("sleeper", ("sleep", "60")))
        assert processes.ensure(Component("sleeper", ("sleep", "61")))
        (second,) = processes.known()
        assert Path(f"/proc/{second.number}/cmdline").read_bytes() == b"sleep\x0061\0"
    finally:
        processes.stop(processes.known())


def test_another_program_under_a_recorded_number_is_not_ended(folders: Folders) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        records = folders.run / "processes"
        records.mkdir(parents=True)
        record = {"name": "etcd", "number": other.pid, "born": 1, "fingerprint": ""}
        (records / "etcd.json").write_text(json.dumps(record))
        processes = Processes(folders)
        assert processes.find("etcd") is None
        processes.stop(processes.known(), seconds=0.1)
        assert other.poll() is None
        assert processes.known() == []
    finally:
        other.kill()
        other.wait()


def test_a_component_that_ended_is_reported_with_the_end_of_its_log(folders: Folders) -> None:
    processes = Processes(folders)
    processes.ensure(Component("broken", (sys.executable, "-c", "print('no such flag: --x')")))
    wait_until(lambda: processes.find("broken") is None)
    with pytest.raises(
        BootstrapError, match=r"broken has ended\.\n    no such flag: --x\n  The whole log: .*broken\.log"
    ):
        processes.check("broken")


def test_a_running_cluster_of_another_checkout_is_named_with_the_command_that_stops_it(folders: Folders) -> None:
    processes = Processes(folders)
    ownership.claim(folders)
    other = Folders(folders.project.parent / "second", folders.run)
    ownership.refuse_foreign(folders)
    # Left behind, and nothing runs.
    ownership.refuse_foreign(other)
    try:
        processes.ensure(Component("sleeper", ("sleep", "60")))
        ownership.refuse_foreign(folders)
        with pytest.raises(BootstrapError, match=f"make -C {folders.project} cluster-down"):
            ownership.refuse_foreign(other)
    finally:
        processes.stop(processes.known())


def test_purge_removes_the_data_and_the_kubeconfig(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "require_root", lambda: None)
    monkeypatch.setattr(lifecycle, "_LOCK", tmp_path / "lock")
    volume = folders.data / "volumes" / "one" / "file"
    for path in (volume, folders.kubeconfig):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    lifecycle.down(folders, Progress(quiet=True))
    assert volume.exists()
    assert not folders.kubeconfig.exists()
    lifecycle.down(folders, Progress(quiet=True), purge=True)
    assert not folders.state.exists()


def test_who_is_not_root_is_told_both_ways_out() -> None:
    preflight.require_root(user=0)
    with pytest.raises(BootstrapError, match=r"sudo make cluster.*kind.*gostack:kubernetes"):
        preflight.require_root(user=1000)


def test_a_taken_port_is_named_with_the_command_that_finds_who_has_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (reason,) = preflight.taken_port("127.0.0.1", port)
        assert f"port {port} of 127.0.0.1 is taken" in reason
        assert f"ss -ltnp 'sport = :{port}'" in reason
    assert preflight.taken_port("127.0.0.1", port) == []


def test_another_kubernetes_on_the_machine_is_refused_and_our_own_is_not() -> None:
    assert len(preflight.foreign_rules(":KUBE-SERVICES - [0:0]\n")) == 1
    assert preflight.foreign_rules(":KUBE-SERVICES - [0:0]\n:GOSTACK-CLUSTER - [0:0]\n") == []
    assert preflight.foreign_rules(":DOCKER - [0:0]\n") == []


def test_too_little_memory_is_refused_with_both_figures(tmp_path: Path) -> None:
    (reason,) = preflight.space(tmp_path, available_mib=1000)
    assert "1000 MiB" in reason
    assert "2048" in reason
    assert preflight.space(tmp_path, available_mib=4000) == []


def test_a_file_that_does_not_differ_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    assert files.put(path, "one")
    assert path.stat().st_mode & 0o777 == 0o600
    assert not files.put(path, "one")
    assert files.put(path, "two")
    path.chmod(0o644)
    assert files.put(path, "two")
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_shims_of_the_cluster_s_own_runtimes_are_found(folders: Folders, tmp_path: Path) -> None:
    processes = tmp_path / "proc"
    own = str(folders.run / "node-1" / "containerd.sock")
    command_lines = {
        10: ["/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "a", "-address", own],
        11: ["/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-address", "/run/containerd/containerd.sock"],
        12: ["/usr/bin/containerd-shim-runc-v2", "-address"],
        13: ["vim", "-address", own],
    }
    for number, arguments in command_lines.items():
        (processes / str(number)).mkdir(parents=True)
        (processes / str(number) / "cmdline").write_bytes("\0".join(arguments).encode() + b"\0")
    assert leftovers.shims(folders, processes) == [10]


def test_mounts_of_the_cluster_are_found_the_innermost_first_and_no_others(folders: Folders) -> None:
    table = "\n".join(
        f"overlay {point} overlay rw 0 0"
        for point in (
            "/",
            f"{folders.state}/data/node-1/kubelet/pods/a",
            f"{folders.state}/data/node-1/kubelet/pods/a/volumes/with\\040space",
            f"{folders.run}/node-1/containerd/x",
            f"{folders.run}-of-another/x",
            "/var/lib/docker/overlay2/x/merged",
        )
    )
    found = leftovers.mounts(folders, table)
    pods = f"{folders.state}/data/node-1/kubelet/pods/a"
    assert sorted(found) == sorted([pods, f"{pods}/volumes/with space", f"{folders.run}/node-1/containerd/x"])
    assert found.index(f"{pods}/volumes/with space") < found.index(pods)


def test_both_versions_of_control_groups_are_recognised(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one / "cpu", one / "memory", two):
        folder.mkdir(parents=True)
        (folder / "cgroup.procs").touch()
    (one / "cpuacct").symlink_to(one / "cpu")
    (two / "cgroup.controllers").write_text("cpu memory\n")
    assert cgroups.roots(one) == [one / "cpu", one / "memory"]
    assert cgroups.roots(two) == [two]
    assert cgroups.roots(tmp_path / "none") == []


def test_pods_and_containers_go_before_the_programs_that_change_them(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "cpu").mkdir(parents=True)
    two.mkdir()
    (two / "cgroup.controllers").write_text("cpu")
    for root in (one, two, tmp_path / "none"):
        prefer("/pods", root)
    assert int((one / "cpu" / "pods" / "cpu.shares").read_text()) > 2 * 1024
    assert int((two / "pods" / "cpu.weight").read_text()) > 2 * 100


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        reap()
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)
