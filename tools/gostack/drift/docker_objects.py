"""What Pulumi does not see on a Docker engine: keys of Consul, networks that were left, objects that nobody made.

Changes nothing: it only asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from docker.models.containers import Container

from components.consul.probes import KNOWS_LEADER
from tools.gostack.documents import is_mapping
from tools.gostack.drift.model import Drift
from tools.gostack.exported_state import identities
from tools.gostack.lifecycle.networks import expected_networks
from tools.gostack.lifecycle.objects import StackObjects, role
from tools.gostack.report.findings import difference
from tools.gostack.report.urn import name_of

_NO_KEY = 3
_READ_KEY = f'wget -q -O - "http://127.0.0.1:8500/v1/kv/$KEY?raw" || exit {_NO_KEY}'


def docker_drift(state: Mapping[str, Any], objects: StackObjects) -> list[Drift]:
    """Return what is different on the engine, and in what runs there, from what the state says."""
    names = resource_names(state)
    containers = objects.containers()
    found = [
        *_documents(containers, names),
        *_networks(state, containers, names),
        *_unknown(containers, objects.networks(), names),
    ]
    return sorted(set(found))


def resource_names(state: Mapping[str, Any]) -> dict[str, str]:
    """Return identity on the engine to name of the resource."""
    return {identity: name_of(urn) for identity, urn in identities(state).items()}


def _documents(containers: list[Container], names: Mapping[str, str]) -> list[Drift]:
    found: list[Drift] = []
    for container in containers:
        if role(container) != "dynamic-configuration" or container.status != "running":
            continue
        name = names.get(str(container.id), str(container.name))
        key = _variable(container, "KEY")
        if _said(container, KNOWS_LEADER)[0] != 0:
            # Without Consul nothing can be said of its keys.
            continue
        code, held = _said(container, _READ_KEY)
        region = container.labels.get("gostack.region", "")
        if code == _NO_KEY:
            found.append(Drift(name, key, f"Consul in {region} no longer has the key `{key}`"))
            continue
        document = _said(container, "cat /tmp/document")[1]
        if held == document:
            continue
        found += [
            Drift(name, f"{key}: {path}", f"the key `{key}` of Consul in {region}: {sentence}")
            for path, sentence in differing(document, held)
        ]
    return found


def differing(document: str, held: str) -> list[tuple[str, str]]:
    """Return path to what is different of the two documents; of JSON each key by itself."""
    try:
        wanted, there = json.loads(document), json.loads(held)
    except ValueError:
        return [("", "it holds something that is no JSON")]
    if not (is_mapping(wanted) and is_mapping(there)):
        return [("", "it holds another document")]
    pairs = {key: (wanted.get(key), there.get(key)) for key in sorted(wanted.keys() | there.keys())}
    found = [(key, difference(key, *pair)) for key, pair in pairs.items() if pair[0] != pair[1]]
    return found or [("", "it is written in another way")]


def _networks(state: Mapping[str, Any], containers: list[Container], names: Mapping[str, str]) -> list[Drift]:
    there = {str(container.id): container for container in containers}
    found: list[Drift] = []
    for identity, networks in expected_networks(state).items():
        container = there.get(identity)
        if container is None or container.status != "running":
            # Whoever is gone, or stands still, is told of already.
            continue
        joined: set[str] = set(container.attrs["NetworkSettings"]["Networks"])
        wanted = {network.name for network in networks}
        found += [
            Drift(names[identity], "networksAdvanced", f"`networksAdvanced`: it has {verb} the network {network}")
            for verb, changed in (("left", wanted - joined), ("joined", joined - wanted))
            for network in sorted(changed)
        ]
    return found


def _unknown(containers: list[Container], networks: list[Any], names: Mapping[str, str]) -> list[Drift]:
    """Objects with the stack's labels that no update of it made."""
    return [
        Drift(str(item.name), "", f"the {kind} carries the stack's labels, but the stack does not know it")
        for kind, items in (("container", containers), ("network", networks))
        for item in items
        if item.id not in names
    ]


def _said(container: Container, command: str) -> tuple[int, str]:
    result: Any = container.exec_run(["/bin/sh", "-c", command], demux=True)
    output: bytes = (result.output or (b"", b""))[0] or b""
    return int(result.exit_code or 0), output.decode(errors="replace").strip("\n")


def _variable(container: Container, name: str) -> str:
    variables: list[str] = container.attrs["Config"]["Env"]
    return next((item.split("=", 1)[1] for item in variables if item.startswith(f"{name}=")), "")
