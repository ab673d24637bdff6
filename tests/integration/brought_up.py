"""A stack on the real engine for as long as tests need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.integration.beside import remove_beside
from tests.integration.support import LiveStack
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.leftovers import evict
from tools.gostack.lifecycle.workspace import PulumiError

PROJECT = Path(__file__).resolve().parents[2]

Stack = TypeVar("Stack", bound=LiveStack)


def one_region(services: Mapping[str, Any], *, ports: int = 32, network: int = 95) -> dict[str, Any]:
    """The settings of a small stack: services in one region, with ports of these thousands and in this 10.x network."""
    return {
        "config": {
            "gostack:platform": "docker",
            "gostack:backbone": {"cidr": f"10.{network}.0.0/24"},
            "gostack:regions": {
                "east": {
                    "cidr": f"10.{network}.1.0/24",
                    "https_port": ports * 1000 + 443,
                    "http_port": ports * 1000 + 80,
                    "consul_port": ports * 1000 + 500,
                }
            },
            "gostack:consul": {"servers": 1},
            "gostack:mysql": {"primary": "east", "topology": "single"},
            "gostack:telemetry": {"enabled": False},
            "gostack:services": dict(services),
        }
    }


def two_regions(services: Mapping[str, Any], *, ports: int, network: int) -> dict[str, Any]:
    """The same with a second region, which has the ports of the next thousand."""
    document = one_region(services, ports=ports, network=network)
    document["config"]["gostack:regions"]["west"] = {
        "cidr": f"10.{network}.2.0/24",
        "https_port": (ports + 1) * 1000 + 443,
        "http_port": (ports + 1) * 1000 + 80,
        "consul_port": (ports + 1) * 1000 + 500,
    }
    return document


def brought_up(
    name: str, published: Path, tmp_path_factory: pytest.TempPathFactory, kind: type[Stack] = LiveStack
) -> Iterator[Stack]:
    """A stack with a copy of these settings, which tests may change; it is removed whatever happens."""
    settings = tmp_path_factory.mktemp("settings") / f"Pulumi.{name}.yaml"
    settings.write_bytes(published.read_bytes())
    live = kind.of(PROJECT, settings, name)
    # A run that was killed may have left its stack, and its state may be gone with its checkout.
    remove_beside(live.objects)
    with suppress(PulumiError):
        evict(live.workspace, live.objects)
    assert lifecycle.down(live.workspace, purge=True) == 0
    before = live.everything_left()
    try:
        assert lifecycle.up(live.workspace) == 0
        yield live
    finally:
        assert lifecycle.down(live.workspace, purge=True) == 0
        left = sorted(set(live.everything_left()) - set(before))
        assert left == [], f"left of the stack {name} once it is down: {', '.join(left)}"
