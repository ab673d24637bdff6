"""What runs in the cluster from the start: rights of the components, DNS, metrics, the default storage class."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from tools.offline.cluster.layout import (
    CLUSTER_DOMAIN,
    CONTROL_PLANE,
    DNS_SERVICE,
    METRICS_PORT,
    PAUSE_IMAGE,
    REGISTRY_PORT,
    STORAGE_PROVISIONER,
)

_ALL_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"]
_READ = ["get", "list", "watch"]


def manifests(kubernetes: Path, authority: bytes) -> str:
    """Every object, as one stream of YAML documents.

    * `kubernetes`: the binary, which has CoreDNS in it.
    * `authority`: the certificate authority of metrics-server's certificate.
    """
    documents = [*_rights(), *_dns(kubernetes), *_metrics(authority), _storage_class(), _registry_hint()]
    return yaml.safe_dump_all(documents, sort_keys=False)


def _rights() -> list[dict[str, Any]]:
    """No component is an administrator: each may do what it does."""
    roles: dict[str, list[dict[str, Any]]] = {
        "network-policy": [
            _rule("", ["pods", "namespaces", "nodes"], _READ),
            _rule("networking.k8s.io", ["networkpolicies"], _READ),
        ],
        "local-cloud": [
            _rule("", ["services", "nodes", "persistentvolumeclaims"], _READ),
            _rule("", ["services", "services/status", "persistentvolumeclaims"], ["patch", "update"]),
            _rule("", ["persistentvolumes"], _ALL_VERBS),
            _rule("", ["events"], ["create", "patch", "update"]),
            _rule("storage.k8s.io", ["storageclasses"], _READ),
        ],
        "metrics-server": [
            _rule("", ["nodes/metrics"], ["get"]),
            _rule("", ["pods", "nodes", "namespaces", "configmaps"], _READ),
        ],
    }
    documents: list[dict[str, Any]] = []
    for name, rules in roles.items():
        role = f"gostack:{name}"
        documents.append({**_object("rbac.authorization.k8s.io/v1", "ClusterRole", role), "rules": rules})
        documents.append(_binding(role, role, _user(f"system:{name}")))
    kubelets = _user("kube-apiserver-kubelet-client")
    documents.append(_binding("gostack:kubelet-client", "system:kubelet-api-admin", kubelets))
    metrics = _user("system:metrics-server")
    documents.append(_binding("gostack:metrics-server-delegator", "system:auth-delegator", metrics))
    reader = _binding("gostack:metrics-server-reader", "extension-apiserver-authentication-reader", metrics)
    reader |= {"kind": "RoleBinding", "roleRef": {**reader["roleRef"], "kind": "Role"}}
    reader["metadata"]["namespace"] = "kube-system"
    return [*documents, reader]


def _dns(kubernetes: Path) -> list[dict[str, Any]]:
    """CoreDNS as pods, under the labels that NetworkPolicies everywhere know it by."""
    labels = {"k8s-app": "kube-dns"}
    corefile = f"""\
.:53 {{
    errors
    health {{
        lameduck 5s
    }}
    ready
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
        ttl 5
    }}
    forward . /etc/resolv.conf
    cache 5
    loadbalance
}}
"""
    container = {
        "name": "coredns",
        # The program is the node's own: no image of two hundred megabytes has to be made and unpacked.
        "image": PAUSE_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/kubernetes", "coredns", "-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
        ],
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 5},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "startupProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1, "failureThreshold": 60},
        "resources": {"requests": {"cpu": "20m", "memory": "40Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": "configuration", "mountPath": "/etc/coredns", "readOnly": True},
            {"name": "program", "mountPath": "/kubernetes", "readOnly": True},
        ],
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    pod = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "topologySpreadConstraints": [spread],
        "tolerations": [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
            for state in ("not-ready", "unreachable")
        ],
        "containers": [container],
        "volumes": [
            {"name": "configuration", "configMap": {"name": "coredns"}},
            {"name": "program", "hostPath": {"path": str(kubernetes), "type": "File"}},
        ],
    }
    system = "kube-system"
    rules = [
        _rule("", ["endpoints", "services", "pods", "namespaces"], ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    ]
    account = {"kind": "ServiceAccount", "name": "coredns", "namespace": system}
    return [
        _object("v1", "ServiceAccount", "coredns", system),
        {**_object("rbac.authorization.k8s.io/v1", "ClusterRole", "system:coredns"), "rules": rules},
        _binding("system:coredns", "system:coredns", account),
        {**_object("v1", "ConfigMap", "coredns", system), "data": {"Corefile": corefile}},
        {
            **_object("apps/v1", "Deployment", "coredns", system, labels),
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "strategy": {"rollingUpdate": {"maxUnavailable": 1}},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            **_object("v1", "Service", "kube-dns", system, labels),
            "spec": {
                "clusterIP": str(DNS_SERVICE),
                "selector": labels,
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                ],
            },
        },
    ]


def _metrics(authority: bytes) -> list[dict[str, Any]]:
    """metrics-server runs beside the API server: a Service without selector leads to it."""
    name, system = "metrics-server", "kube-system"
    return [
        {
            **_object("v1", "Service", name, system),
            "spec": {"ports": [{"name": "https", "port": 443, "targetPort": METRICS_PORT}]},
        },
        {
            **_object("discovery.k8s.io/v1", "EndpointSlice", name, system, {"kubernetes.io/service-name": name}),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [str(CONTROL_PLANE)], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": METRICS_PORT, "protocol": "TCP"}],
        },
        {
            **_object("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io"),
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "service": {"name": name, "namespace": system},
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": base64.b64encode(authority).decode(),
            },
        },
    ]


def _storage_class() -> dict[str, Any]:
    document = _object("storage.k8s.io/v1", "StorageClass", "standard")
    document["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        **document,
        "provisioner": STORAGE_PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _registry_hint() -> dict[str, Any]:
    """The standard way to tell tools of a local registry (KEP-1755)."""
    hint = yaml.safe_dump({"host": f"localhost:{REGISTRY_PORT}", "help": "https://kep.k8s.io/1755"})
    return {
        **_object("v1", "ConfigMap", "local-registry-hosting", "kube-public"),
        "data": {"localRegistryHosting.v1": hint},
    }


def _object(
    version: str, kind: str, name: str, namespace: str | None = None, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


def _user(name: str) -> dict[str, Any]:
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def _binding(name: str, role: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {
        **_object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }
