"""The type checker refuses what is wrong by its type: arguments of components, settings, properties of the SDKs.

Does not prove that every line of the program is checked strictly: `pyproject.toml` says which folders are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

START = """
from __future__ import annotations
import pulumi_aws as aws
import pulumi_docker as docker
import pulumi_kubernetes as kubernetes
from components.certificates.certificate import CertificateArgs
from infra.settings import Settings
def mistakes(settings: Settings, cluster: aws.rds.Cluster, address: aws.ec2.Eip) -> None:
    ok: CertificateArgs = {"ca_key_pair": "", "names": [], "lifetime_days": 1, "rotation": 1}
"""
MISTAKES = {
    "an argument under another name": 'a: CertificateArgs = {**ok, "lifetime": 1}',
    "a number as a text": 'b: CertificateArgs = {**ok, "lifetime_days": "90"}',
    "an argument left out": 'c: CertificateArgs = {"ca_key_pair": "", "names": [], "rotation": 1}',
    "a setting that does not exist": "settings.regionz",
    "a property misspelled": 'docker.Volume("v", drivers="local")',
    "a label with a key": 'docker.ContainerLabelArgs(key="a", value="b")',
    "a strategy misspelled": "kubernetes.apps.v1.RollingUpdateDeploymentArgs(max_unavailible=0)",
    "an output that does not exist": "print(address.alocation_id)",
    "a resource for its identity": 'aws.rds.ClusterInstance("i", cluster_identifier=cluster)',
}


def test_a_mistake_that_a_type_shows_is_refused_before_anything_runs(tmp_path: Path) -> None:
    lines = [*START.strip().splitlines(), *(f"    {line}" for line in MISTAKES.values())]
    (tmp_path / "mistakes.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {
        "include": ["mistakes.py"],
        "extraPaths": [str(PROJECT)],
        "venvPath": str(PROJECT),
        "venv": ".venv",
        "typeCheckingMode": "strict",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    refused = {
        item["range"]["start"]["line"]
        for item in json.loads(done.stdout)["generalDiagnostics"]
        if item["severity"] == "error"
        and item.get("rule") not in ("reportUnknownMemberType", "reportUnusedVariable", "reportUnusedExpression")
    }
    first = len(START.strip().splitlines())
    assert {title for at, title in enumerate(MISTAKES, first) if at not in refused} == set()
    assert [lines[at] for at in refused if at < first] == []
