"""Named ports of services: where routes may lead, and the names that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from components.ingress.route import Protocol, Route
from components.microservice.workload import NamedPort
from components.names import called_name

if TYPE_CHECKING:
    from infra.settings.model import Settings


def port_problems(route: Route, ports: Mapping[str, NamedPort]) -> Iterator[str]:
    """Yield why a route of a service cannot lead to the port that it names, when it cannot."""
    if route.port is None:
        return
    if route.port not in ports:
        known = f"use one of {', '.join(sorted(ports))}" if ports else "name it in ports"
        yield f'routes has port "{route.port}" for "{route.path}", which is no port of this service: {known}.'
        return
    spoken = ports[route.port].protocol
    if spoken is None:
        yield (
            f'routes has port "{route.port}" for "{route.path}", to which nobody is led without a protocol: add '
            f"ports.{route.port}.protocol, http or grpc."
        )
    elif (spoken == "grpc") != (route.protocol is Protocol.GRPC):
        wanted = "grpc" if spoken == "grpc" else "http, or ports." + route.port + ".protocol: grpc"
        yield (
            f'routes has protocol "{route.protocol}" for "{route.path}", and its port {route.port} speaks {spoken}: '
            f"write protocol: {wanted}."
        )


def port_name_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each port by whose name something else is called."""
    owners = {name: f"services.{name}" for name in settings.services}
    owners |= {name: f"accessories.{name}" for name in settings.accessories}
    for name, service in settings.services.items():
        for port in service.served_ports:
            called, key = called_name(name, port), f"services.{name}.ports.{port}"
            if called in owners:
                yield (
                    f"gostack:{key} is called {called} by other services, as gostack:{owners[called]} is: rename one "
                    "of them."
                )
            owners[called] = key
