"""What the pod asks for that delays the end of a region's DNS record."""

from __future__ import annotations

from components.kubernetes.resources import Resources

DNS_DRAIN = Resources(cpu_request=0.005, memory_request_mib=8, cpu_limit=0.05, memory_limit_mib=16)
"""The process that only takes its time to end."""
