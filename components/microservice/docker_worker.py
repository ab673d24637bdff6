"""How a worker is judged on Docker: by the check that it has, or by its program living on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

from components.consul.instances import pod_check
from components.docker.container import HealthCheck
from components.docker.job import Job
from components.microservice.args import MicroserviceArgs
from components.microservice.workload import Workload

_SHELL = 'echo "the program of this worker did not run for {seconds} s after its start"; exec sleep {seconds}'


def command_check(workload: Workload) -> HealthCheck | None:
    """Return the check that runs inside of the program's container; None for a worker that has another one, or none."""
    check = workload.judged_by
    if check is None or check.protocol != "command":
        return None
    start = workload.startup_timeout_seconds
    return HealthCheck(test=["CMD", *check.command], wait_seconds=start, start_period_seconds=start)


def port_check(args: MicroserviceArgs) -> Mapping[str, Any] | None:
    """Return the check that the agent beside a worker makes, as its configuration has it; None where it makes none."""
    check, port = args["workload"].judged_by, args["workload"].own_port
    if args["workload"].kind != "worker" or check is None or port is None:
        return None
    return pod_check(args["service"], check, port)


def lived_on(
    name: str, program: docker.Container, args: MicroserviceArgs, labels: Mapping[str, str], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Return what is known once the program has run for `min_ready_seconds`; the update fails when it ends before.

    The kernel kills what is in a program's process namespace together with the program. So a job that sleeps there to
    its end tells that the program lived as long, and needs nothing of its image.
    """
    command = _SHELL.format(seconds=args["workload"].min_ready_seconds)
    job = Job(
        name,
        {
            "image": args["consul"]["image"],
            "entrypoint": ["/bin/sh", "-c"],
            "command": [command],
            "environment": {},
            "user": "65534:65534",
            "process_namespace": program.id,
            "labels": labels,
        },
        pulumi.ResourceOptions(parent=parent),
    )
    return job.completed
