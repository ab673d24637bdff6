"""The environment of every replica of a service and how it is registered, the same on every platform."""

from __future__ import annotations

import pulumi

from components.consul.instances import ServiceInstance
from components.microservice.args import MicroserviceArgs
from components.names import called_name


def program_environment(
    *, service: str, track: str, region: str, port: int | None, version: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """Return the variables that a program of a service gets beside its own, whether it is a replica or a job."""
    return {
        **({"PORT": str(port)} if port is not None else {}),
        "SERVICE_NAME": service,
        "SERVICE_VERSION": version,
        "REGION": region,
        "TRACK": track,
    }


def job_environment(args: MicroserviceArgs) -> dict[str, pulumi.Input[str]]:
    """Return the variables that a job gets beside its own which runs the program of these replicas."""
    return program_environment(
        service=args["service"],
        track=args["track"],
        region=args["region"]["region"],
        port=args["workload"].own_port,
        version=args["version"],
    )


def replica_environment(args: MicroserviceArgs) -> dict[str, pulumi.Input[str]]:
    """Return the variables that every replica gets beside its own; the platform adds the replica's identity."""
    return {
        **job_environment(args),
        # The agent in the replica's own network namespace.
        "CONSUL_HTTP_ADDR": "http://127.0.0.1:8500",
    }


def tracing_environment(args: MicroserviceArgs, instance: str) -> dict[str, pulumi.Input[str]]:
    """Return the variables by which an OpenTelemetry SDK knows where its spans go and whose they are, for one replica;
    none where nobody takes them.

    What a service says itself in its `environment` comes after them.
    """
    endpoint = args.get("otlp_endpoint")
    if endpoint is None:
        return {}
    attributes = {
        "gostack.region": args["region"]["region"],
        "gostack.track": args["track"],
        "service.instance.id": instance,
    }
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        # A span is found after a second instead of five.
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_SERVICE_NAME": args["service"],
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={value}" for key, value in attributes.items()),
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        # The collector takes spans alone: metrics are scraped, and logs are what a program prints.
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }


def replica_instances(args: MicroserviceArgs, name: str) -> list[ServiceInstance]:
    """Return the instances as which the replica of this name is registered, one for each port that others use; none for
    a worker, to which nobody goes.

    A replica takes requests on all of its ports, or on none.
    """
    workload, service = args["workload"], args["service"]
    if workload.kind == "worker":
        return []
    tags, metadata = [args["track"]], {"region": args["region"]["region"], "instance": name}
    instance = ServiceInstance(
        service=service,
        port=workload.port,
        check=workload.check,
        check_port=workload.check_port,
        connects_to=workload.client_ports[1:],
        tags=tags,
        metadata={**metadata, **(workload.metrics.metadata(workload.port) if workload.metrics is not None else {})},
    )
    # Without where the metrics are: they are those of the replica, and read once.
    named = [
        ServiceInstance(called_name(service, port), number, alias_of=service, tags=tags, metadata=metadata)
        for port, number in workload.served_ports.items()
    ]
    return [instance, *named]
