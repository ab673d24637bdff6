"""What a member of the database asks for on Kubernetes."""

from __future__ import annotations

from components.kubernetes.resources import Resources


def mysql_resources(*, memory_mib: int, buffer_pool_mib: int) -> Resources:
    """Return what a MySQL member takes whose limit and whose buffer pool are given in MiB."""
    return Resources(
        cpu_request=0.25,
        memory_request_mib=min(memory_mib, buffer_pool_mib + 384),
        cpu_limit=2,
        memory_limit_mib=memory_mib,
    )
