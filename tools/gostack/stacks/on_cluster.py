"""What a stack on a cluster has alone when another one is beside it: namespaces by its name, and host names.

Ports are those of the other one: each ingress has a load balancer's address of its own, and the cluster itself chooses
the ports of its nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.ingress.names import is_address
from infra.settings import Settings
from tools.gostack.environment.errors import UserError

_OF_A_HOST = ("certificate", "secrets", "redirect_from")
"""What the other stack's host names have, and names below them do not."""


def without_namespace(settings: Settings) -> Settings:
    """Return settings of a stack whose namespaces are called after it."""
    if settings.kubernetes is None:
        return settings
    return settings.model_copy(update={"kubernetes": settings.kubernetes.model_copy(update={"namespace": None})})


def own_hosts(name: str, origin: str, settings: Settings) -> dict[str, str]:
    """Return each host name of the other stack with that of the new one, a name below it; raises UserError."""
    found = {host: f"{name}.{host}" for host in settings.ingress.hosts if not is_address(host)}
    if not found:
        raise UserError(
            f"gostack:ingress.hosts of {origin} has addresses alone, and a stack beside it needs a host name: add one "
            "there, below which it can have its own."
        )
    return found


def rename_hosts(document: Any, hosts: Mapping[str, str]) -> None:
    """Change what the document of a stack file, which holds no wrong setting, says of single hosts: of sites, and which
    of them a route is for."""
    config = document["config"]
    ingress = config.get("gostack:ingress", {})
    if "sites" in ingress:
        ingress["sites"] = {
            hosts[host]: {key: value for key, value in site.items() if key not in _OF_A_HOST}
            for host, site in ingress["sites"].items()
            if host in hosts
        }
    for service in config["gostack:services"].values():
        for route in service.get("routes", []):
            if "hosts" in route:
                route["hosts"] = [hosts[host] for host in route["hosts"] if host in hosts]
