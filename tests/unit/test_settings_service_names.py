"""Which services others call by name, and which names a service cannot have because of it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SettingsError
from infra.settings.ingress import ingress_configuration
from tests.graph.conftest import Document, dev_settings


def more(**services: dict[str, Any]) -> Any:
    def change(document: Document) -> None:
        document["services"].update(
            {name: {"context": "services/greeter", **values} for name, values in services.items()}
        )

    return dev_settings(change)


def test_a_stack_of_one_service_has_nobody_to_call() -> None:
    assert dev_settings().callable_services() == []
    assert ingress_configuration(dev_settings(), "east", ["west"]).internal == {}


def test_two_services_call_each_other_with_a_route_or_without() -> None:
    found = ingress_configuration(more(orders={}), "east", ["west"]).internal
    assert set(found) == {"users", "orders"}


def test_a_call_may_take_a_minute_or_as_long_as_the_slowest_route() -> None:
    found = ingress_configuration(
        more(orders={"routes": [{"path": "/orders", "timeout_seconds": 300}]}), "east", ["west"]
    ).internal
    assert (found["users"].timeout_seconds, found["orders"].timeout_seconds) == (60, 300)


def test_a_service_that_nobody_calls_may_be_called_like_one() -> None:
    def change(document: Document) -> None:
        document["services"] = {"mysql-east": {"context": "services/greeter"}}

    assert list(dev_settings(change).services) == ["mysql-east"]


@pytest.mark.parametrize("name", ["localhost", "mysql-east", "consul-west", "ingress-east"])
def test_a_service_cannot_have_the_host_name_of_a_part_of_the_stack(name: str) -> None:
    with pytest.raises(SettingsError, match=f"gostack:services.{name} has the name of a part of the stack"):
        more(**{name: {}})
