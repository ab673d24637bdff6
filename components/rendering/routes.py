"""From a route as a component takes it to a route as nginx's configuration needs it."""

from __future__ import annotations

from components.args import RouteArgs
from components.rendering.nginx import Route


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
    )
