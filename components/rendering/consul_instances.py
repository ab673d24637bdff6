"""From instances as a component takes them to what Consul's configuration needs."""

from __future__ import annotations

from collections.abc import Sequence

from components.args import ServiceInstanceArgs
from components.rendering.consul import CLIENTS_ADDRESS, Check, ServiceInstance


def instances_from_args(services: Sequence[ServiceInstanceArgs]) -> list[ServiceInstance]:
    """Return the instances."""
    return [
        ServiceInstance(
            service=args["service"],
            instance=args.get("id"),
            port=args["port"],
            check=_check(args),
            tags=args["tags"],
            metadata=args["metadata"],
        )
        for args in services
    ]


def _check(args: ServiceInstanceArgs) -> Check:
    check = args.get("check")
    if check is None:
        return Check(ttl=args.get("ttl"))
    # Where clients go: a program that listens on 127.0.0.1 alone answers nobody else.
    address, protocol = f"{CLIENTS_ADDRESS}:{args['port']}", check["protocol"]
    return Check(
        http=f"http://{address}{check.get('path', '/')}" if protocol == "http" else None,
        tcp=address if protocol == "tcp" else None,
        grpc=address if protocol == "grpc" else None,
        interval=check["interval"],
        timeout=check["timeout"],
        failures=check.get("failures", 1),
    )
