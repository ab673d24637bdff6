"""The probes of a service, by how its settings say that it is checked."""

from __future__ import annotations

import pulumi_kubernetes as k8s

from components.consul.check import Check
from components.kubernetes.pod import grpc_probe, http_probe, tcp_probe


def readiness_probe(check: Check, port: int, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    """Return the probe that passes while the service can serve; `period` is in seconds."""
    if check.protocol == "http":
        return http_probe(port, check.path, period=period, failures=failures)
    if check.protocol == "grpc":
        return grpc_probe(port, period=period, failures=failures)
    return tcp_probe(port, period=period, failures=failures)


def liveness_probe(check: Check, port: int, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    """Return the probe that passes unless only a restart helps; `period` is in seconds."""
    # A gRPC server that is not SERVING may only be waiting for something, as a path that says not ready.
    if check.liveness_path is not None:
        return http_probe(port, check.liveness_path, period=period, failures=failures)
    return tcp_probe(port, period=period, failures=failures)
