"""What workloads share: an account without rights, a budget of disruptions, a Secret, a ConfigMap."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import selector
from components.kubernetes.scope import Scope


def service_account(scope: Scope, name: str) -> k8s.core.v1.ServiceAccount:
    """Return an account that may do nothing on the cluster, and whose token no pod gets."""
    return k8s.core.v1.ServiceAccount(
        name, metadata=scope.metadata(name), automount_service_account_token=False, opts=scope.options()
    )


def disruption_budget(scope: Scope, name: str) -> k8s.policy.v1.PodDisruptionBudget:
    """Return the rule that nobody evicts more than one of these pods at a time."""
    return k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata=scope.metadata(name),
        spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(scope.labels)),
            # One that is not well anyway must not keep a node from being emptied.
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
        opts=scope.options(),
    )


def immutable_secret(scope: Scope, name: str, values: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """Make a Secret and return its name. A changed value makes a new one, so that what uses it is rolled out anew."""
    secret = k8s.core.v1.Secret(
        name,
        metadata=scope.metadata(None),
        immutable=True,
        type="Opaque",
        # Secret in the state, by the SDK's own doing.
        string_data=dict(sorted(values.items())),
        opts=scope.options(),
    )
    return object_name(secret)


def immutable_config_map(scope: Scope, name: str, files: Mapping[str, str]) -> pulumi.Output[str]:
    """Make a ConfigMap and return its name. A changed file makes a new one, so that what uses it is rolled out anew."""
    config_map = k8s.core.v1.ConfigMap(
        name, metadata=scope.metadata(None), immutable=True, data=dict(sorted(files.items())), opts=scope.options()
    )
    return object_name(config_map)


def object_name(resource: k8s.core.v1.Secret | k8s.core.v1.ConfigMap | k8s.batch.v1.Job) -> pulumi.Output[str]:
    """Return the name of an object that Pulumi named."""
    return pulumi.Output.unsecret(resource.metadata.apply(lambda found: str(found.name)))
