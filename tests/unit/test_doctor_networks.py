"""Networks of the stack and what else this machine reaches: the engine's other networks, and routes.

Does not prove that Linux writes such a table: tests/integration/test_15_routes.py asks it.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from tools.gostack.doctor.finding import Finding
from tools.gostack.doctor.networks import Route, check_networks, foreign_routes

WANTED = {"regions.east.cidr": "10.80.1.0/24", "backbone.cidr": "10.80.0.0/24"}


def written(address: IPv4Address) -> str:
    return f"{int.from_bytes(address.packed, sys.byteorder):08X}"


def table(tmp_path: Path, **routes: str) -> Path:
    """A table of routes, interface to destination, as Linux writes it."""
    lines = ["Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT"]
    for interface, destination in routes.items():
        network = IPv4Network(destination)
        columns = [interface, written(network.network_address), "00000000", "0001", "0", "0", "0"]
        lines.append("\t".join([*columns, written(network.netmask), "0", "0", "0"]))
    file = tmp_path / "route"
    file.write_text("".join(f"{line:<127}\n" for line in lines))
    return file


def test_routes_are_read_but_the_default_one_and_those_of_the_engines_networks(tmp_path: Path) -> None:
    file = table(tmp_path, eth0="0.0.0.0/0", tun0="10.80.0.0/16", docker0="172.17.0.0/16")
    assert foreign_routes({"docker0"}, file) == [Route("10.80.0.0/16", "tun0")]
    assert foreign_routes((), tmp_path / "no such table") == []


@pytest.mark.parametrize(
    ("network", "level"),
    [("10.80.0.0/15", "warn"), ("10.80.1.0/24", "fail"), ("10.80.1.128/25", "fail")],
    ids=["the stack's is narrower", "the same", "it is narrower"],
)
def test_a_route_in_the_way_is_named_with_the_setting(network: str, level: str) -> None:
    findings = list(check_networks(WANTED, {}, [Route("192.168.0.0/16", "eth0"), Route(network, "tun0")]))
    assert {finding.level for finding in findings} == {level}
    assert findings[0] == Finding(
        "networks",
        "warn" if level == "warn" else "fail",
        f"gostack:regions.east.cidr (10.80.1.0/24) overlaps with the route {network} by tun0",
        "choose another gostack:regions.east.cidr, or end what made the route (a VPN?)",
    )


def test_networks_apart_from_everything_are_free() -> None:
    routes = [Route("10.81.0.0/16", "tun0")]
    assert [finding.level for finding in check_networks(WANTED, {"other": "10.90.0.0/24"}, routes)] == ["ok"]
    (found,) = check_networks(WANTED, {"other": "10.80.1.0/25"}, routes)
    assert (found.level, "the engine's network other (10.80.1.0/25)" in found.message) == ("fail", True)
