"""Images that nodes have under another name: what is asked of each node, and that the names go whatever happens.

Not that a kubelet takes them: tests/rehearsal/test_prod_on_a_cluster.py does that.
"""

from __future__ import annotations

import subprocess

import pytest

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.layout import NODES, Node
from tools.offline.cluster.node_images import held

NAME, REFERENCE = "registry.example/nginx@sha256:1", "localhost:5001/nginx@sha256:1"


class Nodes:
    """Nodes that note what they are asked, and on one of which a command may fail."""

    def __init__(self, failing: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        self._failing = failing

    def run(self, node: Node, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append((node.name, " ".join(arguments)))
        failed = node.name == self._failing and arguments[1] == "pull"
        return subprocess.CompletedProcess(arguments, int(failed), "", "no such host\n" if failed else "")


def test_every_node_gets_the_image_from_the_local_registry_and_knows_it_by_the_other_name() -> None:
    nodes = Nodes()
    with held({NAME: REFERENCE}, nodes.run):
        given = list(nodes.asked)

    wanted = [f"images pull --plain-http {REFERENCE}", f"images tag --force {REFERENCE} {NAME}"]
    assert given == [(node.name, command) for node in NODES for command in wanted]


def test_the_names_are_gone_afterwards_from_every_node() -> None:
    nodes = Nodes()
    with held({NAME: REFERENCE}, nodes.run):
        nodes.asked.clear()

    assert nodes.asked == [(node.name, f"images remove {NAME} {REFERENCE}") for node in NODES]


def test_a_node_that_cannot_get_one_is_told_and_nothing_stays_on_the_others() -> None:
    nodes = Nodes(NODES[1].name)

    with (
        pytest.raises(BootstrapError, match=r"node-2 cannot have the image .*: no such host"),
        held({NAME: REFERENCE}, nodes.run),
    ):
        pytest.fail("the images are not there")

    removed = [name for name, command in nodes.asked if command.startswith("images remove")]
    assert removed == [node.name for node in NODES]
