"""Wrong settings are refused by `up` with one sentence, before anything is created.

Does not prove that every possible mistake is found: the unit tests try more of them, without an engine.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.support import LiveStack

Document = dict[str, Any]


def users(document: Document) -> Document:
    return document["gostack:services"]["users"]


def regions(document: Document) -> Document:
    return document["gostack:regions"]


MISTAKES: list[tuple[Callable[[Document], Any], str]] = [
    (lambda d: users(d).update(replcas=3), "gostack:services.users.replcas is not a known key: did you mean"),
    (lambda d: d.update({"gostack:servces": {}}), 'gostack:servces is not a known key: did you mean "services"?'),
    (lambda d: users(d).update(replicas=0), "gostack:services.users.replicas: input should be greater"),
    (lambda d: regions(d)["west"].update(https_port=18443), "gostack:regions.west.https_port is 18443, which"),
    (lambda d: regions(d)["west"].update(cidr="10.91.0.0/16"), "gostack:regions.west.cidr (10.91.0.0/16) overlaps"),
    (lambda d: users(d).update(context="nowhere"), 'gostack:services.users.context is "nowhere", which is not'),
    (lambda d: d["gostack:services"]["greeter"].update(routes=[{"path": "/api/v1/users"}]), "claims prefix"),
    (lambda d: d.update({"gostack:images": {"nginx": "nginx"}}), 'gostack:images.nginx: "nginx" has no tag'),
    (lambda d: d.update({"gostack:consul": {"servers": 2}}), "gostack:consul.servers: input should be 1 or 3"),
    (lambda d: users(d).update(environment={"PORT": "1"}), "environment.PORT is written by the platform: remove it"),
    (lambda d: users(d).update(environment={"VERSION": None}), "environment: VERSION is empty: write"),
    (lambda d: users(d).update(autoscaling={"maximum": 3}), "has a meaning only when gostack:platform is"),
    (lambda d: users(d).update(context="."), "which holds this project with its state and passphrase"),
    (lambda d: regions(d)["west"].update(cidr=None), "gostack:regions.west.cidr is missing: add it to the stack file"),
    (lambda d: regions(d)["west"].update(https_port=True), "gostack:regions.west.https_port: input should be a valid"),
    (lambda d: regions(d).update(service=regions(d).pop("west")), '"service" is a word that the DNS of Consul gives'),
    (lambda d: d.pop("gostack:regions"), "gostack:regions is missing: add it to the stack file"),
]


PROGRAM = """
import sys
from pathlib import Path
from tools.gostack.cli.guard import guarded
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace
sys.exit(guarded(lambda: lifecycle.up(Workspace(Path.cwd(), "{stack}", Path(sys.argv[1])))))
"""
"""`up` of a stack whose file is not in the project, the first argument."""


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES, ids=[sentence for _, sentence in MISTAKES])
def test_a_mistake_is_one_sentence_and_nothing_is_created(
    stack: LiveStack, tmp_path: Path, mistake: Callable[[Document], Any], sentence: str
) -> None:
    document = yaml.safe_load((stack.workspace.project / "tests" / "integration" / "settings.yaml").read_text())
    mistake(document["config"])
    file = tmp_path / "Pulumi.mistaken.yaml"
    file.write_text(yaml.safe_dump(document))
    program = PROGRAM.format(stack="mistaken")
    result = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        cwd=stack.workspace.project,
        env=stack.workspace.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert "mistaken" not in stack.pulumi_command("stack", "ls", "--json").stdout
    labels: dict[str, str | list[str] | bool] = {"label": ["gostack.stack=mistaken"]}
    assert stack.objects.client.containers.list(all=True, filters=labels) == []


def test_a_stack_that_its_images_cannot_be_called_after_is_refused(stack: LiveStack) -> None:
    settings = stack.workspace.project / "tests" / "integration" / "settings.yaml"
    program = PROGRAM.format(stack="Mistaken")
    result = subprocess.run(
        [sys.executable, "-c", program, str(settings)],
        cwd=stack.workspace.project,
        env=stack.workspace.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith('error: a stack cannot be called "Mistaken": ')
    assert "Mistaken" not in stack.pulumi_command("stack", "ls", "--json").stdout


def test_plain_pulumi_refuses_them_in_the_same_words(stack: LiveStack) -> None:
    result = stack.pulumi_command(
        "preview", "--config", "gostack:servces=1", "--config-file", str(stack.workspace.configuration_file)
    )
    assert result.returncode != 0
    assert 'gostack:servces is not a known key: did you mean "services"?' in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
