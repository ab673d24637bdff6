"""What the cluster needs of this host's network: one device, routes, forwarding; and taking all of it away again."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.debian import DebianPrograms
from tools.offline.cluster.layout import (
    CONTROL_PLANE,
    DEVICE,
    FIREWALL_CHAIN,
    HOST_CIDR,
    LOAD_BALANCER_CIDR,
    NODES,
    POD_CIDR,
    SERVICE_CIDR,
    Folders,
)

SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # Traffic between two pods of one node passes the packet filter, where Services and NetworkPolicies are.
    "net/bridge/bridge-nf-call-iptables": "1",
}
CHAIN_PREFIXES = ("KUBE-", FIREWALL_CHAIN)
"""Chains of the packet filter that are the cluster's: of kube-proxy, kubelet, kube-router, and our own."""
_MARKED = '--comment "KUBE-ROUTER rule '
"""In the rules that kube-router writes into chains that are not its own."""
_ROUTED = (POD_CIDR, HOST_CIDR, LOAD_BALANCER_CIDR)


def run(*command: str, given: str | None = None) -> str:
    """The output of a command.

    Raises `BootstrapError` with what it says when it fails.
    """
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        raise BootstrapError(f"{command[0]} is not installed: `apt-get install iproute2 iptables`.") from None
    if done.returncode != 0:
        raise BootstrapError(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.returncode}")
    return done.stdout


def set_up(folders: Folders) -> None:
    """Make device, routes and rules; what is there already stays as it is."""
    _set_sysctls(folders.run / "sysctls.json")
    if not Path(f"/sys/class/net/{DEVICE}").exists():
        # A bridge without ports: every kernel that runs containers has bridges, not every one has dummy devices.
        run("ip", "link", "add", DEVICE, "type", "bridge")
    for address in (CONTROL_PLANE, *(node.address for node in NODES)):
        run("ip", "address", "replace", f"{address}/32", "dev", DEVICE)
    run("ip", "link", "set", DEVICE, "up")
    for network in _ROUTED:
        # An address that nobody has is unreachable, instead of being asked for on the network outside.
        run("ip", "route", "replace", "unreachable", str(network), "metric", "4096")
    present = run("iptables-save")
    wanted = rules()
    if not contains(present, wanted):
        remove_rules()
        run("iptables-restore", "--noflush", given=wanted)


def tear_down(folders: Folders) -> None:
    """Take away devices, routes, rules and sets, and give the kernel's settings back."""
    remove_rules()
    for device in (*(node.bridge for node in NODES), DEVICE):
        if Path(f"/sys/class/net/{device}").exists():
            run("ip", "link", "delete", device)
    routes = run("ip", "-4", "route", "show", "type", "unreachable")
    for network in _ROUTED:
        if str(network) in routes:
            run("ip", "route", "delete", "unreachable", str(network))
    _restore_sysctls(folders.run / "sysctls.json")


def rules() -> str:
    """Our own rules, as `iptables-restore` takes them.

    Docker drops what it does not know when packets are forwarded: traffic of pods is let through. What leaves the pods'
    network takes the address of this host. A Service address that kube-proxy does not know is refused here, instead of
    being asked for on the network outside.
    """
    pods, services, refused = str(POD_CIDR), str(SERVICE_CIDR), f"{FIREWALL_CHAIN}-REFUSED"
    return f"""*nat
:{FIREWALL_CHAIN} - [0:0]
-A {FIREWALL_CHAIN} -s {pods} ! -d {pods} -j MASQUERADE
-A POSTROUTING -j {FIREWALL_CHAIN}
COMMIT
*filter
:{FIREWALL_CHAIN} - [0:0]
:{refused} - [0:0]
-A {refused} -d {services} -j REJECT
-A {FIREWALL_CHAIN} -j {refused}
-A {FIREWALL_CHAIN} -s {pods} -j ACCEPT
-A {FIREWALL_CHAIN} -d {pods} -j ACCEPT
-A FORWARD -j {FIREWALL_CHAIN}
-A OUTPUT -j {refused}
COMMIT
"""


def contains(saved: str, wanted: str) -> bool:
    """Whether the output of `iptables-save` has every rule that leads to a chain of `wanted`."""
    present = saved.splitlines()
    jumps = [line for line in wanted.splitlines() if line.startswith("-A ") and not line[3:].startswith(CHAIN_PREFIXES)]
    return all(jump in present for jump in jumps)


def remove_rules() -> None:
    """Remove the cluster's chains and every rule that leads to one, in both families."""
    for family in ("iptables", "ip6tables"):
        script = removal(run(f"{family}-save"))
        if script:
            run(f"{family}-restore", "--noflush", given=script)


def remove_address_sets(programs: DebianPrograms) -> None:
    """Remove the sets of addresses that kube-router's rules asked; the rules have to be gone."""
    ipset, environment = str(programs.program("ipset")), {**os.environ, **programs.environment()}
    named = subprocess.run([ipset, "list", "-name"], env=environment, capture_output=True, text=True, check=False)
    for name in address_sets(named.stdout):
        subprocess.run([ipset, "destroy", name], env=environment, capture_output=True, check=False)


def address_sets(names: str) -> list[str]:
    """Those of the output of `ipset list -name` that are the cluster's; `inet6:` and `TMP-` stand before some."""
    return [name for name in names.split() if name.removeprefix("TMP-").removeprefix("inet6:").startswith("KUBE-")]


def removal(saved: str, prefixes: Iterable[str] = CHAIN_PREFIXES) -> str:
    """What `iptables-restore --noflush` needs to remove chains with these prefixes, from `iptables-save`'s output."""
    prefixes = tuple(prefixes)
    script: list[str] = []
    for table in saved.split("COMMIT\n"):
        lines = [line for line in table.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        own = [line[1:].split()[0] for line in lines if line.startswith(":") and line[1:].startswith(prefixes)]
        references = [line for line in lines if line.startswith("-A ") and not line[3:].startswith(prefixes)]
        leading = [line for line in references if _MARKED in line or any(word in own for word in line.split())]
        removed = [line.replace("-A ", "-D ", 1) for line in leading]
        if own or removed:
            flushed = [f":{chain} - [0:0]" for chain in own]
            script += [lines[0], *flushed, *removed, *(f"-X {chain}" for chain in own), "COMMIT"]
    return "".join(f"{line}\n" for line in script)


def overlapping(networks: Iterable[IPv4Network], routes: str) -> list[str]:
    """Networks of the output of `ip -json route` that overlap with ours, and are not ours."""
    own_devices = {DEVICE, *(node.bridge for node in NODES)}
    found: list[str] = []
    for route in json.loads(routes or "[]"):
        destination, device = route.get("dst", "default"), route.get("dev", "")
        if destination == "default" or device in own_devices or route.get("type") == "unreachable":
            continue
        other = IPv4Network(destination)
        found += [f"{other} on {device}" for network in networks if network.overlaps(other)]
    return found


def _set_sysctls(saved: Path) -> None:
    earlier: dict[str, str] = json.loads(saved.read_text()) if saved.is_file() else {}
    for name, value in SYSCTLS.items():
        path = Path("/proc/sys") / name
        present = path.read_text().strip()
        if present != value:
            earlier.setdefault(name, present)
            path.write_text(value)
    saved.parent.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps(earlier))


def _restore_sysctls(saved: Path) -> None:
    if not saved.is_file():
        return
    for name, value in json.loads(saved.read_text()).items():
        path = Path("/proc/sys") / name
        # Docker needs forwarding as well, and may have been started since.
        if path.exists() and not (name == "net/ipv4/ip_forward" and Path("/sys/class/net/docker0").exists()):
            path.write_text(value)
    saved.unlink()
