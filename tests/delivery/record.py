"""`python -m tests.delivery.record CLONE`: records the previews of tests/delivery/streams anew.

CLONE is a clone of this repository whose stack `report` is up: copy tests/delivery/streams/base.yaml to its
Pulumi.report.yaml and run `make up STACK=report` there. Each change is made in the clone, previewed and taken back;
nothing is deployed. Afterwards `UPDATE_GOLDEN=1 pytest tests/delivery`, and the reports are to be read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.delivery.slim import slim
from tests.delivery.streams import FOLDER
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.report.engine import Subject, look
from tools.gostack.report.variable_names import variable_names

STACK = "report"
SERVICES = "gostack:services"
VOLUME = 'labels=volume_labels({**labels, "gostack.data": "mysql"})'
GREETER = {
    "context": "services/greeter",
    "replicas": 1,
    "check": {"path": "/ready"},
    "environment": {"GREETING": "Hello"},
    "routes": [{"path": "/hello"}],
}
CANARY = {
    "context": "services/users",
    "environment": {"FEATURE": "next"},
    "weight": 5,
    "match": [{"header": "X-User-Tag", "value": "beta"}],
}
NORTH = {"cidr": "10.91.3.0/24", "https_port": 20443, "http_port": 20080, "consul_port": 20500}


@dataclass(frozen=True)
class Scene:
    """A change and how it is looked at."""

    settings: Callable[[dict[str, Any]], object] | None = None
    """Changes the stack's settings."""

    source: tuple[str, str, str] | None = None
    """A file, a text in it, and what takes its place."""

    subject: Subject = "update"


SCENES: dict[str, Scene] = {
    "unchanged": Scene(),
    "image-bump": Scene(source=("services/users/health.go", "package main", "package main\n\n// A change.\n")),
    "scale": Scene(lambda config: config[SERVICES]["users"].update(replicas=3)),
    "new-service": Scene(lambda config: config[SERVICES].update(greeter=GREETER)),
    "new-region": Scene(lambda config: config["gostack:regions"].update(north=NORTH)),
    "route-change": Scene(
        lambda config: config[SERVICES]["users"]["routes"].append(
            {"path": "/api/v2/users", "rate_limit_per_second": 20}
        )
    ),
    "password-rotation": Scene(lambda config: config.update({"gostack:rotation": {"passwords": 2}})),
    "mysql-setting": Scene(lambda config: config["gostack:mysql"].update(max_connections=300)),
    "volume-replaced": Scene(
        lambda config: config["gostack:mysql"].update(protect=False),
        ("components/mysql/docker_member.py", VOLUME, VOLUME.replace('"mysql"}', '"mysql", "gostack.team": "orders"}')),
    ),
    "network-cidr": Scene(lambda config: config["gostack:regions"]["west"].update(cidr="10.91.4.0/24")),
    "open-port": Scene(lambda config: config["gostack:regions"]["east"].update(bind_address="0.0.0.0")),
    "canary-start": Scene(lambda config: config[SERVICES]["users"].update(canary=CANARY)),
    "destroy": Scene(subject="destroy"),
}


def record(clone: Path) -> None:
    """Preview every scene and write what the engine says."""
    base = (FOLDER / "base.yaml").read_text(encoding="utf-8")
    stack_file = clone / f"Pulumi.{STACK}.yaml"
    workspace = Workspace(clone, STACK)
    shown = workspace.capture("stack", "export", "--show-secrets", "--stack", STACK)
    names = json.dumps(variable_names(json.loads(shown)), indent=1, sort_keys=True)
    (FOLDER / "variable-names.json").write_text(f"{names}\n", encoding="utf-8")
    for name, scene in SCENES.items():
        document = yaml.safe_load(base)
        if scene.settings is not None:
            scene.settings(document["config"])
            text = yaml.safe_dump(document, sort_keys=False)
            (FOLDER / f"{name}.yaml").write_text(text, encoding="utf-8")
        stack_file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        if scene.source is not None:
            file, old, new = scene.source
            text = (clone / file).read_text(encoding="utf-8")
            assert old in text, f"{file} no longer has {old!r}"
            (clone / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            stream = look(workspace, scene.subject)
        finally:
            if scene.source is not None:
                subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", scene.source[0]], check=True)
        (FOLDER / f"{name}.jsonl").write_text(slim(stream.events), encoding="utf-8")
        print(f"{name}: {len(stream.events)} events, exit code {stream.code}", flush=True)
    stack_file.write_text(base, encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]).resolve())
