"""Settings of a region: where it lives and how it is entered."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.settings.base import NetworkAddress, Port, Section

ANY_ADDRESS = IPv4Address("0.0.0.0")  # noqa: S104 (the word for every address, not a socket's)
_THIS_NETWORK = IPv4Network("0.0.0.0/8")


def _address(value: str) -> str:
    try:
        address = IPv4Address(value)
    except ValueError:
        raise ValueError(f'"{value}" is not an IPv4 address; write it like "127.0.0.1".') from None
    nobodys = address in _THIS_NETWORK and address != ANY_ADDRESS
    if address.is_multicast or address.is_reserved or nobodys:
        raise ValueError(f'"{value}" is the address of no machine; write one of this one\'s, like "127.0.0.1".')
    return value


CONSUL_ADDRESS = "127.0.0.1"
"""Consul's HTTP interface has no login: it is never opened beyond this machine."""


class RegionSettings(Section):
    """One region: an ingress and a Consul datacenter of its own, and on Docker a network of its own."""

    cidr: NetworkAddress | None = None
    """Docker only, required there: network of the region, in CIDR notation. The lower half is for fixed addresses, the
    upper half is assigned."""

    bind_address: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    """Docker only: address of this machine on which the ingress listens. 0.0.0.0 opens it to the local network."""

    https_port: Port = 443
    """Port that leads to the region's ingress over TLS: of this machine on Docker, where it is required, and of the
    load balancer elsewhere."""

    http_port: Port = 80
    """Port that redirects to `https_port`; required on Docker."""

    consul_port: Port = 8500
    """Docker only, required there: port of this machine that leads to the region's Consul HTTP interface and UI (no
    TLS, no login: it listens on 127.0.0.1 only)."""


class BackboneSettings(Section):
    """The network between the regions."""

    cidr: NetworkAddress = Field(default="10.80.0.0/24")
    """Network in CIDR notation; it must not overlap with a region."""
