"""Where the programs of a pod listen: the kernel's own list, read by a neighbour in the same network namespace."""

from __future__ import annotations

from collections.abc import Iterable

COMMAND = ["cat", "/proc/net/tcp", "/proc/net/tcp6"]
"""What prints the list, in a container of the pod."""

_LISTENS = "0A"
_THIS_MACHINE = 127
_IPV4_LENGTH = 8


def listeners(text: str) -> dict[int, bool]:
    """Return the ports on which something listens, and whether others than the pod itself can reach it there.

    `text` is what COMMAND prints; its columns are those of https://docs.kernel.org/networking/proc_net_tcp.html.
    """
    found: dict[int, bool] = {}
    for line in text.splitlines():
        columns = line.split()
        if len(columns) < 4 or columns[3] != _LISTENS or ":" not in columns[1]:
            continue
        address, port = columns[1].split(":")
        number = int(port, 16)
        found[number] = found.get(number, False) or not _is_loopback(address)
    return found


def unreachable(text: str, port: int, others: Iterable[int]) -> str:
    """Return why clients do not reach a program that should listen on `port`; empty when something listens there.

    `others` are ports of the platform in the same pod.
    """
    found = listeners(text)
    if found.get(port):
        return ""
    if port in found:
        return (
            "the program answers on 127.0.0.1 but not on the address that clients use: "
            'let it listen on ":" + PORT, which is every address'
        )
    elsewhere = sorted({number for number, reachable in found.items() if reachable} - set(others))
    if elsewhere:
        ports = ", ".join(map(str, elsewhere))
        return f"nothing listens on port {port}, but something does on {ports}: let the program listen on PORT"
    return f"nothing listens on port {port} yet"


def _is_loopback(address: str) -> bool:
    # Hexadecimal, each 32 bits in the machine's own order, which is little-endian wherever images of this stack run.
    if len(address) == _IPV4_LENGTH:
        return bytes.fromhex(address)[3] == _THIS_MACHINE
    words = [bytes.fromhex(address[index : index + 8])[::-1] for index in range(0, len(address), 8)]
    ipv6 = b"".join(words)
    mapped = ipv6[:12] == bytes(10) + b"\xff\xff" and ipv6[12] == _THIS_MACHINE
    return ipv6 == bytes(15) + b"\x01" or mapped
