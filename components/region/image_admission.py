"""The cluster's own word on images: which pods a namespace takes, whoever asks for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.images.reference import DOCKER_HUB, DOCKER_HUB_NAMES

_BY_DIGEST = "@sha256:[0-9a-f]{64}$"
_IMAGES = " + ".join(
    f"object.spec.?{kind}.orValue([]).filter(one, oldObject == null || !oldObject.spec.?{kind}.orValue([])"
    ".exists(old, old.name == one.name && old.image == one.image)).map(one, one.image)"
    for kind in ("containers", "initContainers", "ephemeralContainers")
)
"""The images that a request brings. What a pod had before stays its own: else no controller could adopt an older pod,
nor take a finalizer off it."""


def image_admission(
    name: str, namespace: str, registries: Sequence[str], labels: Mapping[str, str], parent: pulumi.Resource
) -> list[pulumi.CustomResource]:
    """Refuse what brings an image into a pod of a namespace that is named without its digest, or that comes from a
    registry that is not among these (host[:port][/prefix]). Another change of a pod passes, and so does its removal."""
    # Objects of the cluster: their names say whose they are.
    metadata = k8s.meta.v1.ObjectMetaArgs(name=f"{namespace}-images", labels=dict(labels))
    kinds = k8s.admissionregistration.v1.NamedRuleWithOperationsArgs(
        api_groups=[""],
        api_versions=["v1"],
        operations=["CREATE", "UPDATE"],
        resources=["pods", "pods/ephemeralcontainers"],
    )
    policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
        name,
        metadata=metadata,
        spec=k8s.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            match_constraints=k8s.admissionregistration.v1.MatchResourcesArgs(resource_rules=[kinds]),
            variables=[k8s.admissionregistration.v1.VariableArgs(name="images", expression=_IMAGES)],
            validations=[
                _every_image(_BY_DIGEST, "has no digest, and may become another image: write it as name@sha256:…"),
                _every_image(registry_pattern(registries), f"is not from {', '.join(registries)}"),
            ],
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    binding = k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        f"{name}-binding",
        metadata=metadata,
        spec=k8s.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpecArgs(
            policy_name=policy.metadata.apply(lambda found: str(found.name)),
            validation_actions=["Deny"],
            match_resources=k8s.admissionregistration.v1.MatchResourcesArgs(
                namespace_selector=k8s.meta.v1.LabelSelectorArgs(
                    match_labels={"kubernetes.io/metadata.name": namespace}
                )
            ),
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return [policy, binding]


def registry_pattern(registries: Sequence[str]) -> str:
    """Return the pattern of names of images that one of these registries has."""
    return "^(" + "|".join(DOCKER_HUB_NAMES if one == DOCKER_HUB else f"{re.escape(one)}/" for one in registries) + ")"


def _every_image(pattern: str, otherwise: str) -> k8s.admissionregistration.v1.ValidationArgs:
    """A check that the name of every image has a pattern; the message names those that have not."""
    # Raw strings: a backslash is the pattern's.
    fits = f"image.matches(r'{pattern}')"
    return k8s.admissionregistration.v1.ValidationArgs(
        expression=f"variables.images.all(image, {fits})",
        message_expression=f"variables.images.filter(image, !{fits}).join(', ') + ' {otherwise}'",
    )
