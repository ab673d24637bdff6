"""Which track and which region's replicas a request goes to, as nginx configuration.

A service has a stable track and may have a canary beside it. A request goes to the canary when one of the canary's
headers matches; of the others, a share does, chosen by client, so that a client keeps its track while the share stays,
and a client of the canary stays there when the share grows (`split_clients` hashes into ranges that begin at 0).
Directives: https://nginx.org/en/docs/http/ngx_http_split_clients_module.html and ngx_http_map_module.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STABLE = "stable"
CANARY = "canary"

WAITING = "waiting"
"""Prefix of the groups for writes that wait for the database: their waiting says nothing about a replica."""

TRACKS_FILE = "tracks.conf"
"""File of a release that alone changes with a canary's weight."""

CLIENT_COOKIE = "client"
"""Cookie by which a browser keeps its track: a random identity, not the track."""

PINNED_REGION = "$pinned_region"
"""Empty, or a dot and the region that the request asks for in X-Region; `unknown` for one that does not exist."""


@dataclass(frozen=True)
class HeaderMatch:
    """A request header whose value leads to the canary."""

    header: str
    value: str


@dataclass(frozen=True)
class Canary:
    """The second track of a service."""

    weight: int
    """Share in percent of the clients that go there, 0 to 100."""

    matches: Sequence[HeaderMatch] = ()
    """Headers that lead there whatever the share."""


def render_tracks(canaries: Mapping[str, Canary], regions: Sequence[str]) -> str:
    """Return `tracks.conf`: maps from a request to its region and, for each service with a canary, to its track."""
    parts = [_regions(regions)]
    if canaries:
        parts.append(_CLIENT)
    parts += [_service_tracks(service, canary) for service, canary in sorted(canaries.items())]
    return "\n".join(parts)


def render_upstreams(
    service: str, tracks: Sequence[str], region: str, other_regions: Sequence[str], *, waiting: bool = False
) -> str:
    """Return the groups of replicas that requests for `service` may go to.

    `<track>.<service>` takes `region` first and the others when no replica is left there; `<track>.<service>.<region>`
    is for requests that ask for one region, and for that one alone. With `waiting` each is there once more under
    `waiting.<name>`, for requests whose time-out must not take a replica out of turn.
    """
    # One failure takes a dead replica out until Consul has removed it.
    kinds = [("", "max_fails=1 fail_timeout=2s"), *([(f"{WAITING}.", "max_fails=0")] if waiting else [])]
    everywhere = [(region, ""), *((other, " backup") for other in other_regions)]
    groups: list[str] = []
    for prefix, failures in kinds:
        for track in tracks:
            name, instances = f"{prefix}{track}.{service}", f"service=_{service}._{track} resolve {failures}"
            groups.append(_upstream(name, instances, everywhere))
            groups += [_upstream(f"{name}.{pinned}", instances, [(pinned, "")]) for pinned in (region, *other_regions)]
    return "\n".join(groups)


def track_value(service: str, canaries: Mapping[str, Canary]) -> str:
    """Return what the track of a request for `service` is: a variable, or `stable` where there is no canary."""
    return f"$track_of_{_variable(service)}" if service in canaries else STABLE


def new_client_cookie(service: str, canaries: Mapping[str, Canary]) -> list[str]:
    """Return the directive that gives a client its cookie; none where every client has the same track."""
    canary = canaries.get(service)
    if canary is None or canary.weight in (0, 100):
        return []
    return ["add_header Set-Cookie $new_client_cookie always;"]


def _regions(regions: Sequence[str]) -> str:
    known = [f"  {region} .{region};" for region in sorted(regions)]
    return _block(f"map $http_x_region {PINNED_REGION}", ["  default unknown;", '  "" "";', *known])


def _service_tracks(service: str, canary: Canary) -> str:
    name = _variable(service)
    share = [] if canary.weight in (0, 100) else [f"  {canary.weight}% {CANARY};"]
    rest = CANARY if canary.weight == 100 else STABLE
    # With the service's name in it, a client is not in the canary of every service at once.
    blocks = [_block(f'split_clients "$client {service}" $share_of_{name}', [*share, f"  * {rest};"])]
    matched: list[str] = []
    for index, match in enumerate(canary.matches):
        variable = f"$match_{index}_of_{name}"
        header = match.header.lower().replace("-", "_")
        blocks.append(_block(f"map $http_{header} {variable}", ['  default "";', f'  "{match.value}" {CANARY};']))
        matched.append(variable)
    source = "".join(matched) or '""'
    blocks.append(
        _block(f'map "{source}" $track_of_{name}', [f"  default {CANARY};", f'  "" $share_of_{name};'])
        if matched
        else _block(f"map $share_of_{name} $track_of_{name}", [f"  default $share_of_{name};"])
    )
    return "\n".join(blocks)


def _upstream(name: str, instances: str, places: Sequence[tuple[str, str]]) -> str:
    servers = [f"  server service.{region}.consul {instances}{role};" for region, role in places]
    return _block(f"upstream {name}", [f"  zone {name} 256k;", "  least_conn;", *servers, "  keepalive 32;"])


def _variable(service: str) -> str:
    return service.replace("-", "_")


def _block(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{head} {{", *lines, "}", ""])


# A browser is known by its cookie; a program by what it calls itself, or by its login. Who says nothing gets a cookie,
# and is somebody else each time when it does not keep it.
_CLIENT = f"""\
map $http_authorization $client_by_login {{
  default $http_authorization;
  "" $request_id;
}}
map $http_x_client_id $client_by_name {{
  default $http_x_client_id;
  "" $client_by_login;
}}
map $cookie_{CLIENT_COOKIE} $client {{
  default $cookie_{CLIENT_COOKIE};
  "" $client_by_name;
}}
map "$cookie_{CLIENT_COOKIE}$http_x_client_id$http_authorization" $new_client_cookie {{
  default "";
  "" "{CLIENT_COOKIE}=$request_id; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax";
}}
"""
