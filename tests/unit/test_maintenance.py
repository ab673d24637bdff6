"""A service in maintenance is answered for by the ingress, and nothing but the ingress's release changes.

Does not prove that nginx does so: tests/integration/test_21_verbs.py sends requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.ingress import IngressConfiguration, Protocol, Route, render_ingress
from components.ingress.own_answers import MAINTENANCE
from infra.settings import SettingsError, parse_settings
from infra.settings.ingress import LOCAL_NAMES, ingress_configuration, served_hosts
from tests.components.nginx_text import Directive, effective
from tests.support.settings import published

PROJECT = Path(__file__).resolve().parents[2]


def users(**settings: Any) -> dict[str, Any]:
    found = published("dev")
    found["services"]["users"].update(settings)
    return found


def http(*maintenance: str, protocol: Protocol = Protocol.HTTP) -> Directive:
    configuration = IngressConfiguration(
        region="east",
        other_regions=["west"],
        hosts=["localhost"],
        https_port=8443,
        routes={"users": [Route(path="/users", protocol=protocol)], "cart": [Route(path="/cart")]},
        internal={"users": Route(path="/")},
        maintenance=maintenance,
    )
    return effective(render_ingress(configuration))


def locations(found: Directive, word: str) -> list[Directive]:
    return [one for one in found.all() if one.name == "location" and word in " ".join(one.words)]


def test_no_route_of_a_service_in_maintenance_asks_a_replica() -> None:
    found = http("users")
    routes = [one for one in locations(found, "/users") if "@" not in " ".join(one.words)]
    assert len(routes) == 2
    assert [one.values("proxy_pass") for one in routes] == [[], []]
    assert all("418 = @maintenance" in one.values("error_page") for one in routes)
    assert locations(found, "/cart")[0].values("proxy_pass")


def test_clients_are_told_when_to_come_back_in_their_own_language() -> None:
    found = http("users")
    for name in ("@maintenance", "@maintenance_page"):
        (location,) = [one for one in found.all() if one.name == "location" and one.words == [name]]
        assert "Retry-After 60 always" in location.values("add_header")
        (answer,) = location.values("return")
        assert answer.startswith("503 ")
        assert MAINTENANCE.body in answer or "<!doctype html>" in answer


def test_a_grpc_client_gets_a_status_of_grpc() -> None:
    (route,) = locations(http("users", protocol=Protocol.GRPC), "/users/")
    assert route.values("return") == ["503"]
    assert "503 = @grpc_unavailable" in route.values("error_page")


def test_other_services_still_reach_it_by_its_name() -> None:
    found = http("users")
    (server,) = [one for one in found.all() if one.name == "server" and one.values("server_name") == ["users users.*"]]
    assert [one for one in server.all() if one.values("proxy_pass")]


def test_without_maintenance_nothing_of_it_is_in_the_configuration() -> None:
    assert not locations(http(), "@maintenance")


def test_a_change_of_it_changes_what_the_ingress_serves_alone() -> None:
    plain, held = parse_settings(users()), parse_settings(users(maintenance=True))
    assert ingress_configuration(held, "east", ["west"]).maintenance == ["users"]
    assert plain.services["users"].model_copy(update={"maintenance": True}) == held.services["users"]


def test_a_worker_has_nothing_to_hold_back() -> None:
    with pytest.raises(SettingsError, match=r"mailer.*maintenance means nothing for a worker"):
        parse_settings({**users(), "services": {"mailer": {"image": "m:1", "kind": "worker", "maintenance": True}}})


def test_names_that_need_no_dns_are_served_on_docker() -> None:
    assert served_hosts(parse_settings({**users(), "ingress": {"ipv6": True}})) == [
        "localhost",
        "127.0.0.1",
        "::1",
        *LOCAL_NAMES,
    ]


def test_a_stack_without_localhost_or_on_a_cluster_serves_what_it_names() -> None:
    hosts = {"hosts": ["shop.example.com"], "ipv6": False}
    assert served_hosts(parse_settings({**users(), "ingress": hosts})) == ["shop.example.com"]
    assert served_hosts(parse_settings(published("staging"))) == ["localhost", "127.0.0.1"]


def test_no_browser_remembers_a_local_name_as_one_for_tls_alone() -> None:
    files = render_ingress(ingress_configuration(parse_settings(users()), "east", ["west"]))
    (policy,) = [one for one in effective(files).all() if one.name == "map" and one.words[-1] == "$transport_policy"]
    assert policy.values('"~\\.localhost$"') == ['""']
