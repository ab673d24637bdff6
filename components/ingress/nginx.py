"""Nginx's configuration as text, from the templates beside this file.

Directives: https://nginx.org/en/docs/. TLS: Mozilla's intermediate profile (https://ssl-config.mozilla.org, version
5.7). Which of the retry directives lost no request when replicas died was measured, see docs/decisions.md. The judge
of the text is `nginx -t` of the image that runs it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.ingress.configuration import (
    IngressConfiguration,
    certificate_file,
    client_ca_file,
    key_file,
    users_file,
)
from components.ingress.login import LOGIN_PATH, oidc_logins
from components.ingress.login_proxy import login_service
from components.ingress.names import is_address
from components.ingress.own_answers import MAINTENANCE, OWN_ANSWERS
from components.ingress.route import Protocol, Route, quoted
from components.ingress.token_verifier import token_logins, verifier_port
from components.ingress.tracks import CANARY, STABLE, CanaryTraffic
from components.names import called_name
from components.text import rendered, templates

RELEASE_PLACEHOLDER = "@RELEASE@"
"""Stands for the identity of a configuration release; the release replaces it with the digest of its files."""

STATUS_PORT = 8081
"""Port inside the ingress's own network namespace that tells the release in force and Nginx's counters."""

HTTP_PORT = 8080
HTTPS_PORT = 8443

INTERNAL_PORT = 8083
"""Port on which services call each other, where something in front of it listens on port 80 of their names."""

IPV6_HTTP_PORT = 8082
IPV6_HTTPS_PORT = 8444
"""What the IPv6 loopback of a machine leads to. Two addresses that lead to one port come back from Docker in any order,
in which the provider sees a change."""

TRACKS_FILE = "tracks.conf"
"""File of a release that alone changes with a canary's weight."""

IPV6_LOOPBACK = "::1"

HEALTH_PATH = "/.well-known/gostack/healthz"
"""Path by which the ingress tells over TLS that it serves; over plain HTTP it is /healthz, which no route can claim."""

CLIENT_COOKIE = "client"
"""Cookie by which a browser keeps its track: a random identity, not the track."""

_DEFAULT_HEADERS = {
    "Strict-Transport-Security": "$strict_transport",
    "X-Content-Type-Options": "$content_type_options",
    "X-Frame-Options": "$frame_options",
    "Referrer-Policy": "$referrer_policy",
}
"""Security headers that are added where a service sends none."""

_OWN_HEADERS = {"X-Request-ID": "$request_identity", "X-Trace-ID": "$trace"}

IDENTITY_HEADERS = {
    "X-Auth-Subject": "$auth_subject",
    # As programs know them from oauth2-proxy.
    "X-Auth-Request-User": "$auth_subject",
    "X-Auth-Request-Email": "$auth_email",
    "X-Auth-Request-Groups": "$auth_groups",
    "X-Auth-Request-Preferred-Username": "$auth_name",
    "X-Client-Subject": "$client_subject",
    "X-Client-Fingerprint": "$client_fingerprint",
}
"""What a service is told of who asks; what a client itself sends in them is left out on every route."""

_CORS_HEADERS = ("Origin", "Credentials", "Methods", "Headers")


def render_ingress(configuration: IngressConfiguration, *, internal_port: int = INTERNAL_PORT) -> Mapping[str, str]:
    """Return file name to text of the configuration; services call each other on `internal_port`.

    All paths inside are relative to the folder of the release, so that it can be tested before it goes live. No file
    is large: each travels in a variable, of which Linux takes 128 KiB.
    """
    routes = list(_routes(configuration))
    tokens = token_logins(configuration.logins)
    internal = list(_internal_routes(configuration))
    people = sorted(oidc_logins(configuration.logins))
    upstreams = dict(sorted((route.upstream, route.service) for route in [*routes, *internal]))
    upstreams |= {login_service(name): login_service(name) for name in people}
    files = {
        "nginx.conf": _text(
            "nginx.conf.j2",
            configuration=configuration,
            upstreams=list(upstreams),
            routes=routes,
            servers=_servers(configuration, routes),
            redirects=[
                _redirect(configuration, host) for host, site in configuration.sites.items() if site.redirect_from
            ],
            canonical=_canonical(configuration),
            preloaded=[host for host, site in configuration.sites.items() if site.hsts_preload],
            verifier_port=verifier_port(tokens) if tokens else 0,
            people=people,
            nameless=configuration.nameless_clients or any(map(is_address, configuration.hosts)),
            http_port=HTTP_PORT,
            https_port=HTTPS_PORT,
            internal_port=internal_port,
            ipv6_http_port=IPV6_HTTP_PORT,
            ipv6_https_port=IPV6_HTTPS_PORT,
            ipv6=IPV6_LOOPBACK in configuration.hosts,
            local_names=any(host.endswith(".localhost") for host in configuration.hosts),
            status_port=STATUS_PORT,
            health_path=HEALTH_PATH,
            release=RELEASE_PLACEHOLDER,
        ),
        TRACKS_FILE: render_tracks(
            {name: canary for name, canary in configuration.canaries.items() if name in upstreams.values()},
            configuration.region,
            configuration.other_regions,
        ),
        "proxy.conf": _text("proxy.conf.j2", https_port=configuration.https_port, internal=False),
        "identity.conf": _text("identity.conf.j2", headers=_identity_headers(), directive="proxy_set_header"),
        "grpc_identity.conf": _text("identity.conf.j2", headers=_identity_headers(), directive="grpc_set_header"),
        "headers.conf": _text("headers.conf.j2", headers={**_DEFAULT_HEADERS, **_OWN_HEADERS}),
        "own_answers.conf": _text("own_answers.conf.j2", answers=OWN_ANSWERS, internal=False),
        "error_pages.conf": _text("error_pages.conf.j2"),
    }
    for upstream, service in upstreams.items():
        calls = {route.grpc for route in [*routes, *internal] if route.upstream == upstream}
        files[f"service-{upstream}.conf"] = _text(
            "service.conf.j2",
            upstream=upstream,
            prefixes=["grpc." if grpc else "" for grpc in sorted(calls or {False})],
            tracks=[STABLE, CANARY] if service in configuration.canaries else [STABLE],
            region=configuration.region,
            others=configuration.other_regions,
        )
    if tokens or people:
        files["logins.conf"] = _text(
            "logins.conf.j2",
            tokens=sorted(tokens),
            people={name: f"{STABLE}.{login_service(name)}.anywhere" for name in people},
            path=LOGIN_PATH,
        )
    if configuration.maintenance:
        files["maintenance.conf"] = _text("maintenance.conf.j2", answer=MAINTENANCE)
    if configuration.internal:
        files["internal_proxy.conf"] = _text("proxy.conf.j2", https_port=configuration.https_port, internal=True)
        files["internal_answers.conf"] = _text("own_answers.conf.j2", answers=OWN_ANSWERS, internal=True)
    for route in [*routes, *internal]:
        files |= route.files(configuration)
    return files


def render_tracks(canaries: Mapping[str, CanaryTraffic], region: str, other_regions: Sequence[str]) -> str:
    """Return `tracks.conf`: maps from a request to its region and, for each service with a canary, to its track."""
    return _text(
        "tracks.conf.j2",
        canaries=dict(sorted(canaries.items())),
        region=region,
        regions=sorted([region, *other_regions]),
        cookie=CLIENT_COOKIE,
    )


class _NumberedRoute:
    """A route with its place in the configuration, which names its locations, files and zones."""

    def __init__(self, number: int | str, service: str, route: Route, *, internal: bool = False) -> None:
        self.number = number
        self.service = service
        self.route = route
        self.internal = internal

    @property
    def upstream(self) -> str:
        """What Consul calls that to which the route leads."""
        return called_name(self.service, self.route.port)

    @property
    def grpc(self) -> bool:
        return self.route.protocol is Protocol.GRPC

    @property
    def has_maps(self) -> bool:
        return self.route.cors is not None or self.route.strip_prefix

    def files(self, configuration: IngressConfiguration) -> Mapping[str, str]:
        canary = configuration.canaries.get(self.service)
        values: dict[str, Any] = {
            "number": self.number,
            "service": self.service,
            "upstream": self.upstream,
            "route": self.route,
            "heads": self._heads(),
            "grpc": self.grpc,
            "internal": self.internal,
            # Other services are no crowd that comes by surprise.
            "limit": 0 if self.internal else configuration.limits.get(self.service, 0),
            "streams": self.route.protocol in (Protocol.SSE, Protocol.WEBSOCKET),
            "prefix": self.route.path.rstrip("/"),
            # A call by a service's name has no route of the settings.
            "shown_route": '""' if self.internal else _literal(self.route.path),
            "track": f"$track_of_{_variable(self.service)}" if canary is not None else STABLE,
            "canary": canary is not None,
            "login": configuration.logins[self.route.login] if self.route.login is not None else None,
            "login_path": LOGIN_PATH,
            "users_file": users_file(self.route.login or ""),
            "statuses": " ".join(f"http_{status}" for status in self.route.retry.statuses),
        }
        template = "grpc_route.conf.j2" if values["grpc"] else "route.conf.j2"
        if self.service in configuration.maintenance and not self.internal:
            template = "maintenance_route.conf.j2"
        files = {
            f"route-{self.number}.conf": _text(template, **values),
            f"route-{self.number}-common.conf": _text(
                "route_common.conf.j2",
                added=self._added_headers(canary),
                hidden=self._hidden_headers(),
                **values,
            ),
        }
        if self.has_maps:
            files[f"route-{self.number}-maps.conf"] = _text("route_maps.conf.j2", **values)
        return files

    def _heads(self) -> list[str]:
        # Which request of another service is gRPC, only the request itself says.
        if self.internal and self.route.protocol is Protocol.GRPC:
            return [f"@route_{self.number}"]
        return self.route.location_heads()

    def _added_headers(self, canary: CanaryTraffic | None) -> list[tuple[str, str]]:
        """Name and value of every header that the ingress writes; an empty value writes none."""
        if self.internal:
            return []
        changed = {name.lower() for name in [*self.route.headers.set, *self.route.headers.remove]}
        added = [(name, value) for name, value in _DEFAULT_HEADERS.items() if name.lower() not in changed]
        added += list(_OWN_HEADERS.items())
        added += [(name, _literal(value)) for name, value in self.route.headers.set.items()]
        if self.route.static:
            added.append(("Cache-Control", '"public, max-age=31536000, immutable"'))
        if canary is not None:
            added.append(("X-Track", "$track"))
            # What everybody may keep for a year must not carry one client's cookie.
            if not self.route.static and canary.weight not in (0, 100):
                added.append(("Set-Cookie", "$new_client_cookie"))
        cors = self.route.cors
        if cors is not None:
            added.append(("Access-Control-Allow-Origin", f"$cors_origin_{self.number}"))
            if cors.credentials:
                added.append(("Access-Control-Allow-Credentials", f"$cors_credentials_{self.number}"))
            if cors.expose:
                added.append(("Access-Control-Expose-Headers", f'"{", ".join(cors.expose)}"'))
            if "*" not in cors.origins:
                added.append(("Vary", "Origin"))
        return added

    def _hidden_headers(self) -> list[str]:
        if self.internal:
            return []
        hidden = [*_OWN_HEADERS, "X-Track", *self.route.headers.set, *self.route.headers.remove]
        if self.route.static:
            hidden.append("Cache-Control")
        if self.route.cors is not None:
            hidden += [f"Access-Control-Allow-{name}" for name in _CORS_HEADERS]
            hidden += ["Access-Control-Expose-Headers", "Access-Control-Max-Age"]
        return sorted({name.lower(): name for name in hidden}.values())


def _routes(configuration: IngressConfiguration) -> Iterator[_NumberedRoute]:
    number = 0
    for service, routes in configuration.routes.items():
        for route in routes:
            yield _NumberedRoute(number, service, route)
            number += 1


def _internal_routes(configuration: IngressConfiguration) -> Iterator[_NumberedRoute]:
    for name, route in configuration.internal.items():
        service = name if route.port is None else name.removesuffix(called_name("", route.port))
        yield _NumberedRoute(f"to_{name}", service, route, internal=True)
        grpc = route.model_copy(update={"protocol": Protocol.GRPC})
        yield _NumberedRoute(f"to_{name}_grpc", service, grpc, internal=True)


def _servers(configuration: IngressConfiguration, routes: Sequence[_NumberedRoute]) -> list[dict[str, Any]]:
    """The hosts that serve the same routes in the same way, with those routes."""
    groups: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for host in configuration.hosts:
        served = tuple(
            number for number, found in enumerate(routes) if not found.route.hosts or host in found.route.hosts
        )
        site = configuration.sites.get(host)
        alone = host in configuration.certified or (site is not None and site.client_certificates is not None)
        groups.setdefault((host if alone else "", served), []).append(_server_name(host))
    return [
        {
            "names": names,
            "routes": [routes[number] for number in served],
            "root": any('"/"' in routes[number].route.location_heads() for number in served),
            **_tls(configuration, host),
        }
        for (host, served), names in groups.items()
    ]


def _redirect(configuration: IngressConfiguration, host: str) -> dict[str, Any]:
    """The server of the names that redirect to a host."""
    return {"names": configuration.sites[host].redirect_from, "to": _server_name(host), **_tls(configuration, host)}


def _tls(configuration: IngressConfiguration, host: str) -> dict[str, Any]:
    own = host in configuration.certified
    site = configuration.sites.get(host)
    return {
        "certificate": certificate_file(host) if own else "",
        "key": key_file(host) if own else "",
        "clients": site.client_certificates if site is not None else None,
        "clients_ca": client_ca_file(host),
    }


def _canonical(configuration: IngressConfiguration) -> dict[str, str]:
    """Every name that is served, as a map of nginx has it, to the host that a browser is sent to."""
    found = {_server_name(host): "$host" for host in configuration.hosts}
    for host, site in configuration.sites.items():
        found |= dict.fromkeys(site.redirect_from, _server_name(host))
    return found


def _server_name(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _identity_headers() -> list[tuple[str, str]]:
    """Name and value; programs that take an underscore for a hyphen, as CGI does, get nothing else by either."""
    return [
        ("".join(spelled), value if "_" not in spelled else '""')
        for name, value in IDENTITY_HEADERS.items()
        for spelled in itertools.product(*("-_" if letter == "-" else letter for letter in name))
    ]


def _literal(value: str) -> str:
    """A text in which nginx finds no variable."""
    return quoted(value).replace("$", "${dollar}")


def _variable(service: str) -> str:
    return service.replace("-", "_")


def _text(template: str, **values: Any) -> str:
    return rendered(f"ingress/templates/{template}", **values)


for _name, _filter in (("variable", _variable), ("quoted", quoted), ("pattern", re.escape)):
    templates().filters[_name] = _filter  # pyright: ignore[reportUnknownMemberType]
