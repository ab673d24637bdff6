"""Where the objects of a workload are, and whose they are: said once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import ROLE_LABEL, STACK_LABEL


@dataclass(frozen=True)
class Scope:
    """What the objects of a workload have in common."""

    namespace: pulumi.Input[str]
    """Namespace that they are in."""

    labels: Mapping[str, str]
    """Labels that they carry."""

    parent: pulumi.Resource
    """Component that they belong to."""

    @property
    def stack(self) -> str:
        """Stack that they are of."""
        return self.labels.get(STACK_LABEL, "gostack")

    def metadata(
        self, name: pulumi.Input[str] | None, annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> k8s.meta.v1.ObjectMetaArgs:
        """Return the metadata of an object; None lets Pulumi name it."""
        return k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self.namespace,
            labels=dict(self.labels),
            annotations=dict(annotations) if annotations else None,
        )

    def options(self, *depends_on: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        """Return the options of an object, and what it waits for."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(depends_on) or None)


def role_scope(
    namespace: pulumi.Input[str], labels: Mapping[str, str], parent: pulumi.Resource, *, region: str, role: str
) -> Scope:
    """Return the scope of a rule for all pods of a role in a region, whatever they run; `labels` are the stack's."""
    return Scope(namespace, {**labels, "gostack.region": region, ROLE_LABEL: role}, parent)


def timeout_annotation(seconds: int) -> dict[str, str]:
    """Return the annotation that bounds how long an update waits for an object."""
    return {"pulumi.com/timeoutSeconds": str(seconds)}


NOT_AWAITED = {"pulumi.com/skipAwait": "true"}
"""Annotation of an object that an update does not wait for."""
