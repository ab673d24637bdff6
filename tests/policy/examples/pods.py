"""Examples of pods and their containers."""

from __future__ import annotations

from policy.rule import Environment
from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource

DIGEST = "registry.example.com/users@sha256:" + "a1" * 32
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
SECURITY = f"{CONTAINER}.securityContext"
LABELS = {
    "app.kubernetes.io/name": "users",
    "gostack.project": "gostack",
    "gostack.stack": "prod",
}
MANIFEST = {
    "name": "users",
    "image": DIGEST,
    "ports": [{"containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8080}},
    "livenessProbe": {"httpGet": {"path": "/health/live", "port": 8080}},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
}
WORKLOAD = graph(
    resource(
        "kubernetes:apps/v1:Deployment",
        "users",
        {
            "metadata": {"labels": LABELS},
            "spec": {
                "template": {
                    "spec": {
                        "automountServiceAccountToken": False,
                        "terminationGracePeriodSeconds": 30,
                        "securityContext": {
                            "runAsNonRoot": True,
                            "runAsUser": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "volumes": [{"name": "tmp", "emptyDir": {}}],
                        "containers": [MANIFEST],
                    }
                }
            },
        },
    )
)
WORKER = changed(WORKLOAD, "users", "spec.template.metadata", {"labels": {"gostack.kind": "worker"}})
JOB = graph(
    resource(
        "kubernetes:batch/v1:Job",
        "migrations",
        {"metadata": {"labels": LABELS}, "spec": {"backoffLimit": 2, "activeDeadlineSeconds": 300}},
    )
)
SECRETS = graph(resource("kubernetes:core/v1:Secret", "passwords", {"stringData": "[secret]"}))


EXAMPLES = {
    "probes": Example(
        WORKLOAD,
        {
            "no readiness": changed(WORKLOAD, "users", f"{CONTAINER}.readinessProbe", REMOVED),
            "no liveness": changed(WORKLOAD, "users", f"{CONTAINER}.livenessProbe", REMOVED),
            "a probe of nothing": changed(WORKLOAD, "users", f"{CONTAINER}.livenessProbe", {"periodSeconds": 5}),
            "a sidecar without": changed(
                WORKLOAD, "users", f"{POD}.initContainers", [{"name": "agent", "restartPolicy": "Always"}]
            ),
            "a worker's sidecar without": changed(
                WORKER, "users", f"{POD}.initContainers", [{"name": "agent", "restartPolicy": "Always"}]
            ),
        },
    ),
    "probes-differ": Example(
        WORKLOAD,
        {"the same": changed(WORKLOAD, "users", f"{CONTAINER}.livenessProbe.httpGet.path", "/health/ready")},
    ),
    "resources": Example(
        WORKLOAD,
        {
            "no limit": changed(WORKLOAD, "users", f"{CONTAINER}.resources.limits", REMOVED),
            "no request of memory": changed(WORKLOAD, "users", f"{CONTAINER}.resources.requests.memory", REMOVED),
            "no request of CPU": changed(WORKLOAD, "users", f"{CONTAINER}.resources.requests.cpu", REMOVED),
            "nothing": changed(WORKLOAD, "users", f"{CONTAINER}.resources", REMOVED),
        },
    ),
    "graceful-stop": Example(
        WORKLOAD, {"killed while it waits": changed(WORKLOAD, "users", f"{POD}.terminationGracePeriodSeconds", 5)}
    ),
    "job-bounded": Example(
        JOB,
        {
            "no end": changed(JOB, "migrations", "spec.activeDeadlineSeconds", REMOVED),
            "six times": changed(JOB, "migrations", "spec.backoffLimit", REMOVED),
        },
    ),
    "no-host-port": Example(
        WORKLOAD, {"a port of the node": changed(WORKLOAD, "users", f"{CONTAINER}.ports.0.hostPort", 8080)}
    ),
    "restricted-pod": Example(
        WORKLOAD,
        {
            "perhaps root": changed(WORKLOAD, "users", f"{POD}.securityContext.runAsNonRoot", REMOVED),
            "root": changed(WORKLOAD, "users", f"{SECURITY}.runAsUser", 0),
            "no seccomp": changed(WORKLOAD, "users", f"{POD}.securityContext.seccompProfile", REMOVED),
            "gains privileges": changed(WORKLOAD, "users", f"{SECURITY}.allowPrivilegeEscalation", REMOVED),
            "keeps capabilities": changed(WORKLOAD, "users", f"{SECURITY}.capabilities", REMOVED),
            "gets a capability": changed(WORKLOAD, "users", f"{SECURITY}.capabilities.add", ["SYS_ADMIN"]),
        },
    ),
    "privileged-pod": Example(WORKLOAD, {"privileged": changed(WORKLOAD, "users", f"{SECURITY}.privileged", True)}),
    "read-only-root": Example(
        WORKLOAD, {"writable": changed(WORKLOAD, "users", f"{SECURITY}.readOnlyRootFilesystem", False)}
    ),
    "apart-from-the-node": Example(
        WORKLOAD,
        {
            "its network": changed(WORKLOAD, "users", f"{POD}.hostNetwork", True),
            "its processes": changed(WORKLOAD, "users", f"{POD}.hostPID", True),
            "its files": changed(WORKLOAD, "users", f"{POD}.volumes.0", {"name": "x", "hostPath": {"path": "/var"}}),
        },
    ),
    "service-account-token": Example(
        WORKLOAD,
        {
            "by default": changed(WORKLOAD, "users", f"{POD}.automountServiceAccountToken", REMOVED),
            "of the default account": changed(WORKLOAD, "users", f"{POD}.automountServiceAccountToken", True),
        },
    ),
    "rehearsed-image": Example(
        WORKLOAD,
        {"a tag": changed(WORKLOAD, "users", f"{CONTAINER}.image", "registry.example.com/users:1.2.3")},
        Environment.STAGING,
    ),
    "pinned-image": Example(
        WORKLOAD, {"a tag": changed(WORKLOAD, "users", f"{CONTAINER}.image", "registry.example.com/users:1.2.3")}
    ),
    "labels": Example(
        WORKLOAD,
        {
            "none": changed(WORKLOAD, "users", "metadata.labels", REMOVED),
            "no name": changed(WORKLOAD, "users", "metadata.labels.app.kubernetes.io/name", REMOVED),
        },
    ),
    "kubernetes-secret-marked": Example(
        SECRETS,
        {
            "not marked": changed(SECRETS, "passwords", "stringData", {"password": "hunter2"}),
            "only encoded": changed(SECRETS, "passwords", "data", {"password": "aHVudGVyMg=="}),
        },
    ),
}
