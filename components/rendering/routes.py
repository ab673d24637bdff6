"""From an ingress as a component takes it, with its routes and canaries, to what nginx's configuration needs."""

from __future__ import annotations

from components.args import CanaryArgs, IngressArgs, RouteArgs
from components.rendering.nginx_model import IngressModel, Route
from components.rendering.nginx_tracks import Canary, HeaderMatch


def ingress_model(args: IngressArgs) -> IngressModel:
    """Return what the configuration of a region's ingress is rendered from."""
    return IngressModel(
        region=args["region"]["region"],
        other_regions=args["other_regions"],
        hosts=args["hosts"],
        https_port=args["https_port"],
        routes=[route_from_args(route) for route in args["routes"]],
        worker_connections=args["worker_connections"],
        canaries={service: canary_from_args(canary) for service, canary in args["canaries"].items()},
    )


def route_from_args(route: RouteArgs) -> Route:
    """Return the route; raises ValueError when `match` is none of exact, prefix and regex."""
    match = route["match"]
    if match not in ("exact", "prefix", "regex"):
        raise ValueError(f'a route matches by "exact", "prefix" or "regex", not by "{match}": correct it')
    return Route(
        path=route["path"],
        match=match,
        service=route["service"],
        idempotent=route["idempotent"],
        static=route["static"],
        body_limit_kib=route["body_limit_kib"],
        rate_limit_per_second=route["rate_limit_per_second"],
        rate_limit_burst=route["rate_limit_burst"],
        timeout_seconds=route["timeout_seconds"],
        per_try_timeout_seconds=route["per_try_timeout_seconds"],
        write_per_try_timeout_seconds=route["write_per_try_timeout_seconds"],
    )


def canary_from_args(canary: CanaryArgs) -> Canary:
    """Return the canary."""
    return Canary(
        weight=canary["weight"],
        matches=[HeaderMatch(match["header"], match["value"]) for match in canary["matches"]],
    )
