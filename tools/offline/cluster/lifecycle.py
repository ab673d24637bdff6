"""Brings the cluster up, in whatever state it is, and takes it away."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.large_pages import allow_large_pages
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.progress import Progress
from tools.offline.cluster import (
    cgroups,
    components,
    configuration,
    files,
    images,
    leftovers,
    network,
    ownership,
    preflight,
)
from tools.offline.cluster.api import ApiServer
from tools.offline.cluster.debian import find_debian_programs
from tools.offline.cluster.layout import NODES, PAUSE_IMAGE, Folders, Node
from tools.offline.cluster.processes import Processes, reap
from tools.offline.cluster.programs import Programs, ensure_programs

LANE = "cluster"
_LOCK = Path("/run/lock/gostack-cluster.lock")
_START_SECONDS = 120.0
_APPLY_ATTEMPTS = 5


def up(folders: Folders, progress: Progress) -> bool:
    """Bring the cluster up, or back into the state it should have; return whether anything had to be done.

    Raises `BootstrapError` when this machine is not fit for it, a component ends, or it is not ready in time.
    """
    preflight.require_root()
    ownership.refuse_foreign(folders)
    programs = ensure_programs(folders.project, progress)
    with exclusive(_LOCK, lambda: progress.line(LANE, "another command works on the cluster, waiting for it…")):
        ownership.refuse_foreign(folders)
        _clear_earlier(folders, progress)
        processes = Processes(folders)
        if not any(process.alive() for process in processes.known()):
            preflight.check(folders.state)
        ownership.claim(folders)
        started = _start(folders, programs, processes, progress)
        files.write_kubeconfig(folders)
        _link_kubectl(folders, programs)
    return bool(started)


def down(folders: Folders, progress: Progress, *, purge: bool = False) -> None:
    """Stop what this checkout started and remove every trace on the host; the data goes only with `purge`.

    Raises `BootstrapError` when the running cluster is another checkout's, or something cannot be removed.
    """
    preflight.require_root()
    with exclusive(_LOCK, lambda: progress.line(LANE, "another command works on the cluster, waiting for it…")):
        ownership.refuse_foreign(folders)
        other = ownership.owner(folders)
        if other is not None:
            with progress.step(LANE, "stopping the cluster"):
                remove(Folders(other))
        folders.kubeconfig.unlink(missing_ok=True)
        if purge and folders.state.exists():
            # Once more, right before: deleting below a mount would delete what is mounted.
            leftovers.unmount(folders)
            with progress.step(LANE, "removing the cluster's data"):
                shutil.rmtree(folders.state)


def stop_node(folders: Folders, node: Node) -> None:
    """Take a node away at once, as if its machine had lost power; `up` brings it back.

    Raises `BootstrapError` when the running cluster is another checkout's.
    """
    preflight.require_root()
    with exclusive(_LOCK):
        ownership.refuse_foreign(folders)
        processes = Processes(folders)
        for name in (f"{node.name}-kubelet", f"{node.name}-containerd"):
            process = processes.find(name)
            if process is not None:
                processes.stop([process], signal.SIGKILL)
        leftovers.stop_shims(folders, node)
        cgroups.stop(group=node.cgroup, number=signal.SIGKILL)


def remove(folders: Folders) -> None:
    """Take every process, mount, device and rule away, whatever of them is there."""
    processes = Processes(folders)
    running = [process for process in processes.known() if process.alive()]
    # Kubelets first, which would start containers again; the store last, which the others write to.
    kubelets = [process for process in running if process.name.endswith("-kubelet")]
    store = [process for process in running if process.name == "etcd"]
    runtimes = [process for process in running if process.name.endswith("-containerd")]
    processes.stop(kubelets)
    cgroups.stop()
    processes.stop(runtimes)
    leftovers.stop_shims(folders)
    cgroups.stop()
    processes.stop([process for process in running if process not in (*kubelets, *store, *runtimes)])
    processes.stop(store)
    leftovers.unmount(folders)
    cgroups.tear_down()
    network.tear_down(folders)
    programs = find_debian_programs()
    if programs is not None:
        network.remove_address_sets(programs)
    leftovers.remove_links(folders)
    folders.kubeconfig.unlink(missing_ok=True)
    shutil.rmtree(folders.run, ignore_errors=True)


def _clear_earlier(folders: Folders, progress: Progress) -> None:
    """Another checkout's cluster that is dead, or ours from before the machine's network was reset."""
    other = ownership.owner(folders)
    if other is not None and other != folders.project:
        with progress.step(LANE, f"removing what the cluster of {other} has left"):
            remove(Folders(other))


def _start(folders: Folders, programs: Programs, processes: Processes, progress: Progress) -> list[str]:
    """Start what does not run, in the order of dependence; return the names of what was started."""
    started: list[str] = []
    api = ApiServer(folders)

    def ensure(component: components.Component) -> None:
        if processes.ensure(component):
            started.append(component.name)

    files.write_all(folders, programs)
    network.set_up(folders)
    cgroups.set_up()
    allow_large_pages()
    ensure(components.etcd(folders, programs))
    ensure(components.api_server(folders, programs))
    ensure(components.registry(folders, programs))
    for node in NODES:
        ensure(components.containerd(folders, programs, node))
    if started:
        progress.line(LANE, f"starting {', '.join(started)}")
    _wait(api.ready, "The API server is not ready", processes, ("etcd", "kube-apiserver"))
    # The rights of the components first.
    _apply(folders, programs)
    before = len(started)
    for make in (components.controller_manager, components.scheduler, components.kube_proxy, components.local_cloud):
        ensure(make(folders, programs))
    for node in NODES:
        _import_pause_image(folders, programs, node, processes)
        ensure(components.kubelet(folders, programs, node))
    if started[before:]:
        progress.line(LANE, f"starting {', '.join(started[before:])}")
    before = len(started)
    ensure(components.metrics_server(folders, programs))
    names = {node.name for node in NODES}
    kubelets = tuple(f"{node.name}-kubelet" for node in NODES)
    _wait(lambda: api.ready_nodes() >= names, "Not every node is ready", processes, kubelets)
    ensure(components.network_policy(folders, programs))
    if started[before:]:
        progress.line(LANE, f"starting {', '.join(started[before:])}")
    _wait(lambda: api.available("coredns", "kube-system"), "The name servers are not ready", processes, kubelets)
    _wait(api.serves_metrics, "The metrics of the nodes cannot be read", processes, ("metrics-server",))
    for process in processes.known():
        processes.check(process.name)
    return started


def _wait(condition: Callable[[], bool], otherwise: str, processes: Processes, needed: tuple[str, ...]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        reap()
        for name in needed:
            processes.check(name)
        if time.monotonic() > deadline:
            logs = ", ".join(str(processes.log(name)) for name in needed)
            raise BootstrapError(f"{otherwise} after {_START_SECONDS:.0f} s: see {logs}.")
        time.sleep(0.1)


def _import_pause_image(folders: Folders, programs: Programs, node: Node, processes: Processes) -> None:
    ctr = [
        str(programs.debian.program("ctr")),
        "--address",
        str(folders.containerd_socket(node)),
        "--namespace",
        "k8s.io",
    ]

    def command(*arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run([*ctr, *arguments], input=given, capture_output=True, check=False, timeout=20)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(ctr, 124, b"", b"no answer in 20 s")

    name = f"{node.name}-containerd"
    _wait(lambda: command("version").returncode == 0, f"{name} does not answer", processes, (name,))
    if PAUSE_IMAGE.encode() in command("images", "list", "--quiet").stdout.split():
        return
    done = command("images", "import", "-", given=images.archive(programs.pause.read_bytes(), PAUSE_IMAGE))
    if done.returncode != 0:
        raise BootstrapError(f"The pause image cannot be imported into {node.name}: {done.stderr.decode().strip()}")


def _apply(folders: Folders, programs: Programs) -> None:
    authority = (folders.certificates / "cluster-ca.crt").read_bytes()
    given = configuration.rendered("addons.yaml", kubernetes=programs.kubernetes, authority=authority)
    admin = folders.configuration / "admin.kubeconfig"
    files.put(admin, files.kubeconfig(folders, "admin"))
    command = [str(programs.kubernetes), "kubectl", "--kubeconfig", str(admin), "apply", "--server-side"]
    command += ["--field-manager=gostack-cluster", "--force-conflicts", "--filename=-"]
    said = ""
    for attempt in range(_APPLY_ATTEMPTS):
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 0:
            return
        said = done.stderr.strip()
        # A new API server makes its own namespaces and roles in its first second.
        time.sleep(0.5 * (attempt + 1))
    raise BootstrapError(f"The cluster's own objects cannot be applied: {said}")


def _link_kubectl(folders: Folders, programs: Programs) -> None:
    link = folders.state / "bin" / "kubectl"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(programs.kubernetes)
