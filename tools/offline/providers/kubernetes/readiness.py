"""Whether an object does what it is there for: the conditions for which the official provider waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tools.offline.providers.kubernetes import pods, refusals
from tools.offline.providers.kubernetes.cluster import Manifest
from tools.offline.providers.kubernetes.objects import annotation, at
from tools.offline.providers.kubernetes.quantities import same_amount
from tools.offline.providers.kubernetes.refusals import Lookup

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Verdict:
    """The state of an object on its way to being ready."""

    ready: bool = False
    progress: str = ""
    """What is being waited for, in one line."""
    reasons: list[str] = field(default_factory=list[str])
    """Why it is not ready, for the user who has to mend it."""
    hopeless: bool = False
    """It will never be ready: waiting longer is of no use."""
    stuck: str = ""
    """A refusal that stays unless somebody changes something: when it lasts, waiting longer is of no use."""
    settles: bool = False
    """It may change again soon: to be ready it has to stay so for a while."""


READY = Verdict(ready=True)

Judge = Callable[[Manifest, Lookup], Verdict]


def judge_of(manifest: Manifest) -> Judge | None:
    """The judge of an object's kind; None when there is nothing to wait for."""
    return _JUDGES.get((str(manifest.get("apiVersion")), str(manifest.get("kind"))))


def default_seconds(manifest: Manifest) -> float:
    """How long the official provider waits when nobody says."""
    return 300.0 if manifest.get("kind") in ("Pod", "PersistentVolumeClaim") else 600.0


def deployment(live: Manifest, cluster: Lookup) -> Verdict:
    """All replicas of the newest revision are ready, and the rollout is complete."""
    if not _observed(live):
        return Verdict(progress="Waiting for the Deployment controller")
    namespace, chosen = _namespace(live), pods.selector(live)
    revision = annotation(live, _REVISION)
    sets = pods.owned(cluster.list("apps/v1", "ReplicaSet", namespace, chosen), live)
    newest = next((entry for entry in sets if annotation(entry, _REVISION) == revision), None)
    wanted = at(newest or {}, "spec", "replicas")
    wanted = 1 if wanted is None else int(wanted)
    ready = int(at(newest or {}, "status", "readyReplicas") or 0)
    available = pods.is_true(live, "Available")
    progressing = pods.condition(live, "Progressing") or {}
    complete = progressing.get("status") == "True" and progressing.get("reason") == "NewReplicaSetAvailable"
    first_revision = revision == "1"
    unbound = _unbound_claims(live, cluster)
    if newest and ready >= wanted and available and (complete or first_revision) and not unbound:
        return READY

    refused = refusals.of_replica_set(newest or {}) if ready < wanted else []
    reasons = refused + [
        f"[{entry.get('reason')}] {entry.get('message')}"
        for entry in (progressing, pods.condition(live, "Available") or {})
        if entry.get("status") == "False"
    ]
    if unbound:
        reasons.append(f"Failed to bind PersistentVolumeClaim(s): {', '.join(unbound)}")
    if not available:
        reasons.append("Minimum number of live Pods was not attained")
    elif ready < wanted and not first_revision:
        reasons.append("Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live")
    else:
        reasons.append("Minimum number of Pods to consider the application live was not attained")
    reasons.append(f"{ready}/{wanted} Pods available")
    found = pods.owned(cluster.list("v1", "Pod", namespace, chosen), newest) if newest else []
    reasons += pods.reasons(found)
    return Verdict(
        progress=f"Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)",
        reasons=reasons,
        stuck=refusals.lasting(refused, namespace, cluster) or refusals.of_kubelets(found),
    )


def stateful_set(live: Manifest, cluster: Lookup) -> Verdict:
    """Every pod is ready and, unless updates are held back, of the newest revision."""
    if not _observed(live):
        return Verdict(progress="Waiting for the StatefulSet controller")
    wanted = at(live, "spec", "replicas")
    wanted = 1 if wanted is None else int(wanted)
    status = live.get("status") or {}
    ready = int(status.get("readyReplicas") or 0)
    strategy = at(live, "spec", "updateStrategy") or {}
    partition = int(at(strategy, "rollingUpdate", "partition") or 0)
    held_back = strategy.get("type") == "OnDelete" or partition > 0
    updated = held_back or status.get("currentRevision") == status.get("updateRevision")
    if partition > 0:
        updated = int(status.get("updatedReplicas") or 0) >= wanted - partition
    if ready >= wanted and updated:
        return READY
    reasons = [f"{ready} out of {wanted} replicas succeeded readiness checks"]
    if not updated:
        reasons.append("StatefulSet controller failed to advance from revision to revision: the update is not complete")
    found = pods.owned(cluster.list("v1", "Pod", _namespace(live), pods.selector(live)), live)
    refused = refusals.of_controller(live, cluster) if len(found) < wanted else []
    return Verdict(
        progress=f"Waiting for StatefulSet to be ready ({ready}/{wanted} Pods ready)",
        reasons=refused + reasons + pods.reasons(found),
        stuck=refusals.lasting(refused, _namespace(live), cluster) or refusals.of_kubelets(found),
    )


def daemon_set(live: Manifest, cluster: Lookup) -> Verdict:
    """Every node that should has an available pod of the newest generation."""
    if not _observed(live):
        return Verdict(progress="Waiting for the DaemonSet controller")
    status = live.get("status") or {}
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated, ready = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
    if at(live, "spec", "updateStrategy", "type") == "OnDelete" or (updated >= wanted and ready >= wanted):
        return READY
    found = pods.owned(cluster.list("v1", "Pod", _namespace(live), pods.selector(live)), live)
    return Verdict(
        progress=f"Waiting for DaemonSet to be ready ({ready}/{wanted} Pods available)",
        reasons=[f"{ready}/{wanted} Pods available", *pods.reasons(found)],
    )


def job(live: Manifest, cluster: Lookup) -> Verdict:
    """The job has completed; one that has failed will not."""
    if pods.is_true(live, "Complete"):
        return READY
    status = live.get("status") or {}
    counts = " | ".join(f"{name.capitalize()}: {status.get(name, 0)}" for name in ("active", "succeeded", "failed"))
    found = pods.owned(cluster.list("v1", "Pod", _namespace(live), pods.selector(live)), live)
    progress = f'Waiting for Job "{at(live, "metadata", "name")}" to succeed ({counts})'
    failed = pods.condition(live, "Failed")
    if failed and failed.get("status") == "True":
        reasons = [f"[{failed.get('reason')}] {failed.get('message')}", *pods.reasons(found)]
        return Verdict(progress=progress, reasons=reasons, hopeless=True)
    refused = [] if found else refusals.of_controller(live, cluster)
    return Verdict(
        progress=progress,
        reasons=[*refused, progress, *pods.reasons(found)],
        stuck=refusals.lasting(refused, _namespace(live), cluster) or refusals.of_kubelets(found),
    )


def pod(live: Manifest, cluster: Lookup) -> Verdict:
    """The pod is ready, or has ended well; one that has failed stays so."""
    if pods.is_ready(live):
        return READY
    name = at(live, "metadata", "name")
    return Verdict(
        progress=f'Waiting for Pod "{name}" to be ready',
        reasons=pods.reasons([live]) or [f"Pod {name} is in phase {at(live, 'status', 'phase')}"],
        hopeless=at(live, "status", "phase") == "Failed",
    )


def service(live: Manifest, cluster: Lookup) -> Verdict:
    """Ready pods are behind it, and a load balancer has an address.

    A headless or external one is ready at once, one without a selector waits for no pods.
    """
    kind = at(live, "spec", "type") or "ClusterIP"
    if kind == "ExternalName" or at(live, "spec", "clusterIP") == "None":
        return READY
    addressed = kind != "LoadBalancer" or bool(at(live, "status", "loadBalancer", "ingress"))
    targeted = not at(live, "spec", "selector") or _has_ready_endpoints(live, cluster)
    if addressed and targeted:
        return Verdict(ready=True, settles=bool(at(live, "spec", "selector")))
    reasons: list[str] = []
    if not targeted:
        reasons.append(
            "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not "
            "match labels on any Pods"
        )
    if not addressed:
        reasons.append("Service was not allocated an IP address; does your cloud provider support this?")
    step = "[1/3] Finding Pods to direct traffic to" if not targeted else "[2/3] Attempting to allocate IP address"
    return Verdict(progress=step, reasons=reasons)


def claim(live: Manifest, cluster: Lookup) -> Verdict:
    """The claim is bound, or its class binds it only when a pod needs it."""
    if at(live, "status", "phase") == "Bound" or _binds_late(live, cluster):
        return READY
    text = f"PersistentVolumeClaim is in phase {at(live, 'status', 'phase')}, not Bound"
    return Verdict(progress="Waiting for PersistentVolumeClaim to be bound", reasons=[text])


def ingress(live: Manifest, cluster: Lookup) -> Verdict:
    """An ingress controller has given it an address."""
    if at(live, "status", "loadBalancer", "ingress"):
        return READY
    text = "Ingress .status.loadBalancer field was not updated with a hostname/IP address"
    return Verdict(progress="Waiting for an address", reasons=[text])


def resource_quota(live: Manifest, cluster: Lookup) -> Verdict:
    """The quota controller counts: pods made before would be refused."""
    wanted, in_force = at(live, "spec", "hard") or {}, at(live, "status", "hard") or {}
    # What admits a pod looks at the status: until it follows, a quota that was raised refuses as before.
    if all(same_amount(value, in_force.get(name)) for name, value in wanted.items()):
        return READY
    return Verdict(progress="Waiting for the quota to be in force", reasons=["the quota is not in force yet"])


def custom_resource_definition(live: Manifest, cluster: Lookup) -> Verdict:
    """Its objects can be made."""
    if pods.is_true(live, "Established"):
        return READY
    text = (pods.condition(live, "NamesAccepted") or {}).get("message") or "the definition is not established"
    return Verdict(progress="Waiting for the definition to be established", reasons=[str(text)])


def _observed(live: Manifest) -> bool:
    return int(at(live, "status", "observedGeneration") or 0) >= int(at(live, "metadata", "generation") or 0)


def _namespace(live: Manifest) -> str:
    return str(at(live, "metadata", "namespace") or "default")


def _unbound_claims(live: Manifest, cluster: Lookup) -> list[str]:
    volumes = at(live, "spec", "template", "spec", "volumes") or []
    names = {at(volume, "persistentVolumeClaim", "claimName") for volume in volumes} - {None}
    if not names:
        return []
    claims = cluster.list("v1", "PersistentVolumeClaim", _namespace(live))
    bound = {at(entry, "metadata", "name") for entry in claims if at(entry, "status", "phase") == "Bound"}
    return sorted(names - bound)


def _has_ready_endpoints(live: Manifest, cluster: Lookup) -> bool:
    name = at(live, "metadata", "name")
    slices = cluster.list(
        "discovery.k8s.io/v1", "EndpointSlice", _namespace(live), f"kubernetes.io/service-name={name}"
    )
    return any(
        # Not set means unknown, which is to be taken as ready.
        at(endpoint, "conditions", "ready") is not False
        for entry in slices
        for endpoint in entry.get("endpoints") or []
    )


def _binds_late(live: Manifest, cluster: Lookup) -> bool:
    name = at(live, "spec", "storageClassName")
    for entry in cluster.list("storage.k8s.io/v1", "StorageClass", ""):
        default = annotation(entry, "storageclass.kubernetes.io/is-default-class") == "true"
        if at(entry, "metadata", "name") == name or (name is None and default):
            return entry.get("volumeBindingMode") == "WaitForFirstConsumer"
    return False


_JUDGES: dict[tuple[str, str], Judge] = {
    ("apps/v1", "DaemonSet"): daemon_set,
    ("apps/v1", "Deployment"): deployment,
    ("apps/v1", "StatefulSet"): stateful_set,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): custom_resource_definition,
    ("batch/v1", "Job"): job,
    ("networking.k8s.io/v1", "Ingress"): ingress,
    ("v1", "PersistentVolumeClaim"): claim,
    ("v1", "Pod"): pod,
    ("v1", "ResourceQuota"): resource_quota,
    ("v1", "Service"): service,
}
