"""Names and labels of objects: pure, so that every component finds the others by the same rule."""

from __future__ import annotations

from collections.abc import Mapping

ACCESSORY = "accessory"
APPLICATION = "application"
CONSUL_SERVER = "consul-server"
DYNAMIC_CONFIGURATION = "dynamic-configuration"
JOB = "job"
MYSQL = "mysql"
NGINX = "nginx"
TELEMETRY = "telemetry"

STACK_LABEL = "gostack.stack"
ROLE_LABEL = "gostack.role"

EXPIRES_ANNOTATION = "gostack.expires"
"""Annotation of a namespace with the time in UTC after which it may be removed with its stack."""


def service_host(name: str, namespace: str) -> str:
    """Return the host name of a Service, from every namespace; the cluster's own domain is found by its resolver."""
    return f"{name}.{namespace}.svc"


def workload_labels(labels: Mapping[str, str], *, region: str, service: str, role: str, **more: str) -> dict[str, str]:
    """Return the labels of a workload's objects and pods: the stack's, and those that Kubernetes recommends.

    See https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
    """
    return {
        **labels,
        "gostack.region": region,
        "gostack.service": service,
        ROLE_LABEL: role,
        **{f"gostack.{key}": value for key, value in more.items()},
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/component": role,
        "app.kubernetes.io/part-of": labels.get(STACK_LABEL, "gostack"),
        "app.kubernetes.io/managed-by": "pulumi",
    }


def selector(labels: Mapping[str, str]) -> dict[str, str]:
    """Return those labels of a workload that tell its pods from all others; they never change."""
    keys = ("gostack.service", ROLE_LABEL, "gostack.track", "gostack.member")
    return {key: labels[key] for key in keys if key in labels}
