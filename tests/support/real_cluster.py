"""The cluster of the rehearsals: the one of `make cluster`, or the one that GOSTACK_TEST_KUBECONFIG names."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.engine import PROJECT
from tools.offline.providers.kubernetes.cluster import ApiError, Cluster, Unreachable
from tools.offline.providers.kubernetes.kubeconfig import KubeconfigError, load

KUBECONFIG = Path(os.environ.get("GOSTACK_TEST_KUBECONFIG") or PROJECT / ".gostack" / "kubeconfig")
CONTEXT = os.environ.get("GOSTACK_TEST_CONTEXT") or "gostack"
REGISTRY = os.environ.get("GOSTACK_TEST_REGISTRY") or "localhost:5001"


def missing_cluster() -> str | None:
    """Why there is no cluster to be used; None when there is one."""
    if not KUBECONFIG.is_file():
        return "there is no cluster: run `make cluster`, or name one with GOSTACK_TEST_KUBECONFIG"
    try:
        connected().version()
    except (KubeconfigError, Unreachable, ApiError) as error:
        return f"the cluster cannot be used: {error}"
    return None


def connected() -> Cluster:
    """The cluster, not asked anything yet."""
    return Cluster(load(str(KUBECONFIG), CONTEXT))
