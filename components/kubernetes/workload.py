"""What workloads share: an account without rights, a budget of disruptions, a Secret, a Service."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import selector


def service_account(
    name: str, namespace: pulumi.Input[str], labels: Mapping[str, str], parent: pulumi.Resource
) -> k8s.core.v1.ServiceAccount:
    """Return an account that may do nothing on the cluster, and whose token no pod gets."""
    return k8s.core.v1.ServiceAccount(
        name,
        metadata=metadata(name, namespace, labels),
        automount_service_account_token=False,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def disruption_budget(
    name: str, namespace: pulumi.Input[str], labels: Mapping[str, str], parent: pulumi.Resource
) -> k8s.policy.v1.PodDisruptionBudget:
    """Return the rule that nobody evicts more than one of these pods at a time."""
    return k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata=metadata(name, namespace, labels),
        spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(labels)),
            # One that is not well anyway must not keep a node from being emptied.
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def immutable_secret(
    name: str,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    values: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Make a Secret and return its name. A changed value makes a new one, so that what uses it is rolled out anew."""
    secret = k8s.core.v1.Secret(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(namespace=namespace, labels=dict(labels)),
        immutable=True,
        type="Opaque",
        # Secret in the state, by the SDK's own doing.
        string_data=dict(sorted(values.items())),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return object_name(secret)


def immutable_config_map(
    name: str,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    files: Mapping[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Make a ConfigMap and return its name. A changed file makes a new one, so that what uses it is rolled out anew."""
    config_map = k8s.core.v1.ConfigMap(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(namespace=namespace, labels=dict(labels)),
        immutable=True,
        data=dict(sorted(files.items())),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return object_name(config_map)


def object_name(resource: k8s.core.v1.Secret | k8s.core.v1.ConfigMap | k8s.batch.v1.Job) -> pulumi.Output[str]:
    """Return the name of an object that Pulumi named."""
    return pulumi.Output.unsecret(resource.metadata.apply(lambda found: str(found.name)))


def metadata(
    name: pulumi.Input[str] | None,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> k8s.meta.v1.ObjectMetaArgs:
    """Return the metadata of an object in a namespace; None lets Pulumi name it."""
    return k8s.meta.v1.ObjectMetaArgs(
        name=name,
        namespace=namespace,
        labels=dict(labels),
        annotations=dict(annotations) if annotations else None,
    )


def timeout_annotation(seconds: int) -> dict[str, str]:
    """Return the annotation that bounds how long an update waits for an object."""
    return {"pulumi.com/timeoutSeconds": str(seconds)}
