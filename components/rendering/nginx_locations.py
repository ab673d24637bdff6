"""Where requests of a route come in, and what becomes of one that fails, as nginx configuration.

Directives: https://nginx.org/en/docs/http/ngx_http_proxy_module.html and ngx_http_core_module.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.rendering.nginx_model import IngressModel, Route
from components.rendering.nginx_tracks import PINNED_REGION, STABLE, WAITING, new_client_cookie, track_value

_NO_SUCH_REGION = '{"code":400,"message":"X-Region names no region of this stack","data":null}'

_ERRORS = ["include error_pages.conf;", "error_page 502 504 = @unavailable;"]


def render_location(index: int, route: Route, model: IngressModel) -> str:
    """Return the locations of the route with this number: where requests come in, and where they are tried again."""
    limits = [f"client_max_body_size {route.body_limit_kib}k;"]
    if route.rate_limit_per_second:
        burst = f" burst={route.rate_limit_burst} nodelay" if route.rate_limit_burst else ""
        limits.append(f"limit_req zone=route_{index}{burst};")
    headers = _headers(route, model)
    first = [*limits, *headers, "include error_pages.conf;"]
    first += [f"set $upstream_service {route.service};", f"set $track {track_value(route.service, model.canaries)};"]
    first.append(f"if ({PINNED_REGION} = unknown) {{ return 400 '{_NO_SUCH_REGION}'; }}")
    if not route.idempotent:
        first.append(f"error_page 418 = @route_{index}_once;")
        first.append("if ($replayable = 0) { return 418; }")
    if route.per_try_timeout_seconds:
        first.append(f"error_page 419 = @route_{index}_read;")
        first.append("if ($reads) { return 419; }")
    if route.write_per_try_timeout_seconds:
        first.append(f"error_page 420 = @route_{index}_write;")
        first.append("if ($reads = 0) { return 420; }")
    # A list of peers that changes while a request is retried ends in a 502: ask once more with the new list.
    first.append(f"error_page 502 504 = @route_{index}_again;")
    first += _proxy(route, "$track", replay=True)
    # A canary without a replica is no reason to refuse a request.
    again = [limits[0], *headers, *_ERRORS, *_proxy(route, STABLE, replay=True)]
    blocks = [_block(f"location {head}", first) for head in location_heads(route.match, route.path)]
    blocks.append(_block(f"location @route_{index}_again", again))
    if not route.idempotent:
        once = [*limits, *headers, *_ERRORS, *_proxy(route, "$track", replay=False)]
        blocks.append(_block(f"location @route_{index}_once", once))
    tried = [*limits, *headers, "include error_pages.conf;", f"error_page 502 504 = @route_{index}_again;"]
    if route.per_try_timeout_seconds:
        patient_enough = replace(route, timeout_seconds=route.per_try_timeout_seconds)
        blocks.append(_block(f"location @route_{index}_read", [*tried, *_proxy(patient_enough, "$track", replay=True)]))
    if route.write_per_try_timeout_seconds:
        patient_enough = replace(route, timeout_seconds=route.write_per_try_timeout_seconds)
        group = f"{WAITING}.$track"
        blocks.append(_block(f"location @route_{index}_write", [*tried, *_proxy(patient_enough, group, replay=True)]))
    return "\n".join(blocks)


def location_heads(match: str, path: str) -> list[str]:
    """Return what stands behind `location` for a route; no two routes may share one."""
    if match == "exact":
        return [f"= {path}"]
    if match == "regex":
        return [f"~ {path}"]
    # "/users" as a prefix is /users and /users/…, not /usersandmore.
    return [path] if path.endswith("/") else [f"= {path}", f"{path}/"]


def _headers(route: Route, model: IngressModel) -> list[str]:
    own = [
        *(['add_header Cache-Control "public, max-age=31536000, immutable";'] if route.static else []),
        *(["add_header X-Track $track always;"] if route.service in model.canaries else []),
        # What everybody may keep for a year must not carry one client's cookie.
        *([] if route.static else new_client_cookie(route.service, model.canaries)),
    ]
    # add_header in a location drops those of the server: they are repeated.
    return ["include security_headers.conf;", *own] if own else []


def _proxy(route: Route, track: str, *, replay: bool) -> list[str]:
    conditions = "error timeout http_502 http_503 http_504" + (" non_idempotent" if replay else "")
    return [
        f"proxy_pass http://{track}.{route.service}{PINNED_REGION};",
        "include proxy.conf;",
        f"proxy_read_timeout {route.timeout_seconds}s;",
        f"proxy_send_timeout {route.timeout_seconds}s;",
        f"proxy_next_upstream {conditions};",
    ]


def _block(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}", ""])
