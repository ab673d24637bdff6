"""Every rule, one file a subject."""

from __future__ import annotations

from policy.rule import Rule
from policy.rules import (
    availability,
    cluster_network,
    containers,
    encryption,
    identity,
    images,
    labels,
    logs,
    network,
    pod_security,
    protection,
    providers,
    secrets,
    storage,
    tls,
    versions,
    workloads,
)

SUBJECTS = (
    network,
    cluster_network,
    storage,
    encryption,
    tls,
    secrets,
    identity,
    providers,
    protection,
    availability,
    workloads,
    pod_security,
    containers,
    images,
    logs,
    labels,
    versions,
)

RULES: tuple[Rule, ...] = tuple(
    item for subject in SUBJECTS for item in vars(subject).values() if isinstance(item, Rule)
)
"""All rules, in the order of their subjects."""
