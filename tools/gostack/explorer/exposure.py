"""Ports and networks, read from the resources that open them: Docker's, Kubernetes' and AWS's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from policy.resource import Marker, Resource, listing, mapping
from tools.gostack.explorer.model import NetworkView, PortView
from tools.gostack.explorer.placement import Placement

Place = Callable[[Resource], int]
"""Resource to its place in `StackView.resources`."""


def ports(placement: Placement, place: Place) -> list[PortView]:
    """Return the ports that something listens on, by region and number."""
    found = [port for resource in placement.graph for port in _ports_of(resource, placement, place)]
    return sorted(found, key=lambda port: (_order(port["region"], placement), port["listens"]))


def networks(placement: Placement, place: Place) -> list[NetworkView]:
    """Return the networks and the rules about them."""
    found = [network for resource in placement.graph for network in _networks_of(resource, placement, place)]
    return sorted(found, key=lambda network: (network["kind"], _order(network["region"], placement), network["name"]))


def _ports_of(resource: Resource, placement: Placement, place: Place) -> Iterator[PortView]:
    region, number = placement.region_of(resource), place(resource)
    match resource.package, resource.kind:
        case "docker", "Container":
            for port in _maps(resource.at("ports")):
                address = str(port.get("ip") or "0.0.0.0")  # noqa: S104  (Docker's own default is told)
                local = ip_address(address).is_loopback
                yield {
                    "region": region,
                    "listens": f"{f'[{address}]' if ':' in address else address}:{port.get('external', '?')}",
                    "target": f"port {port.get('internal', '?')} of {_owner(resource, placement)}",
                    "protocol": str(port.get("protocol") or "tcp"),
                    "reach": "this machine" if local else "every machine that reaches this one",
                    "resource": number,
                }
        case "kubernetes", "Service":
            kind = str(resource.at("spec.type", "ClusterIP"))
            for port in _maps(resource.at("spec.ports")):
                node_port = port.get("nodePort")
                yield {
                    "region": region,
                    "listens": f"{resource.at('metadata.name', resource.name)}:{port.get('port', '?')}"
                    + (f", node port {node_port}" if node_port else ""),
                    "target": f"port {port.get('targetPort', port.get('port', '?'))} of {_owner(resource, placement)}",
                    "protocol": str(port.get("appProtocol") or port.get("protocol") or "TCP").lower(),
                    "reach": _SERVICE_REACH.get(kind, kind),
                    "resource": number,
                }
        case "aws", "Listener":
            yield {
                "region": region,
                "listens": f"{_owner(resource, placement)}:{_text(resource.at('port', '?'))}",
                "target": "target group of the load balancer",
                "protocol": _text(resource.at("protocol", "tcp")).lower(),
                "reach": "the internet",
                "resource": number,
            }
        case _:
            return


_SERVICE_REACH = {
    "ClusterIP": "inside the cluster",
    "NodePort": "every machine that reaches a node",
    "LoadBalancer": "whoever reaches the load balancer",
}


def _networks_of(resource: Resource, placement: Placement, place: Place) -> Iterator[NetworkView]:
    region, number = placement.region_of(resource), place(resource)

    def network(kind: str, addresses: str, members: list[str], name: str = "") -> NetworkView:
        return {
            "region": region,
            "name": name or resource.name,
            "kind": kind,
            "range": addresses,
            "members": members,
            "resource": number,
        }

    match resource.package, resource.kind:
        case "docker", "Network":
            ranges = [_text(item.get("subnet", "")) for item in _maps(resource.at("ipamConfigs"))]
            yield network("Network", ", ".join(ranges), _attached(resource, placement))
        case "aws", "Vpc":
            yield network("VPC", _text(resource.at("cidrBlock", "")), [])
        case "aws", "Subnet":
            zone = _text(resource.at("availabilityZone", ""))
            yield network("Subnet", _text(resource.at("cidrBlock", "")), [zone] if zone else [])
        case "aws", "SecurityGroup":
            yield network("Security group", "", [_text(resource.at("description", ""))])
        case "aws", "SecurityGroupIngressRule":
            source = resource.at("cidrIpv4") or resource.at("referencedSecurityGroupId") or ""
            first, last = _text(resource.at("fromPort", "*")), _text(resource.at("toPort", "*"))
            port = first if first == last else f"{first}-{last}"
            yield network("Way in", _text(source), [f"port {port}", _text(resource.at("description", ""))])
        case "kubernetes", "Namespace":
            yield network("Namespace", "", [], _text(resource.at("metadata.name", resource.name)))
        case "kubernetes", "NetworkPolicy":
            directions = [str(item) for item in resource.at("spec.policyTypes", [])]
            yield network("Network policy", "", directions, _text(resource.at("metadata.name", resource.name)))
        case _:
            return


def _attached(network: Resource, placement: Placement) -> list[str]:
    """Names by which containers are known in a network of the engine."""
    identity = (network.outputs or {}).get("name") or network.name
    names: list[str] = []
    for resource in placement.graph:
        for joined in _maps(resource.at("networksAdvanced")):
            if joined.get("name") == identity:
                known = [str(alias) for alias in listing(joined.get("aliases"))]
                address = joined.get("ipv4Address")
                parent = placement.graph.parent_of(resource)
                own = parent.name if parent is not None and parent.kind == "Pod" else resource.name
                names.append((known[0] if known else own) + (f" ({address})" if address else ""))
    return sorted(names)


def _owner(resource: Resource, placement: Placement) -> str:
    return placement.cards[placement.card_of(resource.urn)].resource.name


def _order(region: str, placement: Placement) -> int:
    return placement.places.index(region) if region in placement.places else -1


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [mapping(item) for item in listing(value) if mapping(item)]


def _text(value: Any) -> str:
    return "known after up" if value is Marker.UNKNOWN else str(value)
