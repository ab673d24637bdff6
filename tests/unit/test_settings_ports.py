"""Named ports of a service: what may be said of them, where routes and checks lead, and what is refused.

Does not prove that anything answers there: tests/integration/test_15_ports.py does.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.ingress import Protocol
from infra.settings import Settings
from infra.settings.ingress import ingress_configuration
from tests.graph.conftest import Document, dev_settings
from tests.support.settings import refused

GRPC = {"grpc": {"port": 9090, "protocol": "grpc"}}
ADMIN = {"admin": {"port": 6060}}


def stack(orders: dict[str, Any], **others: Any) -> Settings:
    def change(document: Document) -> None:
        for name, values in {"orders": orders, **others}.items():
            document["services"][name] = {"context": "services/greeter", **values}

    return dev_settings(change)


def refusal(orders: dict[str, Any], **others: Any) -> str:
    return refused(lambda: stack(orders, **others))


def test_a_route_leads_to_the_port_that_it_names() -> None:
    route = {"path": "/orders.v1.Orders", "port": "grpc", "protocol": "grpc"}
    (found,) = stack({"ports": GRPC, "routes": [route]}).services["orders"].routes
    assert (found.port, found.protocol) == ("grpc", Protocol.GRPC)


def test_a_check_asks_the_port_that_it_names() -> None:
    orders = stack({"ports": {**GRPC, **ADMIN}, "check": {"port": "admin", "path": "/live"}}).services["orders"]
    assert orders.check_port == 6060
    assert orders.client_ports == [6060, 8080, 9090]


def test_other_services_know_a_port_by_a_name_of_its_own() -> None:
    settings = stack({"ports": {**GRPC, **ADMIN}}, shop={"environment": {"ORDERS": "${service.orders.grpc.address}"}})
    assert settings.service_values()["orders.grpc.address"] == "orders-grpc:80"
    assert settings.service_values()["orders.url"] == "http://orders"
    assert set(ingress_configuration(settings, "east", ["west"]).internal) == {"users", "orders", "orders-grpc", "shop"}


def test_a_port_below_1024_is_taken_as_it_is() -> None:
    assert stack({"port": 80}).services["orders"].binds_privileged
    assert stack({"ports": {"admin": {"port": 81}}}).services["orders"].binds_privileged
    assert not stack({"port": 1024}).services["orders"].binds_privileged


@pytest.mark.parametrize(
    ("orders", "sentence"),
    [
        (
            {"ports": {"grpc": {"port": 8080}}},
            "ports.grpc.port is 8080, which port has already: choose another port.",
        ),
        (
            {"ports": {**GRPC, "web": {"port": 9090}}},
            "ports.web.port is 9090, which ports.grpc has already: choose another port.",
        ),
        (
            {"ports": {"dns": {"port": 8600}}},
            "ports.dns.port is 8600, which belongs to the Consul agent in the same pod: choose another port.",
        ),
        ({"port": 8500}, "8500 belongs to the Consul agent in the same pod: choose another port."),
        ({"ports": {"main": {"port": 1}}}, "ports.main has the name of the service's own port: write it as port."),
        (
            {"ports": {"a--b": {"port": 9090}}},
            '"a--b" is not the name of a port: use 1 to 15 lower-case letters, digits and single hyphens, beginning '
            "with a letter.",
        ),
        (
            {"ports": ADMIN, "check": {"port": "adnin"}},
            'check.port is "adnin", which is no port of this service: use one of admin.',
        ),
        ({"check": {"port": "admin"}}, "which is no port of this service: name it in ports."),
        (
            {"ports": GRPC, "routes": [{"path": "/o", "port": "rpc"}]},
            'routes has port "rpc" for "/o", which is no port of this service: use one of grpc.',
        ),
        (
            {"ports": ADMIN, "routes": [{"path": "/o", "port": "admin"}]},
            'routes has port "admin" for "/o", to which nobody is led without a protocol: add ports.admin.protocol, '
            "http or grpc.",
        ),
        (
            {"ports": GRPC, "routes": [{"path": "/o", "port": "grpc"}]},
            'routes has protocol "http" for "/o", and its port grpc speaks grpc: write protocol: grpc.',
        ),
        (
            {
                "ports": {"web": {"port": 9090, "protocol": "http"}},
                "routes": [{"path": "/o", "port": "web", "protocol": "grpc"}],
            },
            'routes has protocol "grpc" for "/o", and its port web speaks http: write protocol: http, or '
            "ports.web.protocol: grpc.",
        ),
        ({"kind": "worker", "ports": ADMIN}, "ports means nothing for a worker, which nobody calls"),
        (
            {"ports": ADMIN, "environment": {"A": "${service.orders.admin.url}"}},
            "environment.A has ${service.orders.admin.url}, which stands for nothing",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(orders: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(orders)


def test_a_port_and_a_service_are_never_called_by_one_name() -> None:
    assert (
        "gostack:services.orders.ports.grpc is called orders-grpc by other services, as gostack:services.orders-grpc "
        "is: rename one of them."
    ) in refusal({"ports": GRPC}, **{"orders-grpc": {}})
    # Nobody calls it.
    stack({"ports": ADMIN}, **{"orders-admin": {}})
