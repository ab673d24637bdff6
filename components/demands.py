"""What the pods of a stack ask for on Kubernetes, and get at most. In one place, because the settings add it up."""

from __future__ import annotations

from dataclasses import replace

from components.kubernetes.resources import JOB, Resources
from components.microservice.workload import Workload
from components.telemetry.configuration import MEMORY_MIB

CONSUL_AGENT = Resources(cpu_request=0.025, memory_request_mib=64, cpu_limit=0.5, memory_limit_mib=128)
"""A Consul agent, whatever it does beside its pod's program."""

CONSUL_SERVER = Resources(cpu_request=0.1, memory_request_mib=128, cpu_limit=1, memory_limit_mib=256)
"""A Consul server."""

CONSUL_STORAGE_GIB = 1
"""Size of a Consul server's disk in GiB."""

DNS_DRAIN = Resources(cpu_request=0.005, memory_request_mib=8, cpu_limit=0.05, memory_limit_mib=16)
"""The process that only takes its time to end."""

INGRESS_REPLICAS = 2
"""Pods of a region's ingress. Another configuration comes up as so many new ones beside them."""

INGRESS_SCRATCH_MIB = 32
"""Memory in MiB for the scratch folder of an Nginx, which writes no body there."""

TOKEN_VERIFIER = Resources(cpu_request=0.025, memory_request_mib=32, cpu_limit=0.5, memory_limit_mib=64)
"""The program beside an Nginx that verifies bearer tokens."""

TELEMETRY = {
    "metrics": Resources(cpu_request=0.05, memory_request_mib=96, cpu_limit=1, memory_limit_mib=MEMORY_MIB["metrics"]),
    "logs": Resources(cpu_request=0.05, memory_request_mib=96, cpu_limit=1, memory_limit_mib=MEMORY_MIB["logs"]),
    "alerts": Resources(cpu_request=0.02, memory_request_mib=32, cpu_limit=1, memory_limit_mib=MEMORY_MIB["alerts"]),
    "alertmanager": Resources(cpu_request=0.01, memory_request_mib=32, cpu_limit=0.5, memory_limit_mib=96),
    # It has a connection for each container of the stack.
    "collector": Resources(cpu_request=0.05, memory_request_mib=64, cpu_limit=1, memory_limit_mib=128),
    "console": Resources(cpu_request=0.01, memory_request_mib=16, cpu_limit=0.5, memory_limit_mib=64),
}
"""The programs of the telemetry; Alertmanager is there where somebody is told."""


def telemetry_storage_gib(disk_gib: int) -> dict[str, int]:
    """Return the disks of the telemetry in GiB, of which logs and traces may take `disk_gib`; there is room beyond the
    2 GiB that are left when an alert says that there are no more."""
    return {"metrics": 5, "logs": disk_gib + 3}


def ingress_resources(*, memory_mib: int) -> Resources:
    """Return what the Nginx of an ingress takes whose limit is given in MiB."""
    return Resources(cpu_request=0.1, memory_request_mib=64, cpu_limit=1, memory_limit_mib=memory_mib)


def accessory_resources(*, memory_mib: int, cpus: float) -> Resources:
    """Return what an accessory takes whose limits are given in MiB and cores: all of its memory, which it fills."""
    return Resources(min(0.1, cpus), memory_mib, cpus, memory_mib)


def mysql_resources(*, memory_mib: int, buffer_pool_mib: int) -> Resources:
    """Return what a MySQL member takes whose limit and whose buffer pool are given in MiB."""
    request = min(memory_mib, buffer_pool_mib + 384)
    return Resources(cpu_request=0.25, memory_request_mib=request, cpu_limit=2, memory_limit_mib=memory_mib)


def hook_resources(workload: Workload) -> Resources:
    """Return what any job asks for, and as limits those of a replica."""
    limits = workload.limits("kubernetes")
    return replace(JOB, cpu_limit=limits.cpus, memory_limit_mib=limits.memory_mib)
