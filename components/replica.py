"""What every replica of a service is told and what it offers to others, the same on every platform."""

from __future__ import annotations

import pulumi

from components.args import MicroserviceArgs, ServiceInstanceArgs


def replica_environment(args: MicroserviceArgs) -> dict[str, pulumi.Input[str]]:
    """Return the variables that the service is told beside its own settings; its identity is the platform's to tell."""
    return {
        "PORT": str(args["port"]),
        "SERVICE_NAME": args["service"],
        "SERVICE_VERSION": args["version"],
        "REGION": args["region"]["region"],
        "TRACK": args["track"],
        # The agent in the replica's own network namespace.
        "CONSUL_HTTP_ADDR": "http://127.0.0.1:8500",
    }


def replica_instance(args: MicroserviceArgs) -> ServiceInstanceArgs:
    """Return the instance as which a replica is registered."""
    return {
        "service": args["service"],
        "port": args["port"],
        "check": args["check"],
        "tags": [args["track"]],
        "metadata": {"region": args["region"]["region"]},
    }
