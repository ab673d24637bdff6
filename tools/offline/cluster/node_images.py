"""Images that nodes have under a name that nobody answers for: a rehearsal's stand for a registry that is not there.

A kubelet asks no registry for an image that its node has, when the reference says which one it is by its digest.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.debian import DebianPrograms
from tools.offline.cluster.layout import NODES, Folders, Node

PULL_SECONDS = 300.0

Run = Callable[[Node, list[str]], "subprocess.CompletedProcess[str]"]
"""Runs a command of `ctr` on a node."""


@contextmanager
def held(names: Mapping[str, str], run: Run) -> Generator[None]:
    """Let every node have images under other names, and take the names away afterwards.

    `names` leads from the name, with its digest, to the reference in the local registry from which the node gets it.
    Raises `BootstrapError` when a node cannot get one.
    """
    try:
        for node in NODES:
            for name, reference in names.items():
                _must(node, run(node, ["images", "pull", "--plain-http", reference]), reference)
                _must(node, run(node, ["images", "tag", "--force", reference, name]), name)
        yield
    finally:
        for node in NODES:
            # A container that still runs keeps what it needs of the image.
            run(node, ["images", "remove", *names, *names.values()])


def runner(folders: Folders, programs: DebianPrograms) -> Run:
    """What runs `ctr` on the nodes of the cluster on this machine."""
    program, environment = str(programs.program("ctr")), programs.environment()

    def run(node: Node, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        address = str(folders.containerd_socket(node))
        command = [program, "--address", address, "--namespace", "k8s.io", *arguments]
        try:
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, timeout=PULL_SECONDS
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"no answer in {PULL_SECONDS:.0f} s")

    return run


def _must(node: Node, done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        raise BootstrapError(f"{node.name} cannot have the image {what}: {done.stderr.strip()}")
