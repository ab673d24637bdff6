"""`gostack doctor` beside a VPN, in a network namespace of its own: which route is in the way, and which setting.

Asks the engine, and changes nothing there; needs root, for the namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from infra.settings.loading import load_stack_file
from tests.integration.brought_up import PROJECT

VPN = """set -e
ip link add vpn0 type veth peer name vpn1
ip address add 10.80.1.200/16 dev vpn0
ip link set vpn0 up
ip link set vpn1 up
exec "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare(1)")
def test_a_route_of_a_vpn_is_named_with_the_setting() -> None:
    network = load_stack_file(PROJECT / "Pulumi.dev.yaml").networks()["regions.east.cidr"]
    assert network == "10.80.1.0/24"
    doctor = [sys.executable, "-m", "tools.gostack", "doctor", "--json"]
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", VPN, "sh", *doctor],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert {
        "name": "networks",
        "level": "warn",
        "message": f"gostack:regions.east.cidr ({network}) overlaps with the route 10.80.0.0/16 by vpn0",
        "remedy": "choose another gostack:regions.east.cidr, or end what made the route (a VPN?)",
    } in json.loads(done.stdout)
