"""What a cluster needs of EKS for the stack's objects to be taken, for the time of a test (eks_objects.yaml)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.support.kubernetes_objects import Manifest
from tools.offline.providers.kubernetes.cluster import Cluster, NoSuchKind

MANAGER = "gostack-rehearsal"
SECONDS = 60.0
_CLAIM: Manifest = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "gostack-rehearsal", "namespace": "default"},
    "spec": {
        "storageClassName": "defaults-nowhere-disks-0",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
    },
}


@contextmanager
def eks_objects(cluster: Cluster) -> Iterator[None]:
    """Make them, wait until they act, and remove them afterwards."""
    text = (Path(__file__).parent / "eks_objects.yaml").read_text(encoding="utf-8")
    manifests: list[Manifest] = list(yaml.safe_load_all(text))
    try:
        for manifest in manifests:
            _apply(cluster, manifest, dry_run=False)
        _wait(cluster)
        yield
    finally:
        for manifest in reversed(manifests):
            cluster.delete(manifest, "Foreground")


def _wait(cluster: Cluster) -> None:
    deadline = time.monotonic() + SECONDS
    while not (_served(cluster) and _local_disks(cluster)):
        assert time.monotonic() < deadline, f"the cluster does not act on the objects of EKS after {SECONDS:.0f} s"
        time.sleep(0.5)


def _served(cluster: Cluster) -> bool:
    cluster.forget_kinds()
    try:
        cluster.served("eks.amazonaws.com/v1", "TargetGroupBinding")
    except NoSuchKind:
        return False
    return True


def _local_disks(cluster: Cluster) -> bool:
    """Whether a claim of the stack's class would get a local disk."""
    made = _apply(cluster, _CLAIM, dry_run=True)
    return made["spec"]["storageClassName"] != _CLAIM["spec"]["storageClassName"]


def _apply(cluster: Cluster, manifest: Manifest, *, dry_run: bool) -> Manifest:
    return cluster.apply(manifest, MANAGER, force=True, dry_run=dry_run, warn=print)
