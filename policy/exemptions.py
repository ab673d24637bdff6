"""Exemptions from the rules: each for one rule and named resources, with a reason and an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from policy.rule import Finding


@dataclass(frozen=True)
class Exemption:
    """One exemption."""

    rule: str
    """Name of the rule."""

    type: str
    """Type token of the resources."""

    name: str
    """Name of the resources; `*` stands for any text."""

    reason: str
    """Why the rule does not hold for them, in a sentence."""

    until: date
    """Last day on which it holds: then somebody has to look again."""

    def covers(self, rule: str, finding: Finding) -> bool:
        """Return whether it excuses a finding of a rule."""
        resource = finding.resource
        return rule == self.rule and resource.type == self.type and fnmatchcase(resource.name, self.name)


_CONTAINER = "docker:index/container:Container"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
_REVIEW = date(2027, 11, 30)

_HOLDER = "It answers nobody: its pod only lives on until resolvers have forgotten a region that goes."
_KNOWN_AGAIN = "What Consul knows is told again: instances register themselves, and `up` writes the settings."
_READS_LOGS = "The engine's logs belong to root. It reads them without a capability, from read-only mounts."
_CACHED = "A copy of a public image, which the registry fetches again by its digest."
_OF_THE_CLUSTER = "An object of the cluster, by a name that EKS knows; the cluster's tags say whose it is."

EXEMPTIONS: tuple[Exemption, ...] = (
    *(
        Exemption(rule, _DEPLOYMENT, "drain-*-holder", _HOLDER, _REVIEW)
        for rule in ("probes", "replicas", "disruption-budget", "rolling-update", "spread")
    ),
    Exemption("protected-data", _STATEFUL_SET, "consul-*-server", _KNOWN_AGAIN, _REVIEW),
    Exemption("retained-claims", _STATEFUL_SET, "consul-*-server", _KNOWN_AGAIN, _REVIEW),
    Exemption("protected-data", "aws:ecr/repository:Repository", "registry-*-ecr-public-*", _CACHED, _REVIEW),
    Exemption("protected-data", "aws:ecr/repository:Repository", "registry-*-kubernetes-*", _CACHED, _REVIEW),
    Exemption("container-hardened", _CONTAINER, "telemetry-collector", _READS_LOGS, _REVIEW),
    Exemption("labels", "kubernetes:core/v1:ConfigMap", "defaults-*-network-policies", _OF_THE_CLUSTER, _REVIEW),
    Exemption("labels", "kubernetes:storage.k8s.io/v1:StorageClass", "defaults-*-disks", _OF_THE_CLUSTER, _REVIEW),
)
"""Every exemption in force."""
