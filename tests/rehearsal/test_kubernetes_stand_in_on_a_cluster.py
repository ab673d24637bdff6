"""The stand-in for the Kubernetes plugin under the real engine on a real cluster, in a namespace of its own.

The cluster is the one of `make cluster`, or the one that GOSTACK_TEST_KUBECONFIG names. It does not prove that the
official plugin does the same: what is known of that one was read in its source and measured once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.engine import Program, missing_toolchain
from tests.support.real_cluster import CONTEXT, KUBECONFIG, REGISTRY, connected, missing_cluster
from tests.support.registry_image import push
from tools.offline.providers.kubernetes.cluster import Cluster


def reason_to_skip() -> str:
    return missing_toolchain() or missing_cluster() or ""


pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())

SOURCE = """
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

wanted = json.loads(Path("wanted.json").read_text())
cluster = kubernetes.Provider("cluster", kubeconfig=wanted["kubeconfig"], context=wanted["context"])
namespace = kubernetes.core.v1.Namespace(
    "double",
    metadata={"labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    opts=pulumi.ResourceOptions(provider=cluster),
)
options = pulumi.ResourceOptions(provider=cluster, depends_on=[namespace])
metadata = {"namespace": namespace.metadata.name}
labels = {"app": "dns"}


def pod(*arguments, **more):
    return {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": 65532,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "dns",
                "image": wanted["image"],
                "args": list(arguments),
                "security_context": {"allow_privilege_escalation": False, "capabilities": {"drop": ["ALL"]}},
                "resources": {
                    "requests": {"cpu": "0.01", "memory": "32Mi"},
                    "limits": {"cpu": "0.5", "memory": "0.125Gi"},
                },
                **more,
            }
        ],
    }


serving = {"ports": [{"container_port": 1053}], "readiness_probe": {"tcp_socket": {"port": 1053}, "period_seconds": 1}}
quota = kubernetes.core.v1.ResourceQuota("limit", metadata=metadata, spec={"hard": {"pods": "20"}}, opts=options)
settings = kubernetes.core.v1.ConfigMap(
    "settings", metadata=metadata, data={"greeting": wanted["greeting"]}, opts=options
)
login = kubernetes.core.v1.Secret(
    "login", metadata=metadata, string_data={"password": pulumi.Output.secret("correct horse")}, opts=options
)
once = kubernetes.batch.v1.Job(
    "once",
    metadata=metadata,
    spec={
        "backoff_limit": 0,
        "template": {"metadata": {}, "spec": {**pod(*wanted["job"]), "restart_policy": "Never"}},
    },
    opts=options,
)
dns = kubernetes.apps.v1.Deployment(
    "dns",
    metadata={**metadata, "annotations": {"pulumi.com/timeoutSeconds": str(wanted["seconds"])}},
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "strategy": {"rolling_update": {"max_unavailable": 0}},
        "template": {
            "metadata": {"labels": labels},
            "spec": pod(
                "serve",
                env_from=[{"config_map_ref": {"name": settings.metadata.name}}],
                env=[{"name": "TRACK", "value": "stable"}],
                **serving,
            ),
        },
    },
    opts=options,
)
service = kubernetes.core.v1.Service(
    "dns",
    metadata=metadata,
    spec={"selector": labels, "ports": [{"port": 53, "target_port": 1053, "protocol": "TCP"}]},
    opts=pulumi.ResourceOptions(provider=cluster, depends_on=[dns]),
)
kept = kubernetes.apps.v1.StatefulSet(
    "kept",
    metadata=metadata,
    spec={
        "replicas": 1,
        "service_name": "kept",
        "selector": {"match_labels": {"app": "kept"}},
        "template": {
            "metadata": {"labels": {"app": "kept"}},
            "spec": pod("serve", volume_mounts=[{"name": "data", "mount_path": "/data"}], **serving),
        },
        "volume_claim_templates": [
            {
                "metadata": {"name": "data"},
                "spec": {"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1048576Ki"}}},
            }
        ],
    },
    opts=options,
)
claim = kubernetes.core.v1.PersistentVolumeClaim(
    "later",
    metadata=metadata,
    spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    opts=options,
)
kubernetes.policy.v1.PodDisruptionBudget(
    "dns", metadata=metadata, spec={"min_available": 1, "selector": {"match_labels": labels}}, opts=options
)
kubernetes.networking.v1.NetworkPolicy(
    "closed", metadata=metadata, spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}, opts=options
)
pulumi.export("namespace", namespace.metadata.name)
pulumi.export("deployment", dns.metadata.name)
"""


class Stack(Program):
    """The program on the cluster."""

    cluster: Cluster
    wanted: dict[str, Any]

    def want(self, **wanted: Any) -> None:
        """Change what the program is to make."""
        self.wanted = {**self.wanted, **wanted}
        (self.folder / "wanted.json").write_text(json.dumps(self.wanted))

    @property
    def namespace(self) -> str:
        return self.state()["shop-test"]["outputs"]["namespace"]

    def objects(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        return self.cluster.list(api_version, kind, self.namespace)

    def deployment(self) -> dict[str, Any]:
        (found,) = self.objects("apps/v1", "Deployment")
        return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cluster = connected()
    program = Stack(tmp_path_factory.mktemp("cluster") / "shop", ("kubernetes",))
    program.cluster = cluster
    image = push(REGISTRY, "gostack-tests/double", tmp_path_factory.mktemp("image"))
    program.wanted = {"kubeconfig": str(KUBECONFIG), "context": CONTEXT, "image": image, "greeting": "hello"}
    program.write(SOURCE)
    program.want(job=["succeed"], seconds=120)
    try:
        made = program.up()
        assert made.code == 0, made.text
        yield program
    finally:
        namespace = program.state().get("shop-test", {}).get("outputs", {}).get("namespace")
        removed = program.destroy()
        assert removed.code == 0, removed.text
        left = [entry["metadata"]["name"] for entry in cluster.list("v1", "Namespace", "")]
        assert namespace not in left


def test_everything_is_ready_when_the_update_returns(stack: Stack) -> None:
    deployment = stack.deployment()
    (stateful_set,) = stack.objects("apps/v1", "StatefulSet")
    (job,) = stack.objects("batch/v1", "Job")

    assert deployment["status"]["readyReplicas"] == 2
    assert stateful_set["status"]["readyReplicas"] == 1
    assert job["status"]["succeeded"] == 1
    assert stack.state()["dns"]["type"].startswith("kubernetes:")


def test_a_claim_that_binds_when_a_pod_needs_it_is_not_waited_for(stack: Stack) -> None:
    phases = {
        entry["metadata"]["name"]: entry["status"]["phase"] for entry in stack.objects("v1", "PersistentVolumeClaim")
    }

    (later,) = [phase for name, phase in phases.items() if name.startswith("later-")]
    assert later == "Pending"


def test_a_second_update_and_one_after_a_refresh_change_nothing(stack: Stack) -> None:
    assert stack.steps() == {}

    refreshed = stack.refresh()

    assert refreshed.code == 0, refreshed.text
    assert stack.steps() == {}


def test_changed_settings_are_made_anew_and_roll_out_before_the_old_ones_go(stack: Stack) -> None:
    stack.want(greeting="good evening")
    assert stack.steps() == {"settings": "replace", "dns": "update"}

    result = stack.up()

    assert result.code == 0, result.text
    names = [entry["metadata"]["name"] for entry in stack.objects("v1", "ConfigMap")]
    own = [name for name in names if name.startswith("settings-")]
    container = stack.deployment()["spec"]["template"]["spec"]["containers"][0]
    assert own == [container["envFrom"][0]["configMapRef"]["name"]]
    assert stack.steps() == {}


def test_a_bad_image_fails_in_the_time_given_while_the_old_pods_serve_and_then_heals(stack: Stack) -> None:
    good = stack.wanted["image"]
    stack.want(image="localhost:1/missing:1", seconds=15)
    begun = time.monotonic()

    failed = stack.pulumi(
        "up", "--yes", "--skip-preview", "--suppress-progress", "--target", urn(stack, "Deployment", "dns")
    )

    took = time.monotonic() - begun
    assert failed.code != 0
    assert "timed out waiting to be Ready" in failed.text
    assert "Pods available" in failed.text
    assert "[ErrImagePull]" in failed.text or "[ImagePullBackOff]" in failed.text
    # Far from the ten minutes of the default; how far depends on the machine.
    assert took < 300
    assert stack.deployment()["status"]["readyReplicas"] >= 2
    stack.want(image=good, seconds=120)
    healed = stack.up()
    assert healed.code == 0, healed.text
    assert stack.steps() == {}


def test_a_failed_job_fails_the_update_with_its_reason_and_heals(stack: Stack) -> None:
    good = stack.wanted["job"]
    stack.want(job=["fail"])

    failed = stack.up()

    assert failed.code != 0
    assert "[BackoffLimitExceeded]" in failed.text
    stack.want(job=good)
    healed = stack.up()
    assert healed.code == 0, healed.text
    assert stack.steps() == {}


def test_a_preview_has_the_api_server_judge_what_is_new(stack: Stack) -> None:
    stack.write(SOURCE.replace('"replicas": 2', '"replica": 2'))
    try:
        refused = stack.preview()
    finally:
        stack.write(SOURCE)

    assert refused.code != 0
    assert ".spec.replica" in refused.text


def test_a_pod_that_breaks_the_rules_of_its_namespace_is_warned_of_in_the_preview(stack: Stack) -> None:
    stack.write(SOURCE.replace('"run_as_non_root": True', '"run_as_non_root": False'))
    try:
        warned = stack.preview()
    finally:
        stack.write(SOURCE)

    assert "would violate PodSecurity" in warned.text


def test_what_another_manager_owns_is_a_conflict(stack: Stack) -> None:
    name = stack.deployment()["metadata"]["name"]
    foreign = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": stack.namespace}}
    stack.cluster.apply({**foreign, "spec": {"replicas": 3}}, "somebody", force=True, dry_run=False, warn=print)
    stack.write(SOURCE.replace('"replicas": 2', '"replicas": 4'))
    try:
        failed = stack.up()
    finally:
        stack.write(SOURCE)
        stack.cluster.apply(foreign, "somebody", force=True, dry_run=False, warn=print)

    assert failed.code != 0
    assert "Server-Side Apply field conflict detected" in failed.text
    assert '"somebody"' in failed.text
    healed = stack.up()
    assert healed.code == 0, healed.text


def test_what_was_removed_by_hand_is_made_again_after_a_refresh(stack: Stack) -> None:
    deployment = stack.deployment()
    stack.cluster.delete(deployment, "Background")

    assert stack.refresh().code == 0
    assert stack.steps() == {"dns": "create"}
    mended = stack.up()

    assert mended.code == 0, mended.text
    assert stack.deployment()["metadata"]["name"] == stack.state()["shop-test"]["outputs"]["deployment"]


def test_no_secret_stands_in_the_state_in_plain_text(stack: Stack) -> None:
    state = json.dumps(stack.state())

    assert "correct horse" not in state
    assert "Y29ycmVjdCBob3JzZQ" not in state


def urn(stack: Stack, kind: str, name: str) -> str:
    """The URN of a resource; several kinds have the same name."""
    exported = json.loads(stack.pulumi("stack", "export", "--stack", "test").text)["deployment"]["resources"]
    (found,) = [entry["urn"] for entry in exported if entry["urn"].endswith(f":{kind}::{name}")]
    return found
