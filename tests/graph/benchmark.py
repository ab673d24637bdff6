"""How prod grows with its regions and services: `make bench STACK=prod`.

Each size is a process of its own, as `pulumi preview` is: it imports the program, registers every resource with a
monitor in the same process, and ends. What the engine, its plugins and AWS add is not in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
SIZES = ((2, 1), (2, 10), (4, 10), (6, 10), (8, 10), (10, 10))
"""Regions and services."""

REGIONS = (
    "eu-central-1",
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "ap-southeast-1",
    "ap-northeast-1",
    "eu-north-1",
    "us-east-2",
    "ca-central-1",
    "sa-east-1",
)


def grow(document: dict[str, Any], regions: int, services: int) -> None:
    """Give the published prod settings this many regions and services."""
    names = REGIONS[:regions]
    document["regions"] = {name: {} for name in names}
    document["aws"]["regions"] = {name: {"cidr": f"10.{16 + number}.0.0/16"} for number, name in enumerate(names)}
    host = document["aws"]["domain"]["name"]
    document["ingress"]["hosts"] = [host, *(f"{name}.{host}" for name in names)]
    users = document["services"]["users"]
    for number in range(1, services):
        copied = {**users, "routes": [{"path": f"/api/v1/service-{number}"}]}
        document["services"][f"service-{number}"] = copied
    quota = document["kubernetes"]["quota"]
    document["kubernetes"]["quota"] = {name: value * services for name, value in quota.items()}


def measure(regions: int, services: int) -> dict[str, float]:
    """Seconds of importing the program and of registering the stack, and its resources."""
    begun = time.monotonic()
    from tests.graph.prod import prod_graph

    imported = time.monotonic()
    graph = prod_graph(lambda document: grow(document, regions, services))
    ended = time.monotonic()
    return {"imported": imported - begun, "registered": ended - imported, "resources": len(graph.resources)}


def main(arguments: list[str]) -> int:
    """Print the table; with a size as arguments, that size alone as JSON."""
    if arguments:
        print(json.dumps(measure(int(arguments[0]), int(arguments[1]))))
        return 0
    print("| regions | services | resources | import s | graph s | ms a resource |")
    print("|---|---|---|---|---|---|")
    for regions, services in SIZES:
        command = [sys.executable, "-m", "tests.graph.benchmark", str(regions), str(services)]
        done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        each = figures["registered"] * 1000 / figures["resources"]
        print(
            f"| {regions} | {services} | {figures['resources']:.0f} | {figures['imported']:.1f} | "
            f"{figures['registered']:.1f} | {each:.1f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
