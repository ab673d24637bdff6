"""Which node of ElastiCache has room for what a cache may fill."""

from __future__ import annotations

_MEMORY_GIB = {
    "cache.t4g.micro": 0.5,
    "cache.t4g.small": 1.37,
    "cache.t4g.medium": 3.09,
    "cache.m7g.large": 6.38,
    "cache.r7g.large": 13.07,
    "cache.r7g.xlarge": 26.32,
    "cache.r7g.2xlarge": 52.82,
    "cache.r7g.4xlarge": 105.81,
}
"""Node type to its memory in GiB: https://aws.amazon.com/elasticache/pricing/ (2026-11), smallest first."""


def node_type(memory_mib: int) -> str:
    """Return the smallest type whose memory is at least that of the container which it stands for, in MiB.

    Both keep a quarter for what is no data: Valkey's configuration here, `reserved-memory-percent` in AWS. Raises
    ValueError when there is none.
    """
    for name, gib in _MEMORY_GIB.items():
        if gib * 1024 >= memory_mib:
            return name
    largest, gib = list(_MEMORY_GIB.items())[-1]
    raise ValueError(f"{memory_mib} MiB are more than {largest} has: use at most {int(gib * 1024)}.")
