"""The ingress on Docker: Nginx, which stays, and its configuration, which is released beside it.

Does not prove that Nginx accepts its files: `tests/integration/test_rendered_nginx.py` asks it.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.ingress import Route
from components.ingress.docker import ConfigurationRelease, Ingress, variable_name
from components.ingress.docker_gateway import ServiceGateway
from components.ingress.login import Login
from tests.components.alone import NAME, Secret, alone, before, children, entry
from tests.graph.recorder import Graph


@pytest.fixture(scope="module")
def ingress() -> Graph:
    return alone(Ingress, bind_addresses=["127.0.0.1"], http_port=8080)


def test_it_is_a_pod_with_an_agent_nginx_and_a_release(ingress: Graph) -> None:
    assert children(ingress) == {"releases", "pod", "discovery", "nginx", "release"}
    assert before(ingress, "pod-sandbox", "discovery-agent")
    assert before(ingress, "discovery-agent", "nginx")
    assert before(ingress, "nginx", "release-files")


def test_nginx_finishes_the_requests_that_it_has_when_it_stops(ingress: Graph) -> None:
    nginx = ingress.resources[f"{NAME}-nginx"]
    assert nginx.plain("stopSignal") == "SIGQUIT"
    assert nginx.plain("destroyGraceSeconds") == nginx.plain("stopTimeout") > 30


def test_nginx_and_its_release_are_replaced_without_a_gap(ingress: Graph) -> None:
    for part in ("nginx", "release-files"):
        assert ingress.resources[f"{NAME}-{part}"].delete_before_replace is False
        assert ingress.resources[f"{NAME}-{part}"].plain("wait") is True
    # Its ports are those of the machine.
    assert ingress.resources[f"{NAME}-pod-sandbox"].delete_before_replace is True


def test_an_agent_that_only_asks_is_not_waited_for(ingress: Graph) -> None:
    assert ingress.resources[f"{NAME}-discovery-agent"].environment["DRAIN_SECONDS"] == "0"


def test_only_tls_and_its_redirect_are_reached_and_only_where_the_settings_say(ingress: Graph) -> None:
    ports = ingress.resources[f"{NAME}-pod-sandbox"].plain("ports")
    assert {(port["external"], port["internal"], port["ip"]) for port in ports} == {
        (8443, 8443, "127.0.0.1"),
        (8080, 8080, "127.0.0.1"),
    }


def test_the_private_key_is_in_memory_and_secret(ingress: Graph) -> None:
    volume = ingress.resources[f"{NAME}-releases"]
    assert volume.plain("driverOpts")["type"] == "tmpfs"
    assert "mode=0700" in volume.plain("driverOpts")["o"]
    assert written(ingress)[variable_name("private_key.pem")].startswith("-----BEGIN")
    assert [name for name, text in ingress.in_plain().items() if "PRIVATE KEY" in text] == []


def test_another_route_makes_another_release_and_leaves_nginx(ingress: Graph) -> None:
    another = entry(routes={"users": [Route(path="/others")]})
    after = alone(Ingress, kept=ingress, bind_addresses=["127.0.0.1"], http_port=8080, configuration=another)
    assert after.changed(ingress) == {f"{NAME}-release-files"}


def test_whoever_uses_the_entry_waits_until_its_files_are_in_force() -> None:
    def told(ingress: Any) -> dict[str, Any]:
        user = pulumi.Stash("user", input=ingress.url)
        return {"url": ingress.url, "address": ingress.address, "user": user.output}

    graph = alone(Ingress, told=told, configuration=entry(https_port=443), bind_addresses=["0.0.0.0"])
    assert f"{NAME}-release-files" in graph.resources["user"].dependencies
    assert graph.outputs["url"]["value"] == "https://localhost"
    assert graph.outputs["address"]["value"] == "127.0.0.1:443"


def written(graph: Graph) -> dict[str, str]:
    """Name to text of what a release finds in its volume of secrets."""
    writer = graph.resources[f"{NAME}-release-secrets-writer"]
    assert writer.is_secret("uploads")
    assert writer.name in graph.reachable(f"{NAME}-release-files")
    return {item["file"].removeprefix("/run/gostack/given/"): item["content"] for item in writer.plain("uploads")}


def test_a_release_gets_each_file_in_a_variable_but_secrets_which_the_engine_shows_to_nobody() -> None:
    graph = alone(
        ConfigurationRelease,
        files={"nginx.conf": "events {}"},
        secret_files={"private_key.pem": Secret("key-of-tls")},
    )
    files = graph.resources[f"{NAME}-files"]
    assert children(graph) == {"files", "secrets", "secrets-writer"}
    assert files.environment["FILES"] == "nginx.conf private_key.pem"
    assert files.environment[variable_name("nginx.conf")] == "events {}"
    assert not files.is_secret("envs")
    (mount,) = [item for item in files.plain("volumes") if item["containerPath"] == "/run/gostack/secrets"]
    assert (mount["volumeName"], mount["readOnly"]) == (f"{NAME}-secrets-1234567", True)
    assert [name for name, text in graph.in_plain().items() if "key-of-tls" in text] == []


def test_another_key_is_another_release_beside_the_one_in_force() -> None:
    def release(key: str, kept: Graph | None = None) -> Graph:
        return alone(ConfigurationRelease, kept=kept, files={}, secret_files={"private_key.pem": Secret(key)})

    first = release("key-of-tls")
    assert release("key-of-tls", first).changed(first) == set()
    after = release("another-key", first)
    assert after.changed(first) == {f"{NAME}-secrets", f"{NAME}-secrets-writer", f"{NAME}-files"}
    assert after.resources[f"{NAME}-files"].delete_before_replace is False


@pytest.fixture(scope="module")
def gateway() -> Graph:
    return alone(ServiceGateway, names=["orders", "users"])


def test_a_region_knows_the_gateway_by_the_name_of_every_service(gateway: Graph) -> None:
    networks = gateway.resources[f"{NAME}-pod-sandbox"].plain("networksAdvanced")
    # The backbone leads to the gateways of all regions, and must not know it by a name that each of them has.
    found = {network["name"]: network.get("aliases") for network in networks}
    assert found == {"east-network": ["orders", "users"], "backbone-network": []}
    # Nothing of it is published on the machine.
    assert gateway.resources[f"{NAME}-pod-sandbox"].plain("ports") in (None, [])


def test_one_more_name_makes_another_gateway_beside_the_one_that_serves(gateway: Graph) -> None:
    more = alone(ServiceGateway, kept=gateway, names=["orders", "shop", "users"])
    assert f"{NAME}-pod-sandbox" in more.changed(gateway)
    for part in ("pod-sandbox", "discovery-agent", "nginx"):
        assert more.resources[f"{NAME}-{part}"].delete_before_replace is False, part
    # It is asked before it can find anybody, and refuses; a caller goes on to the other address of the name.
    assert before(more, "discovery-agent", "nginx")


def test_the_gateway_follows_the_releases_of_the_ingress(gateway: Graph) -> None:
    (volume,) = gateway.resources[f"{NAME}-nginx"].plain("volumes")
    assert (volume["volumeName"], volume["containerPath"]) == ("releases", "/var/lib/ingress")
    assert gateway.resources[f"{NAME}-nginx"].plain("stopSignal") == "SIGQUIT"


def test_services_call_each_other_on_the_port_that_http_means() -> None:
    graph = alone(Ingress, configuration=entry(internal={"orders": Route(path="/")}))
    text = graph.resources[f"{NAME}-release-files"].environment[variable_name("nginx.conf")]
    assert "listen 80;" in text
    assert "server_name orders orders.*;" in text


def test_a_release_follows_the_certificates_of_a_client() -> None:
    source = {"url": "https://client:8443/certificate", "ca_certificate": "CA", "token": Secret("token-of-it")}
    graph = alone(Ingress, bind_addresses=["127.0.0.1"], http_port=8080, certificate_source=source)
    files = graph.resources[f"{NAME}-release-files"]
    told = {name: files.environment[name] for name in files.environment if name.startswith(("CERTIFICATE_", "REGION"))}
    assert told == {
        "CERTIFICATE_URL": "https://client:8443/certificate",
        "CERTIFICATE_CA": "CA",
        "CERTIFICATE_SECONDS": "10",
        "REGION": "east",
    }
    assert written(graph)["CERTIFICATE_TOKEN"] == "token-of-it"
    assert "CERTIFICATE_TOKEN" not in files.environment["FILES"]


TOKENS = Login(kind="jwt", issuer="https://login.example.com", audience="shop", jwks_url="https://login.example.com/k")


def with_tokens(login: Login = TOKENS, kept: Graph | None = None, **key_sets: str) -> Graph:
    return alone(
        Ingress,
        kept=kept,
        bind_addresses=["127.0.0.1"],
        configuration=entry(logins={"api": login}, routes={"users": [Route(path="/users", login="api")]}),
        token_verifier={"image": "verifier", "logins": {"api": login}, "key_sets": key_sets},
    )


def test_what_hosts_and_logins_need_is_in_the_release_and_stays_secret() -> None:
    graph = alone(
        Ingress,
        bind_addresses=["127.0.0.1"],
        edge_files={
            "site-shop.example.com-key.pem": Secret("key-of-the-shop"),
            "site-shop.example.com-clients.pem": "CA",
        },
    )
    assert written(graph)[variable_name("site-shop.example.com-key.pem")] == "key-of-the-shop"
    assert written(graph)[variable_name("site-shop.example.com-clients.pem")] == "CA"
    assert [name for name, text in graph.in_plain().items() if "key-of-the-shop" in text] == []


def test_tokens_are_verified_beside_nginx_where_nobody_else_can_ask() -> None:
    graph = with_tokens()
    verifier = graph.resources[f"{NAME}-token-verifier"]
    address = verifier.environment["ADDRESS"]
    assert address.startswith("127.0.0.1:")
    text = graph.resources[f"{NAME}-release-files"].environment[variable_name("nginx.conf")]
    assert f"server {address} max_fails=0;" in text
    assert before(graph, "token-verifier", "release-files")


def test_keys_that_the_running_program_alone_knows_are_what_tokens_are_verified_by() -> None:
    graph = with_tokens(api=Secret('{"keys": []}'))
    logins = json.loads(graph.resources[f"{NAME}-token-verifier"].environment["LOGINS"])
    assert logins["api"] == {**logins["api"], "issuer": TOKENS.issuer, "jwks": {"keys": []}}


def test_other_logins_are_verified_by_another_program_until_nginx_asks_the_new_one() -> None:
    graph = with_tokens()
    after = with_tokens(TOKENS.model_copy(update={"audience": "bank"}), kept=graph)
    assert after.changed(graph) == {f"{NAME}-token-verifier", f"{NAME}-release-files"}
    verifier = f"{NAME}-token-verifier"
    assert after.resources[verifier].delete_before_replace is False
    assert after.resources[verifier].environment["ADDRESS"] != graph.resources[verifier].environment["ADDRESS"]
