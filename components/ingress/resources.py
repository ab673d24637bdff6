"""What the pods of an ingress ask for on Kubernetes, and how many there are."""

from __future__ import annotations

from components.kubernetes.resources import Resources

INGRESS_REPLICAS = 2
"""Pods of a region's ingress. Another configuration comes up as so many new ones beside them."""

INGRESS_SCRATCH_MIB = 32
"""Memory in MiB for the scratch folder of an Nginx, which writes no body there."""


def ingress_resources(*, memory_mib: int) -> Resources:
    """Return what the Nginx of an ingress takes whose limit is given in MiB."""
    return Resources(cpu_request=0.1, memory_request_mib=64, cpu_limit=1, memory_limit_mib=memory_mib)
