"""The containers of a running stack as a file for docker compose: what its peers would have to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from docker.models.containers import Container

Document = dict[str, Any]


def compose_document(
    containers: Iterable[Container], state: Mapping[str, Any], networks: Iterable[Any], copies: Mapping[str, str]
) -> Document:
    """Return a compose file with the same images, commands, environment, limits, networks, volumes and order.

    The order is the one in the stack's state: what Pulumi waits for, compose waits for. Compose fills no volume:
    `copies` are, by name and by place of each that was filled, folders of this machine with the same files.
    """
    by_id = {str(container.id): container for container in containers if not fills_volume(container)}
    binds = {identity: [_copied(bind, copies) for bind in _binds(container)] for identity, container in by_id.items()}
    order = _dependencies(state, set(by_id))
    return {
        "services": {
            str(container.name): _service(container, by_id, order[identity], binds[identity])
            for identity, container in by_id.items()
        },
        "networks": {
            network.name: {"driver": "bridge", "ipam": {"config": [_ipam(network.attrs["IPAM"]["Config"][0])]}}
            for network in networks
        },
        "volumes": {
            bind.split(":")[0]: _volume(bind)
            for mounts in binds.values()
            for bind in mounts
            if not bind.startswith("/")
        },
    }


def fills_volume(container: Container) -> bool:
    """Whether it is there for the files that were put into its volume alone."""
    return container.status == "created"


def _service(container: Container, by_id: Mapping[str, Container], after: set[str], binds: list[str]) -> Document:
    config, host = container.attrs["Config"], container.attrs["HostConfig"]
    service: Document = {
        "image": config["Image"],
        "user": config["User"],
        "entrypoint": _escaped(config["Entrypoint"]),
        "command": _escaped(config["Cmd"]),
        "environment": _escaped(config["Env"]),
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": ["/tmp:mode=1777"],
        "mem_limit": host["Memory"],
        # 0 is the engine's own share.
        "cpu_shares": host.get("CpuShares") or None,
        "restart": "no" if _is_job(container) else "unless-stopped",
        "depends_on": {str(by_id[other].name): {"condition": _condition(by_id[other])} for other in sorted(after)},
    }
    mode = str(host["NetworkMode"])
    if mode.startswith("container:"):
        service["network_mode"] = f"service:{by_id[mode.removeprefix('container:')].name}"
    elif mode == "none":
        service["network_mode"] = "none"
    else:
        endpoints: dict[str, dict[str, Any]] = container.attrs["NetworkSettings"]["Networks"]
        service["networks"] = {name: _endpoint(endpoint) for name, endpoint in endpoints.items()}
    service["volumes"] = binds
    if host["PortBindings"]:
        service["ports"] = [
            f"{binding['HostIp']}:{binding['HostPort']}:{port.split('/')[0]}"
            for port, bindings in host["PortBindings"].items()
            for binding in bindings
        ]
    health = config.get("Healthcheck")
    if health:
        service["healthcheck"] = {
            "test": _escaped(health["Test"]),
            "interval": f"{health['Interval'] // 1_000_000}ms",
            "timeout": f"{health['Timeout'] // 1_000_000}ms",
            "retries": health["Retries"],
            "start_period": f"{health.get('StartPeriod', 0) // 1_000_000}ms",
        }
    return {key: value for key, value in service.items() if value not in (None, "", [])}


def _dependencies(state: Mapping[str, Any], containers: set[str]) -> dict[str, set[str]]:
    """Container to the containers that it waits for, through whatever lies between them."""
    resources: dict[str, dict[str, Any]] = {resource["urn"]: resource for resource in state["resources"]}
    children: dict[str, list[str]] = {}
    for urn, resource in resources.items():
        children.setdefault(resource.get("parent", ""), []).append(urn)

    def reached(urn: str, seen: set[str]) -> set[str]:
        if urn in seen or urn not in resources:
            return set()
        seen.add(urn)
        identity = resources[urn].get("id", "")
        if identity in containers:
            return {identity}
        nearer = [*resources[urn].get("dependencies", []), *children.get(urn, [])]
        return {found for other in nearer for found in reached(other, seen)}

    return {
        resource["id"]: {found for other in resource.get("dependencies", []) for found in reached(other, {urn})}
        for urn, resource in resources.items()
        if resource.get("id") in containers
    }


def _condition(container: Container) -> str:
    if _is_job(container):
        return "service_completed_successfully"
    return "service_healthy" if container.attrs["Config"].get("Healthcheck") else "service_started"


def _is_job(container: Container) -> bool:
    return container.labels["gostack.role"] == "job"


def _ipam(config: Mapping[str, str]) -> dict[str, str]:
    return {"subnet": config["Subnet"], "gateway": config["Gateway"], "ip_range": config["IPRange"]}


def _endpoint(endpoint: Mapping[str, Any]) -> Document:
    aliases: list[str] = endpoint["Aliases"] or []
    configured: dict[str, str] = endpoint.get("IPAMConfig") or {}
    # The engine adds the container's own short identity to its aliases.
    network: Document = {"aliases": [alias for alias in aliases if "-" in alias]}
    if "IPv4Address" in configured:
        network["ipv4_address"] = configured["IPv4Address"]
    return network


def _binds(container: Container) -> list[str]:
    return container.attrs["HostConfig"]["Binds"] or []


def _copied(bind: str, copies: Mapping[str, str]) -> str:
    source, _, rest = bind.partition(":")
    for place, copy in copies.items():
        if source == place or source.startswith(f"{place}/"):
            return f"{copy}{source.removeprefix(place)}:{rest}"
    return bind


def _volume(bind: str) -> Document:
    # The releases live in memory and belong to Nginx's user, as in the stack.
    if bind.split(":")[1] == "/var/lib/ingress":
        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=16m,uid=101,gid=101,mode=0700"}
        return {"driver": "local", "driver_opts": options}
    return {"driver": "local"}


def _escaped(values: list[str] | None) -> list[str] | None:
    # Compose reads $NAME as a variable of its own.
    return [value.replace("$", "$$") for value in values] if values is not None else None
