"""What an accessory asks for on Kubernetes."""

from __future__ import annotations

from components.kubernetes.resources import Resources


def accessory_resources(*, memory_mib: int, cpus: float) -> Resources:
    """Return what an accessory takes whose limits are given in MiB and cores: all of its memory, which it fills."""
    return Resources(
        cpu_request=min(0.1, cpus), memory_request_mib=memory_mib, cpu_limit=cpus, memory_limit_mib=memory_mib
    )
