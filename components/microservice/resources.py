"""What a hook of a service asks for on Kubernetes."""

from dataclasses import replace

from components.kubernetes.resources import JOB, Resources
from components.microservice.workload import Workload


def hook_resources(workload: Workload) -> Resources:
    """Return what any job asks for, and as limits those of a replica."""
    limits = workload.limits("kubernetes")
    return replace(JOB, cpu_limit=limits.cpus, memory_limit_mib=limits.memory_mib)
