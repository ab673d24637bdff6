"""A stack file that names no cluster, or one that does not answer, is refused before anything is done.

Does not prove what happens when a cluster goes away in the middle of an update.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration_kubernetes.support import ClusterStack
from tools.gostack.cli import data, options
from tools.gostack.cli.guard import guarded
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace

Document = dict[str, Any]


def cluster(document: Document) -> Document:
    return document["config"]["gostack:kubernetes"]


@pytest.fixture
def changed(stack: ClusterStack, tmp_path: Path) -> Callable[[Callable[[Document], Any]], Workspace]:
    """Makes a stack with other settings, beside the real one."""

    def make(change: Callable[[Document], Any]) -> Workspace:
        document = yaml.safe_load(stack.workspace.stack_file.read_text())
        change(document)
        file = tmp_path / "Pulumi.other.yaml"
        file.write_text(yaml.safe_dump(document))
        return Workspace(stack.workspace.project, "integration-other", file)

    return make


@pytest.mark.parametrize(
    "verb", [lifecycle.up, lifecycle.preview, lambda workspace: lifecycle.down(workspace, purge=False)]
)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: cluster(d).pop("kubeconfig"), "gostack:kubernetes.kubeconfig is missing"),
        (lambda d: cluster(d).pop("context"), "gostack:kubernetes.context is missing"),
        (lambda d: cluster(d).update(kubeconfig=".gostack/nowhere"), "which does not exist"),
        (lambda d: cluster(d).update(context="elsewhere"), 'gostack:kubernetes.context is "elsewhere", which'),
        (lambda d: cluster(d).update(kubeconfig="tests/support/kubeconfig.yaml"), "does not answer"),
    ],
)
def test_it_is_refused_in_one_sentence_before_anything_is_done(
    verb: Callable[[Workspace], int],
    change: Callable[[Document], Any],
    told: str,
    changed: Callable[[Callable[[Document], Any]], Workspace],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What the shell would offer must not matter.
    monkeypatch.setenv("KUBECONFIG", str(Path(__file__).resolve().parents[2] / ".gostack" / "kubeconfig"))
    workspace = changed(change)
    assert guarded(lambda: verb(workspace)) == 1
    words = capfd.readouterr().err
    assert told in words
    assert "Traceback" not in words
    assert not workspace.exists()


def test_what_is_for_docker_alone_says_so(
    stack: ClusterStack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "workspace", lambda _: stack.workspace)
    assert guarded(data.backup) == 1
    assert "is for stacks on Docker" in capfd.readouterr().err
