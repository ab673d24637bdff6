"""The probes of a service, by how its settings say that it is checked."""

from __future__ import annotations

import pulumi_kubernetes as k8s

from components.consul.check import Check
from components.kubernetes.pod import Probes, exec_probe, grpc_probe, http_probe, tcp_probe
from components.microservice.workload import Workload


def replica_probes(workload: Workload) -> Probes:
    """Return the probes of a replica: none where it is enough that its program runs."""
    check, port, start = workload.judged_by, workload.check_port, workload.startup_timeout_seconds
    if check is None:
        return Probes()
    if check.protocol == "command":
        # Nobody is sent to a worker: what it says holds up an update, and restarts nothing.
        return Probes(
            startup=exec_probe(check.command, period=1, failures=start),
            readiness=exec_probe(check.command, period=5, failures=3),
        )
    return Probes(
        startup=liveness_probe(check, port, period=1, failures=start),
        readiness=readiness_probe(check, port, period=2, failures=3),
        liveness=liveness_probe(check, port, period=10, failures=6),
    )


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
