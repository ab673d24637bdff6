"""From instances as a component takes them to what Consul's configuration needs."""

from __future__ import annotations

from collections.abc import Sequence

from components.args import ServiceInstanceArgs
from components.rendering.consul import Check, ServiceInstance


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
        # Nobody forgets an instance that reports itself: a member of a group may be no primary for weeks.
        return Check(ttl=args.get("ttl"))
    address, path = f"127.0.0.1:{args['port']}", check.get("path")
    return Check(
        http=f"http://{address}{path}" if path is not None else None,
        tcp=address if path is None else None,
        interval=check["interval"],
        timeout=check["timeout"],
        failures=check.get("failures", 1),
        deregister_after=check["deregister_after"],
    )
