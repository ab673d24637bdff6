"""What one wants to know of a component or a region at a glance, and a request's way step by step."""

from __future__ import annotations

from collections import Counter

from infra.settings import Settings
from infra.settings.services import ServiceSettings, Track
from tools.gostack.explorer.catalogue import kind_of
from tools.gostack.explorer.model import LinkView, StepView
from tools.gostack.explorer.placement import Card, Placement
from tools.gostack.explorer.traffic import CLIENT

HTTPS = 443


def made_by(card: Card) -> dict[str, int]:
    """Return kind of resource to how many of it a card makes, the most first."""
    counts = Counter(kind_of(member) for member in card.members if member.custom)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def card_facts(card: Card, settings: Settings) -> list[str]:
    """Return a few short facts of a card, from the settings."""
    kind, name, region = card.resource.kind, card.resource.name, card.region
    match kind:
        case "Ingress":
            routes = [route.path for service in settings.services.values() for route in service.routes]
            return [f"hosts {', '.join(settings.ingress.hosts)}", f"routes {', '.join(routes)}"]
        case "Microservice":
            return _replicas(name, region, settings)
        case "ConsulDatacenter":
            return [_count(settings.consul.servers, "server")]
        case "MySqlCluster":
            topology = {"group": "Group Replication", "replica": "primary and replicas", "single": "one server"}
            return [topology.get(settings.mysql.topology, settings.mysql.topology)]
        case "DatabaseMember":
            return ["takes writes"] if region == settings.mysql.primary else ["read-only, forwards writes"]
        case "MySqlMember":
            if region == settings.mysql.primary and not name.endswith("-replica"):
                return ["primary at first" if settings.mysql.topology == "group" else "primary"]
            if region not in settings.regions:
                return ["witness", "makes a majority when a region is lost"]
            return ["secondary" if settings.mysql.topology == "group" else "replica", "read-only"]
        case "MySqlProxy":
            return ["leads to the primary, wherever it is"]
        case "Telemetry":
            kept = settings.telemetry
            return [
                f"metrics for {_count(kept.metrics_days, 'day')}",
                f"logs and traces for {_count(kept.logs_days, 'day')}, up to {kept.disk_gib} GiB",
            ]
        case _:
            return []


def card_copies(card: Card, settings: Settings) -> list[str]:
    """Return the replicas or servers in a card, one name each; empty where it is one thing."""
    name, region = card.resource.name, card.region
    if card.resource.kind == "ConsulDatacenter":
        return [f"server {number}" for number in range(settings.consul.servers)]
    track = _track(name, region, settings)
    return [f"replica {number}" for number in range(track[1].replicas)] if track else []


def region_facts(region: str, settings: Settings) -> list[str]:
    """Return a few short facts of a place, from the settings."""
    if region not in settings.regions:
        return ["one member of the database, nothing else"]
    cidr = settings.regions[region].cidr
    facts = [cidr] if cidr else []
    if region == settings.mysql.primary:
        facts.append("home of the primary")
    return facts


def walk(placement: Placement, settings: Settings, links: list[LinkView]) -> list[StepView]:
    """Return a request's way through the first region that it can enter, step by step."""
    region = settings.ordered_regions()[0]
    name, service = next(
        ((name, service) for name, service in settings.services.items() if service.routes),
        next(iter(settings.services.items())),
    )
    path = next((route.path for route in service.routes), "/")
    steps: list[StepView] = [_step("Client", _first_contact(settings, region, path), CLIENT)]
    for place in placement.of_kind("GlobalDns"):
        text = "The name leads to the region that is nearest to the client and well."
        steps.append(_step(placement.cards[place].resource.name, text, place))
    for place in placement.of_kind("NetworkLoadBalancer"):
        if placement.cards[place].region == region:
            text = (
                "The only ports that the internet reaches: it speaks TLS with the client, and again with the ingress."
            )
            steps.append(_step(placement.cards[place].resource.name, text, place))
    ingress = placement.find(f"ingress-{region}", "Ingress")
    if ingress is not None:
        text = (
            f"Nginx speaks TLS, finds the route {path}, and asks Consul which replicas of {name} are healthy. "
            "When one fails, it asks another."
        )
        steps.append(_step(f"ingress-{region}", text, ingress))
    replicas = placement.find(f"{name}-{region}", "Microservice")
    if replicas is not None:
        text = f"One of {_count(service.replicas, 'replica')} answers on port {service.port}."
        steps.append(_step(f"{name}-{region}", text, replicas))
    for link in links:
        if link["source"] == replicas and link["kind"] in ("read", "write"):
            steps.append(_step(placement.cards[link["target"]].resource.name, link["detail"], link["target"]))
    return steps


def _first_contact(settings: Settings, region: str, path: str) -> str:
    return f"Sends a request to {address(settings, region)}{path}."


def address(settings: Settings, region: str) -> str:
    """Return the address of a region's ingress as a client writes it."""
    port = settings.regions[region].https_port
    return f"https://{settings.ingress.hosts[0]}" + ("" if port == HTTPS else f":{port}")


def _replicas(name: str, region: str, settings: Settings) -> list[str]:
    found = _track(name, region, settings)
    if found is None:
        return []
    service, track = found
    facts = [_count(track.replicas, "replica"), f"port {service.port}" if service.kind == "service" else "worker"]
    if track.suffix and service.canary is not None:
        facts.append(f"{track.name}, {service.canary.weight} % of the clients")
    return facts


def _track(name: str, region: str, settings: Settings) -> tuple[ServiceSettings, Track] | None:
    """The track of a service whose replicas in a region have this name."""
    for service_name, service in settings.services.items():
        for track in service.tracks():
            if name == f"{service_name}-{region}{track.suffix}":
                return service, track
    return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _step(title: str, text: str, card: int) -> StepView:
    return {"title": title, "text": text, "card": card}
