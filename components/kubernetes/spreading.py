"""Where the pods of a workload are put: apart from each other, as far as the cluster allows it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

_TOPOLOGY_KEYS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "kubernetes.io/hostname")
# The nearer two pods are, the less they like each other.
_ANTI_AFFINITY_WEIGHTS = {"topology.kubernetes.io/zone": 50, "kubernetes.io/hostname": 100}


def topology_spread(selector: Mapping[str, pulumi.Input[str]]) -> list[k8s.core.v1.TopologySpreadConstraintArgs]:
    """Return constraints that spread pods over regions, zones and nodes.

    `ScheduleAnyway`: with `DoNotSchedule` the replacements of a lost zone's pods would wait until it is back.
    """
    return [
        k8s.core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=place,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(selector)),
        )
        for place in _TOPOLOGY_KEYS
    ]


def anti_affinity(selector: Mapping[str, pulumi.Input[str]]) -> k8s.core.v1.AffinityArgs:
    """Return the preference that two pods share neither a zone nor a node."""
    return k8s.core.v1.AffinityArgs(
        pod_anti_affinity=k8s.core.v1.PodAntiAffinityArgs(
            preferred_during_scheduling_ignored_during_execution=[
                k8s.core.v1.WeightedPodAffinityTermArgs(
                    weight=weight,
                    pod_affinity_term=k8s.core.v1.PodAffinityTermArgs(
                        topology_key=place,
                        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(selector)),
                    ),
                )
                for place, weight in _ANTI_AFFINITY_WEIGHTS.items()
            ]
        )
    )
