"""From the settings to what Nginx's configuration of a region is rendered from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from components.certificate_client.args import CHALLENGES
from components.ingress import HEALTH_PATH, IPV6_LOOPBACK, IngressConfiguration, Route, render_ingress
from components.ingress.login import Login
from components.ingress.names import is_address
from components.ingress.route import quoted
from components.names import called_name

if TYPE_CHECKING:
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

LARGEST_KIB = 900
"""Size in KiB that the files of an ingress may have: Kubernetes takes 1 MiB in a ConfigMap, and Linux 2 MiB in the
variables of a process."""

CALL_SECONDS = 60
"""Time in seconds for which a call by name may wait for its answer, where no route of the service has a longer one."""

IDLE_SECONDS = 3600
"""Time in seconds for which its stream may be quiet, where no route of the service has a longer one."""

_SURELY_SMALL = 60
"""Routes that need no rendering to know that they fit."""

LOCAL_NAMES = ("gostack.localhost", "*.gostack.localhost")
"""Names that browsers and curl resolve to this machine without a DNS server (RFC 6761). A certificate for
"*.localhost" would not do: no client takes a wildcard right below a top-level domain."""


def ingress_configuration(settings: Settings, region: str, other_regions: Sequence[str]) -> IngressConfiguration:
    """Return what the ingress of a region serves."""
    ingress, acme = settings.ingress, settings.certificates.acme
    return IngressConfiguration(
        region=region,
        other_regions=other_regions,
        hosts=served_hosts(settings),
        https_port=settings.regions[region].https_port,
        routes={name: service.routes for name, service in settings.services.items()},
        internal={
            called_name(name, port): _internal_route(settings.services[name], port)
            for name in settings.callable_services()
            for port in (None, *settings.services[name].served_ports)
        },
        canaries={
            name: service.canary.traffic() for name, service in settings.services.items() if service.canary is not None
        },
        limits={
            name: service.ingress_limit_per_second
            for name, service in settings.services.items()
            if service.ingress_limit_per_second and service.routes
        },
        maintenance=[name for name, service in settings.services.items() if service.maintenance],
        sites=ingress.sites,
        certified=[host for host, site in ingress.sites.items() if site.has_certificate],
        logins=edge_logins(settings),
        # The load balancers of AWS name no host to what is behind them.
        nameless_clients=settings.aws is not None,
        trusted_proxies=ingress.trusted_proxies,
        challenges=CHALLENGES if acme is not None and acme.challenge == "http-01" else "",
        worker_processes=ingress.worker_processes,
        worker_connections=ingress.worker_connections,
    )


def edge_logins(settings: Settings) -> dict[str, Login]:
    """Return name to login, with what the tokens of a service of the stack say."""
    found: dict[str, Login] = dict(settings.ingress.logins)
    for name, login in found.items():
        service = settings.services.get(login.service or "")
        if service is not None and service.tokens is not None:
            tokens = service.tokens
            found[name] = login.model_copy(update={"issuer": tokens.issuer, "audience": tokens.audience})
    return found


def route_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each route that another one, or the ingress itself, claims on the same host."""
    hosts = settings.ingress.hosts
    owners = {(host, f"= {quoted(HEALTH_PATH)}"): "the ingress itself" for host in hosts}
    for service, values in settings.services.items():
        for route in values.routes:
            for unknown in sorted(set(route.hosts) - set(hosts)):
                yield (
                    f'gostack:services.{service}.routes has the host "{unknown}" for "{route.path}", which '
                    "gostack:ingress.hosts does not name: add it there."
                )
            for claim in product(route.hosts or hosts, route.location_heads()):
                if claim in owners:
                    yield (
                        f'gostack:services.{service}.routes claims {route.match} "{route.path}", which {owners[claim]} '
                        "claims already: give one of them another path."
                    )
                owners[claim] = f'service "{service}"'


def _internal_route(service: ServiceSettings, port: str | None) -> Route:
    """The rules for requests of other services: callers have deadlines of their own, so these are generous."""
    return Route(
        path="/",
        port=port,
        timeout_seconds=max([CALL_SECONDS, *(route.timeout_seconds for route in service.routes)]),
        idle_timeout_seconds=max([IDLE_SECONDS, *(route.idle_timeout_seconds for route in service.routes)]),
    )


def size_problems(settings: Settings) -> Iterator[str]:
    """Yield why the ingress's files are too large to be handed over, when they are."""
    routes = sum(len(service.routes) for service in settings.services.values())
    if routes + len(settings.callable_services()) <= _SURELY_SMALL:
        return
    region, *others = settings.ordered_regions()
    files = render_ingress(ingress_configuration(settings, region, others))
    size = sum(len(text.encode()) for text in files.values()) // 1024
    if size > LARGEST_KIB:
        yield (
            f"gostack:services have {routes} routes, which make {size} KiB of configuration for an ingress that takes "
            f"{LARGEST_KIB} KiB: replace some by a common prefix or a regular expression."
        )


def served_hosts(settings: Settings) -> list[str]:
    """Return every host name and address that the ingresses serve."""
    local = settings.platform == "docker" and "localhost" in settings.ingress.hosts
    names = [name for name in LOCAL_NAMES if local and name not in settings.ingress.hosts]
    return [*settings.ingress.hosts, *loopback_hosts(settings), *names]


def certificate_names(settings: Settings) -> list[str]:
    """Return every name that the certificate of the stack's own authority is for: those with none of their own, or all
    where each has one, as clients that name no host get it."""
    sites = settings.ingress.sites
    served = served_hosts(settings)
    found = [host for host in served if host not in sites or not sites[host].has_certificate]
    found += [name for site in sites.values() if not site.has_certificate for name in site.redirect_from]
    return found or served


def watched_hosts(settings: Settings) -> list[str]:
    """Return a host for each certificate that the ingresses have: that of the stack's own authority, and the others."""
    ingress = settings.ingress
    found = [host for host, site in ingress.sites.items() if site.has_certificate]
    return [*found, *[host for host in ingress.hosts if host not in found][:1]]


def is_reachable_by_name(host: str) -> bool:
    """Return whether DNS leads clients to a host: it is no address, and no name of the client's own machine."""
    return not is_address(host) and host.rpartition(".")[2] != "localhost"


def loopback_hosts(settings: Settings) -> list[str]:
    """Return the IPv6 loopback where the ingresses listen on it: "localhost" is that address first on most machines."""
    if settings.platform != "docker" or not {"localhost", "127.0.0.1"} & set(settings.ingress.hosts):
        return []
    wanted = settings.ingress.ipv6
    return [IPV6_LOOPBACK] if (_machine_has_ipv6() if wanted is None else wanted) else []


def _machine_has_ipv6() -> bool:
    """Whether this machine, on which Docker publishes the ports, has an IPv6 loopback."""
    try:
        return "00000000000000000000000000000001 " in Path("/proc/net/if_inet6").read_text(encoding="ascii")
    except OSError:
        return False
