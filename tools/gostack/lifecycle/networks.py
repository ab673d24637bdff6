"""The networks that containers must be in, by the state: Pulumi does not see that one was taken out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import NotFound

from tools.gostack.exported_state import resources_of
from tools.gostack.lifecycle.objects import StackObjects


@dataclass(frozen=True)
class Membership:
    """One network of one container."""

    name: str
    """Name of the network."""

    aliases: tuple[str, ...] = ()
    """Names under which the network knows the container."""

    address: str | None = None
    """Its fixed address there."""


def expected_networks(state: Mapping[str, Any]) -> dict[str, list[Membership]]:
    """Return the identity of each container to the networks that it was put in."""
    found: dict[str, list[Membership]] = {}
    for resource in resources_of(state):
        if resource.get("type") != "docker:index/container:Container":
            continue
        inputs: dict[str, Any] = resource.get("inputs") or {}
        networks: list[dict[str, Any]] = inputs.get("networksAdvanced") or []
        if networks:
            found[resource["id"]] = [_membership(item) for item in networks]
    return found


def _membership(item: dict[str, Any]) -> Membership:
    aliases: list[str] = item.get("aliases") or []
    return Membership(item["name"], tuple(aliases), item.get("ipv4Address"))


def join_networks(state: Mapping[str, Any], objects: StackObjects) -> list[str]:
    """Put running containers back into networks that they have left and tell of each in one sentence."""
    expected = expected_networks(state)
    told: list[str] = []
    for container in objects.containers():
        if container.status != "running":
            continue
        joined: set[str] = set(container.attrs["NetworkSettings"]["Networks"])
        for membership in expected.get(str(container.id), []):
            if membership.name in joined:
                continue
            try:
                network: Any = objects.client.networks.get(membership.name)
            except NotFound:
                # The network itself is gone: the update makes it, and the container, anew.
                continue
            network.connect(
                container, aliases=list(membership.aliases) or None, ipv4_address=membership.address or None
            )
            told.append(f"{container.name} had left the network {membership.name}: joined again")
    return told
