"""The service beside `users` that does what other people's services do: `tests/probe`."""

from __future__ import annotations

import json
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import urllib3

from tests.chaos.faults import addresses
from tests.chaos.scene import DrillError, Scene
from tests.support.load import Request

SERVICE = "probe"
_PATH = "/p/echo/drill"


def request(entries: list[str], number: int) -> Request:
    """One request to the probe, by turns through the entries of the regions."""
    return Request("GET", f"{entries[number % len(entries)]}{_PATH}")


def entry(scene: Scene, region: str) -> str:
    """Where a client of a region finds the probe."""
    return scene.entry(region).partition("/api/")[0]


def instance_that_answers(entry: str, authority: Path) -> str:
    """Name of the replica that answers a client of a region's entry now; empty when none does."""
    with (
        suppress(urllib3.exceptions.HTTPError, ValueError),
        urllib3.PoolManager(ca_certs=str(authority), retries=False, timeout=2) as pool,
    ):
        answer = pool.request("GET", f"{entry}{_PATH}")
        if answer.status == 200:
            told: dict[str, Any] = json.loads(answer.data)
            return str(told["instance"])
    return ""


def make_ill(scene: Scene, *, ill: bool) -> None:
    """Tell every replica, at its own address, to fail its check, or to pass it again."""
    pool = urllib3.PoolManager(retries=False, timeout=5)
    for replica in scene.stack.containers("application", service=SERVICE):
        network = IPv4Network(scene.stack.workspace.settings.regions[replica.labels["gostack.region"]].cidr)
        (address,) = [one for one in addresses(scene, replica) if IPv4Address(one) in network]
        status = pool.request("POST", f"http://{address}:8080/p/sick/{'on' if ill else 'off'}").status
        if status != 200:
            raise DrillError(f"{replica.name} answers {status}")
