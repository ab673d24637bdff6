"""What a pod may do on its node, as Pod Security `restricted` has it, and a little more.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.kubernetes import Container, containers, pod_of, pod_path
from policy.resource import Marker, Resource, listing, mapping, value_at
from policy.rule import Finding, Findings, resource_rule


@resource_rule("restricted-pod")
def restricted_pod(resource: Resource) -> Findings:
    """Containers are not root, gain no privileges, drop every capability and use the runtime's seccomp profile."""
    pod = pod_of(resource)
    if pod is None:
        return
    for container in containers(resource):
        path = f"{container.path}.securityContext"
        if _said(pod, container, "runAsNonRoot") is not True:
            yield Finding(resource, f"{path}.runAsNonRoot", f"is not true for {container.name}", "set it to True")
        if _said(pod, container, "runAsUser") == 0:
            yield Finding(resource, f"{path}.runAsUser", f"is root for {container.name}", "set another user")
        if _said(pod, container, "seccompProfile.type") not in ("RuntimeDefault", "Localhost", Marker.UNKNOWN):
            yield Finding(
                resource,
                f"{path}.seccompProfile.type",
                f"is missing for {container.name}",
                'set it to "RuntimeDefault"',
            )
        own = mapping(container.manifest.get("securityContext"))
        if own.get("allowPrivilegeEscalation") is not False:
            yield Finding(
                resource, f"{path}.allowPrivilegeEscalation", f"is not false for {container.name}", "set it to False"
            )
        if "ALL" not in listing(value_at(own, "capabilities.drop")):
            yield Finding(
                resource, f"{path}.capabilities.drop", f"does not hold ALL for {container.name}", 'set it to ["ALL"]'
            )
        added = set(listing(value_at(own, "capabilities.add"))) - {"NET_BIND_SERVICE"}
        if added:
            yield Finding(
                resource,
                f"{path}.capabilities.add",
                f"gives {', '.join(sorted(map(str, added)))} to {container.name}",
                "remove it",
            )


@resource_rule("privileged-pod")
def privileged_pod(resource: Resource) -> Findings:
    """No container is privileged."""
    for container in containers(resource):
        if value_at(container.manifest, "securityContext.privileged") is True:
            yield Finding(
                resource,
                f"{container.path}.securityContext.privileged",
                f"makes {container.name} root on its node",
                "remove it",
            )


@resource_rule("read-only-root")
def read_only_root(resource: Resource) -> Findings:
    """Containers write to volumes alone."""
    for container in containers(resource):
        if value_at(container.manifest, "securityContext.readOnlyRootFilesystem") is not True:
            yield Finding(
                resource,
                f"{container.path}.securityContext.readOnlyRootFilesystem",
                f"is not true for {container.name}: an intruder can change the program",
                "set it to True and mount an emptyDir where the program writes",
            )


@resource_rule("apart-from-the-node")
def apart_from_the_node(resource: Resource) -> Findings:
    """No pod shares its node's network, processes or files."""
    pod = pod_of(resource)
    if pod is None:
        return
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key) is True:
            yield Finding(
                resource, f"{pod_path(resource)}.{key}", "is true: the pod sees what is its node's", "remove it"
            )
    for index, volume in enumerate(listing(pod.get("volumes"))):
        source = value_at(volume, "hostPath.path")
        if source is not None:
            yield Finding(
                resource,
                f"{pod_path(resource)}.volumes.{index}.hostPath",
                f"mounts {source} of the node",
                "use a claim",
            )


@resource_rule("service-account-token")
def service_account_token(resource: Resource) -> Findings:
    """No pod carries a token for the cluster's API unless its service account is one that was made for it."""
    pod = pod_of(resource)
    if pod is None or pod.get("automountServiceAccountToken") is False:
        return
    account = pod.get("serviceAccountName")
    if pod.get("automountServiceAccountToken") is True and account not in (None, "", "default"):
        return
    yield Finding(
        resource,
        f"{pod_path(resource)}.automountServiceAccountToken",
        "is not false: whoever breaks in can ask the cluster's API",
        "set it to False, or to True with a service account of the pod's own",
    )


@resource_rule("enforced-namespace")
def enforced_namespace(resource: Resource) -> Findings:
    """A namespace enforces the restricted Pod Security Standard."""
    if resource.package != "kubernetes" or resource.kind != "Namespace":
        return
    labels = mapping(resource.at("metadata.labels"))
    if labels.get("pod-security.kubernetes.io/enforce") not in ("restricted", Marker.UNKNOWN):
        yield Finding(
            resource,
            "metadata.labels.pod-security.kubernetes.io/enforce",
            "is not restricted: any pod may be started there",
            'set it to "restricted"',
        )


def _said(pod: Mapping[str, Any], container: Container, key: str) -> Any:
    """What a container's security context says, or its pod's where it is silent."""
    own = value_at(container.manifest, f"securityContext.{key}")
    return own if own is not None else value_at(pod, f"securityContext.{key}")
