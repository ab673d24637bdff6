"""The prod stack in a folder of its own, run by the real engine: stand-ins for AWS, and in this process an API server
for each region's cluster."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support import kubernetes_objects
from tests.support.engine import DOUBLES, PROJECT, Result, run_pulumi
from tests.support.kubernetes_api import FakeApi, kubernetes_api
from tests.support.kubernetes_objects import Manifest
from tools.gostack.environment.variables import environment
from tools.gostack.lifecycle.workspace import Workspace

REGIONS = ("eu-central-1", "us-east-1")
Document = dict[str, Any]

_KINDS = {
    "v1": {
        "LimitRange": ("limitranges", True),
        "ResourceQuota": ("resourcequotas", True),
        "ServiceAccount": ("serviceaccounts", True),
    },
    "apps/v1": {"StatefulSet": ("statefulsets", True)},
    "autoscaling/v2": {"HorizontalPodAutoscaler": ("horizontalpodautoscalers", True)},
    "eks.amazonaws.com/v1": {"TargetGroupBinding": ("targetgroupbindings", True)},
    "networking.k8s.io/v1": {"NetworkPolicy": ("networkpolicies", True)},
    "policy/v1": {"PodDisruptionBudget": ("poddisruptionbudgets", True)},
    "storage.k8s.io/v1": {"StorageClass": ("storageclasses", False)},
}


class ClusterObjects(kubernetes_objects.Objects):
    """What an EKS cluster holds: with the kinds that prod has, and with nodes on which every pod starts at once."""

    def __init__(self) -> None:
        super().__init__()
        self.held["Namespace", "", "kube-system"] = {"metadata": {"name": "kube-system"}}

    def _control(self, manifest: Manifest) -> None:
        if manifest["kind"] == "StatefulSet":
            replicas = manifest["spec"].get("replicas", 1)
            manifest["status"] = {
                "observedGeneration": manifest["metadata"]["generation"],
                "readyReplicas": replicas,
                "currentRevision": "1",
                "updateRevision": "1",
            }
        elif manifest["kind"] == "ResourceQuota":
            manifest["status"] = {"hard": dict(manifest["spec"]["hard"])}
        else:
            super()._control(manifest)

    def _slice(self, service: Manifest) -> None:
        super()._slice(service)
        key = ("EndpointSlice", service["metadata"]["namespace"], f"{service['metadata']['name']}-1")
        # Pods come after their service here; on a real cluster the endpoints follow.
        self.held[key]["endpoints"] = [{"conditions": {"ready": True}}]


@dataclass
class Rehearsal:
    """The prod stack and what it stands on."""

    folder: Path
    clusters: dict[str, FakeApi]
    """Region to the API server in this process, where it has one."""
    variables: dict[str, str]

    def begin(self) -> None:
        """Make the stack, with nothing in it."""
        made = self.pulumi("stack", "init", "prod")
        assert made.code == 0, made.text

    def change(self, change: Callable[[Document], Any]) -> None:
        """Change the stack file."""
        file = self.folder / "Pulumi.prod.yaml"
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        change(document["config"])
        file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def pulumi(self, *arguments: str) -> Result:
        """Run a command of Pulumi."""
        return run_pulumi(self.folder, self.variables, *arguments)

    def workspace(self) -> Workspace:
        """What the commands of `make` work on, with this rehearsal's stack."""
        workspace = Workspace(PROJECT, "prod", self.folder / "Pulumi.prod.yaml")
        workspace.variables.update(self.variables)
        return workspace

    def up(self) -> Result:
        """Make what the stack file says."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", "prod", "--suppress-progress")

    def destroy(self) -> Result:
        """Remove the stack, after a preview: what is protected is met before anything is removed."""
        return self.pulumi("destroy", "--yes", "--stack", "prod", "--suppress-progress")

    def steps(self) -> list[dict[str, Any]]:
        """Every step that an update would take."""
        result = self.pulumi("preview", "--json", "--stack", "prod")
        assert result.code == 0, result.text[-3000:]
        return json.loads(result.text[result.text.index("{") :])["steps"]

    def operations(self) -> list[dict[str, Any]]:
        """What was done in AWS since the last look, in the order in which it was finished."""
        file = Path(self.variables["GOSTACK_AWS_JOURNAL"])
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        file.write_text("")
        return sorted(lines, key=lambda line: line["finished"])

    def state(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        result = self.pulumi("stack", "export", "--stack", "prod")
        assert result.code == 0, result.text
        return json.loads(result.text)["deployment"].get("resources") or []


@contextmanager
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    """A rehearsal with nothing in it yet, ended afterwards."""
    for version, kinds in _KINDS.items():
        kubernetes_objects.NAMESPACED.setdefault(version, {}).update(kinds)
    with ExitStack() as stack:
        clusters: dict[str, FakeApi] = {}
        places: list[str] = []
        for region in REGIONS:
            clusters[region] = stack.enter_context(kubernetes_api())
            clusters[region].objects = ClusterObjects()
            kubeconfig = folder / f"kubeconfig-{region}"
            kubeconfig.write_text(clusters[region].kubeconfig(), encoding="utf-8")
            places.append(f"{region}={kubeconfig}")
        rehearsed = Rehearsal(folder, clusters, prepared(folder, ",".join(places)))
        rehearsed.begin()
        yield rehearsed


def prepared(folder: Path, kubeconfigs: str) -> dict[str, str]:
    """Put the program and its stack file into a folder; return the variables with which the engine is run there.

    `kubeconfigs` says which clusters stand for EKS', as `GOSTACK_EKS_KUBECONFIG` does.
    """
    for name in ("infra", ".venv"):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    document = yaml.safe_load((PROJECT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))
    # Nobody has built or signed what the published file names.
    del document["config"]["gostack:signatures"]
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "state").mkdir()
    journal = folder / "journal"
    journal.touch()
    variables = {
        **os.environ,
        **environment(PROJECT),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "GOSTACK_EKS_KUBECONFIG": kubeconfigs,
        "GOSTACK_AWS_JOURNAL": str(journal),
        # Nothing of an account may be needed, or used.
        "AWS_ACCESS_KEY_ID": "",
        "AWS_PROFILE": "",
    }
    folders = [DOUBLES / "aws" / "plugin", DOUBLES / "aws" / "cli", DOUBLES / "kubernetes" / "bin"]
    variables["PATH"] = os.pathsep.join([*map(str, folders), variables["PATH"]])
    # Only one of the two may say how secrets are encrypted.
    variables.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    return variables
