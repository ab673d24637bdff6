"""The environment of every replica of a service and how it is registered, the same on every platform."""

from __future__ import annotations

import pulumi

from components.consul.instances import ServiceInstance
from components.microservice.args import MicroserviceArgs


def replica_environment(args: MicroserviceArgs) -> dict[str, pulumi.Input[str]]:
    """Return the variables that every service gets beside its own; the platform adds the replica's identity."""
    return {
        "PORT": str(args["workload"].port),
        "SERVICE_NAME": args["service"],
        "SERVICE_VERSION": args["version"],
        "REGION": args["region"]["region"],
        "TRACK": args["track"],
        # The agent in the replica's own network namespace.
        "CONSUL_HTTP_ADDR": "http://127.0.0.1:8500",
    }


def replica_instance(args: MicroserviceArgs) -> ServiceInstance:
    """Return the instance as which a replica is registered."""
    return ServiceInstance(
        service=args["service"],
        port=args["workload"].port,
        check=args["workload"].check,
        tags=[args["track"]],
        metadata={"region": args["region"]["region"]},
    )
