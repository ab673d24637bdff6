"""Who talks to whom while the stack runs. The dependency graph says who must be there first, which is another thing."""

from __future__ import annotations

from collections.abc import Iterator

from components.ingress.tracks import CANARY, STABLE
from infra.settings import Settings
from infra.settings.services import ServiceSettings
from policy.resource import texts
from tools.gostack.explorer.model import LinkView
from tools.gostack.explorer.placement import Placement

LINKS = {
    "request": "Requests",
    "fallback": "When no replica is left in the region",
    "read": "Reads",
    "write": "Writes",
    "replication": "Between the members of the database",
    "discovery": "Discovery (Consul)",
    "telemetry": "Telemetry",
}
"""Kind of a link to its title."""

CLIENT = -1


def links(placement: Placement, settings: Settings) -> list[LinkView]:
    """Return the conversations of a stack, in the order in which a request meets them."""
    return list(_Traffic(placement, settings).all())


FORWARDED = "Rows are read from the member of the same region, which forwards writes to the primary."


def nearest_database(placement: Placement, region: str) -> int | None:
    """Return the card of the database from which a region's services read; None where the stack has none."""
    # A replica stands beside the primary in its own region too, where the platform has it so.
    return _first_database(
        placement, f"mysql-{region}-replica", f"mysql-{region}", f"database-{region}", "mysql", "database"
    )


def writing_database(placement: Placement, region: str, settings: Settings) -> int | None:
    """Return the card of the database to which a region's services write; None where the stack has none."""
    return _first_database(placement, f"database-{region}", f"mysql-{settings.mysql.primary}", "mysql", "database")


def _first_database(placement: Placement, *names: str) -> int | None:
    places = (placement.find(name, "MySqlMember", "DatabaseMember", "MySqlCluster", "Database") for name in names)
    return next((place for place in places if place is not None), None)


class _Traffic:
    def __init__(self, placement: Placement, settings: Settings) -> None:
        self.placement = placement
        self.settings = settings
        self.regions = settings.ordered_regions()

    def all(self) -> Iterator[LinkView]:
        yield from self._clients()
        for region in self.regions:
            for name, service in self.settings.services.items():
                yield from self._routes(region, name, service)
        for region in self.regions:
            for name, service in self.settings.services.items():
                yield from self._rows(region, name, service)
        yield from self._proxies()
        yield from self._members()
        yield from self._discovery()
        yield from self._telemetry()

    def _clients(self) -> Iterator[LinkView]:
        for place in self.placement.of_kind("GlobalDns"):
            yield _link(CLIENT, place, "request", "DNS", "The client asks for the name and gets a region that is well.")
        balancers = {
            self.placement.cards[place].region: place for place in self.placement.of_kind("NetworkLoadBalancer")
        }
        for region in self.regions:
            ingress = self.placement.find(f"ingress-{region}", "Ingress")
            if ingress is None:
                continue
            label = f"HTTPS :{self.settings.regions[region].https_port}"
            detail = "The client speaks TLS 1.2 or 1.3 with the ingress of a region."
            balancer = balancers.get(region)
            if balancer is None:
                yield _link(CLIENT, ingress, "request", label, detail)
            else:
                detail = "The client speaks TLS 1.2 or 1.3 with the load balancer of a region."
                yield _link(CLIENT, balancer, "request", label, detail)
                detail = "The load balancer speaks TLS again with the ingress, whose pods are its targets."
                yield _link(balancer, ingress, "request", "TLS again", detail)

    def _routes(self, region: str, name: str, service: ServiceSettings) -> Iterator[LinkView]:
        ingress = self.placement.find(f"ingress-{region}", "Ingress")
        if ingress is None or not service.routes:
            return
        paths = ", ".join(route.path for route in service.routes)
        ports = ", ".join(dict.fromkeys(str(service.port_number(route.port)) for route in service.routes))
        for track in service.tracks():
            for other in self.regions:
                replicas = self.placement.find(f"{name}-{other}{track.suffix}", "Microservice")
                if replicas is None:
                    continue
                if other == region:
                    label = f"{paths}{_share(service, track.name)}"
                    yield _link(ingress, replicas, "request", label, f"{paths} leads to port {ports} of a replica.")
                elif track.name == STABLE and self._asks(region, other):
                    detail = f"When no replica is left in {region}, its ingress asks those in {other}."
                    yield _link(ingress, replicas, "fallback", "fallback", detail)

    def _rows(self, region: str, name: str, service: ServiceSettings) -> Iterator[LinkView]:
        near = nearest_database(self.placement, region)
        proxy = self.placement.find(f"mysql-proxy-{region}", "MySqlProxy")
        first = writing_database(self.placement, region, self.settings) if proxy is None else proxy
        if service.database is None or near is None or first is None:
            return
        for track in service.tracks():
            replicas = self.placement.find(f"{name}-{region}{track.suffix}", "Microservice")
            if replicas is None:
                continue
            if near == first:
                home = region == self.settings.mysql.primary
                detail = "Rows are read from and written to the primary." if home else FORWARDED
                yield _link(replicas, near, "write", "reads, writes", detail)
            else:
                yield _link(replicas, near, "read", "reads", "Rows are read from the member of the same region.")
                detail = "Rows are written to the primary, wherever it is"
                detail += "." if proxy is None else ": the proxy of the same region leads there."
                yield _link(replicas, first, "write", "writes", detail)

    def _proxies(self) -> Iterator[LinkView]:
        primary = writing_database(self.placement, self.settings.mysql.primary, self.settings)
        if primary is None:
            return
        for proxy in self.placement.of_kind("MySqlProxy"):
            detail = "New connections go to the member that is the primary, those to the one before are ended."
            yield _link(proxy, primary, "write", "to the primary", detail)

    def _members(self) -> Iterator[LinkView]:
        members = self.placement.of_kind("MySqlMember", "DatabaseMember")
        primary = writing_database(self.placement, self.settings.mysql.primary, self.settings)
        if primary not in members:
            return
        if self.placement.cards[primary].resource.kind == "DatabaseMember":
            label, detail = "Aurora", "Aurora copies its storage to the other region, usually within a second."
        elif self.settings.mysql.topology == "group":
            label = "group"
            detail = "Members certify each other's transactions, and choose another primary when theirs is lost."
        else:
            label, detail = "GTID", "The replica applies what the primary has written."
        for member in members:
            if member != primary:
                yield _link(primary, member, "replication", label, detail)

    def _discovery(self) -> Iterator[LinkView]:
        for region in self.regions:
            datacenter = self.placement.find(f"consul-{region}", "ConsulDatacenter")
            if datacenter is None:
                continue
            ingress = self.placement.find(f"ingress-{region}", "Ingress")
            if ingress is not None:
                detail = "The ingress asks Consul DNS (SRV records) where healthy replicas are."
                yield _link(ingress, datacenter, "discovery", "SRV names", detail)
            proxy = self.placement.find(f"mysql-proxy-{region}", "MySqlProxy")
            if proxy is not None:
                detail = "The proxy asks Consul which member of the database is the primary."
                yield _link(proxy, datacenter, "discovery", "the primary", detail)
            for name, service in self.settings.services.items():
                for track in service.tracks():
                    replicas = self.placement.find(f"{name}-{region}{track.suffix}", "Microservice")
                    if replicas is not None:
                        detail = "Each replica is registered and checked; one that fails leaves the list."
                        yield _link(replicas, datacenter, "discovery", "registers", detail)
            for other in self.regions[self.regions.index(region) + 1 :]:
                far = self.placement.find(f"consul-{other}", "ConsulDatacenter")
                if far is not None and self._joined(datacenter, other):
                    detail = (
                        "The datacenters are joined over the backbone, so that each can ask for the other's replicas."
                    )
                    yield _link(datacenter, far, "discovery", "WAN federation", detail)

    def _telemetry(self) -> Iterator[LinkView]:
        for telemetry in self.placement.of_kind("Telemetry"):
            for region in self.regions:
                for name, service in self.settings.services.items():
                    for track in service.tracks():
                        replicas = self.placement.find(f"{name}-{region}{track.suffix}", "Microservice")
                        if replicas is None:
                            continue
                        yield _link(replicas, telemetry, "telemetry", "traces", "A replica may send its traces (OTLP).")
                        if service.metrics is not None:
                            detail = f"The metrics of each replica are read from {service.metrics.path}."
                            yield _link(telemetry, replicas, "telemetry", "metrics", detail)
            for place in self.placement.of_kind("ConsulDatacenter", "MySqlMember"):
                yield _link(telemetry, place, "telemetry", "metrics", "Each server is asked for its metrics.")

    def _asks(self, region: str, other: str) -> bool:
        """Whether a region's discovery knows the replicas of another one."""
        first, second = sorted((region, other), key=self.regions.index)
        datacenter = self.placement.find(f"consul-{first}", "ConsulDatacenter")
        return datacenter is not None and self._joined(datacenter, second)

    def _joined(self, datacenter: int, other: str) -> bool:
        """Whether the servers' own configuration names servers of the other datacenter."""
        for member in self.placement.cards[datacenter].members:
            for _, text in texts(member.inputs):
                if "retry_join_wan" in text and f"consul-{other}" in _after(text, "retry_join_wan"):
                    return True
        return False


def _share(service: ServiceSettings, track: str) -> str:
    if service.canary is None:
        return ""
    return f" · {service.canary.weight if track == CANARY else 100 - service.canary.weight} %"


def _after(text: str, key: str) -> str:
    return text.split(key, 1)[-1]


def _link(source: int, target: int, kind: str, label: str, detail: str) -> LinkView:
    return {"source": source, "target": target, "kind": kind, "label": label, "detail": detail}
