"""Examples of what stands around the pods of a cluster: network policies, budgets, autoscalers, namespaces."""

from __future__ import annotations

from policy.rule import Environment
from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource, without

LABELS = {"app": "users"}
METADATA = {"namespace": "gostack"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {"topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}]},
}
WORKLOAD = resource(
    "kubernetes:apps/v1:Deployment",
    "users",
    {
        "metadata": {**METADATA, "name": "users"},
        "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}, "template": TEMPLATE},
    },
)
SCALER = resource(
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "users-scaler",
    {
        "metadata": METADATA,
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 10,
            "scaleTargetRef": {"kind": "Deployment", "name": "users"},
            "metrics": [{"type": "Resource"}],
        },
    },
)
FIXED = resource(
    "kubernetes:apps/v1:StatefulSet",
    "consul",
    {
        "metadata": {**METADATA, "name": "consul"},
        "spec": {
            "replicas": 3,
            "template": {
                "metadata": {"labels": {"app": "consul"}},
                "spec": {"affinity": {"podAntiAffinity": {"x": []}}},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        },
    },
    protect=True,
)
BUDGETS = [
    resource(
        "kubernetes:policy/v1:PodDisruptionBudget",
        f"{app}-budget",
        {"metadata": METADATA, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}}},
    )
    for app in ("users", "consul")
]
AVAILABLE = graph(WORKLOAD, SCALER, FIXED, *BUDGETS)

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
DENY = resource(
    POLICY, "deny", {"metadata": METADATA, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
)
ALLOW = resource(
    POLICY,
    "allow",
    {
        "metadata": METADATA,
        "spec": {
            "podSelector": {"matchLabels": LABELS},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "ingress"}}}], "ports": [{"port": 8080}]}],
        },
    },
)
SERVICE = resource(
    "kubernetes:core/v1:Service",
    "users-service",
    {"metadata": METADATA, "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]}},
)
GUARDED = graph(WORKLOAD, DENY, ALLOW, SERVICE)
NAMESPACE = graph(
    resource(
        "kubernetes:core/v1:Namespace",
        "namespace",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    )
)
CLASS = resource("kubernetes:storage.k8s.io/v1:StorageClass", "disks", {"reclaimPolicy": "Retain"})
KEPT = graph(FIXED, CLASS)

EXAMPLES = {
    "replicas": Example(
        AVAILABLE,
        {
            "an autoscaler's one": changed(AVAILABLE, "users-scaler", "spec.minReplicas", 1),
            "one by default": without(AVAILABLE, "users-scaler"),
            "one": changed(AVAILABLE, "consul", "spec.replicas", 1),
        },
    ),
    "disruption-budget": Example(
        AVAILABLE,
        {
            "none": without(AVAILABLE, "users-budget"),
            "of another workload": changed(AVAILABLE, "users-budget", "spec.selector.matchLabels.app", "user"),
            "of another namespace": changed(AVAILABLE, "users-budget", "metadata.namespace", "other"),
            "nobody may go": changed(AVAILABLE, "users-budget", "spec.maxUnavailable", 0),
        },
    ),
    "autoscaler-bounds": Example(
        AVAILABLE,
        {
            "upside down": changed(AVAILABLE, "users-scaler", "spec.minReplicas", 20),
            "nothing to judge by": changed(AVAILABLE, "users-scaler", "spec.metrics", []),
        },
    ),
    "autoscaler-owns-replicas": Example(AVAILABLE, {"both say": changed(AVAILABLE, "users", "spec.replicas", 3)}),
    "rolling-update": Example(
        AVAILABLE,
        {
            "a quarter may go": changed(AVAILABLE, "users", "spec.strategy", REMOVED),
            "one may go": changed(AVAILABLE, "users", "spec.strategy.rollingUpdate.maxUnavailable", 1),
            "all go first": changed(AVAILABLE, "users", "spec.strategy.type", "Recreate"),
        },
    ),
    "spread": Example(
        AVAILABLE,
        {
            "nowhere": changed(AVAILABLE, "users", "spec.template.spec.topologySpreadConstraints", []),
            "over nodes alone": changed(
                AVAILABLE,
                "users",
                "spec.template.spec.topologySpreadConstraints.0.topologyKey",
                "kubernetes.io/hostname",
            ),
        },
    ),
    "default-deny": Example(
        GUARDED,
        {
            "none": without(GUARDED, "deny"),
            "ingress alone": changed(GUARDED, "deny", "spec.policyTypes", ["Ingress"]),
            "in another namespace": changed(GUARDED, "deny", "metadata.namespace", "other"),
            "for some pods": changed(GUARDED, "deny", "spec.podSelector.matchLabels.app", "users"),
            "with a way in": changed(GUARDED, "deny", "spec.ingress", [{"from": []}]),
        },
        Environment.STAGING,
    ),
    "reachable-by-policy": Example(
        GUARDED,
        {
            "no way in": without(GUARDED, "allow"),
            "for other pods": changed(GUARDED, "allow", "spec.podSelector.matchLabels.app", "orders"),
        },
        Environment.STAGING,
    ),
    "policy-names-peers": Example(
        GUARDED,
        {
            "everybody in": changed(GUARDED, "allow", "spec.ingress.0", {}),
            "everything out": changed(GUARDED, "allow", "spec.egress", [{}]),
        },
    ),
    "enforced-namespace": Example(
        NAMESPACE,
        {
            "not said": changed(NAMESPACE, "namespace", "metadata.labels", REMOVED),
            "baseline": changed(
                NAMESPACE, "namespace", "metadata.labels.pod-security.kubernetes.io/enforce", "baseline"
            ),
        },
    ),
    "retained-claims": Example(
        KEPT,
        {
            "deleted with the pods": changed(
                KEPT, "consul", "spec.persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"}
            ),
            "deleted when scaled": changed(
                KEPT, "consul", "spec.persistentVolumeClaimRetentionPolicy", {"whenScaled": "Delete"}
            ),
            "deleted with the claim": changed(KEPT, "disks", "reclaimPolicy", REMOVED),
        },
    ),
}
