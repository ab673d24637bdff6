"""What Consul's servers and agents ask for on Kubernetes."""

from __future__ import annotations

from components.kubernetes.resources import Resources

CONSUL_AGENT = Resources(cpu_request=0.025, memory_request_mib=64, cpu_limit=0.5, memory_limit_mib=128)
"""A Consul agent, whatever it does beside its pod's program."""

CONSUL_SERVER = Resources(cpu_request=0.1, memory_request_mib=128, cpu_limit=1, memory_limit_mib=256)
"""A Consul server."""

CONSUL_STORAGE_GIB = 1
"""Size of a Consul server's disk in GiB."""
