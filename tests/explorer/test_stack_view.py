"""What the page is given of a stack: where things are, who talks to whom, ports, networks.

Does not prove that it is drawn: the tests in a browser do. Nor that the stack behaves so: the integration tests do.
"""

from __future__ import annotations

from collections import Counter

from infra.settings import parse_settings
from policy.resource import listing
from tests.explorer.conftest import card_named, dev_document, titles
from tools.gostack.explorer.model import StackView
from tools.gostack.explorer.recording import RecordedStack, record_settings
from tools.gostack.explorer.view import page_view


def conversations(stack: StackView, kind: str) -> set[tuple[str, str]]:
    names = ["client" if link["source"] < 0 else stack["cards"][link["source"]]["title"] for link in stack["links"]]
    return {
        (name, stack["cards"][link["target"]]["title"])
        for name, link in zip(names, stack["links"], strict=True)
        if link["kind"] == kind
    }


def test_every_resource_is_counted_in_exactly_one_card(dev: StackView) -> None:
    counted: Counter[str] = Counter()
    for card in dev["cards"]:
        counted.update(card["makes"])
    assert counted == Counter(item["kind"] for item in dev["resources"] if not item["component"])


def test_a_resource_is_in_the_region_that_its_label_names(recorded: list[RecordedStack], dev: StackView) -> None:
    labelled = {
        resource.name: label["value"]
        for resource in recorded[0].graph
        for label in listing(resource.at("labels"))
        if label["label"] == "gostack.region"
    }
    # A job on the shared database runs in the primary's region, and belongs to none.
    jobs = {"mysql-accounts-run", "users-database-accounts-run", "users-database-migrations-run"}
    placed = {item["name"]: item["region"] for item in dev["resources"] if item["name"] in labelled}
    assert labelled != {}
    assert {name for name, region in labelled.items() if placed[name] != region} <= jobs


def test_the_primarys_region_comes_first_and_the_witness_last(dev: StackView) -> None:
    assert [region["name"] for region in dev["regions"]] == ["east", "west", "witness"]


def test_members_of_the_database_are_drawn_in_their_regions_and_the_cluster_is_shared(dev: StackView) -> None:
    drawn = {card["title"]: card["region"] for card in dev["cards"] if card["role"] == "data"}
    assert drawn == {
        "mysql": "",
        "mysql-east": "east",
        "mysql-proxy-east": "east",
        "mysql-proxy-west": "west",
        "mysql-west": "west",
        "mysql-witness": "witness",
        "users-database": "",
    }


def test_in_a_region_what_a_request_meets_first_comes_first(dev: StackView) -> None:
    in_west = [card["title"] for card in dev["cards"] if (card["role"], card["region"]) == ("data", "west")]
    assert in_west == ["mysql-proxy-west", "mysql-west"]


def test_every_class_of_a_card_has_a_role_and_a_sentence(published: list[RecordedStack]) -> None:
    cards = [card for stack in page_view(published)["stacks"] for card in stack["cards"]]
    assert {card["kind"] for card in cards if card["role"] == "other" or not card["summary"]} == set()


def test_what_no_published_stack_has_is_drawn_in_its_role_too() -> None:
    document = dev_document()
    document["certificates"] = {"acme": {}}
    document["ingress"] = {"hosts": ["shop.example.com"]}
    document["accessories"] = {"cache": {"kind": "valkey"}}
    document["services"]["users"] |= {
        "tokens": {"issuer": "https://shop.example.com", "audience": "shop"},
        "volumes": {"files": {"path": "/files"}},
        "tasks": {"tidy": {"args": ["tidy"]}},
        "hooks": {"before": "tidy"},
        "schedules": {"nightly": {"cron": "@daily", "task": "tidy"}},
    }
    (stack,) = page_view([record_settings("full", parse_settings(document))])["stacks"]
    roles = {card["kind"]: card["role"] for card in stack["cards"] if card["summary"]}
    assert (
        roles.items()
        >= {
            "Accessory": "data",
            "CertificateClient": "trust",
            "GeneratedPassword": "trust",
            "Job": "service",
            "ScheduledTasks": "service",
            "ServiceVolumes": "data",
            "SigningKeys": "trust",
        }.items()
    )
    assert "other" not in roles.values()


def test_in_every_published_stack_a_request_reaches_the_database(published: list[RecordedStack]) -> None:
    walked = {stack["name"]: [step["title"] for step in stack["walk"]] for stack in page_view(published)["stacks"]}
    assert walked == {
        "dev": ["Client", "ingress-east", "users-east", "mysql-east", "mysql-proxy-east"],
        "staging": ["Client", "ingress-east", "users-east", "mysql-east-replica", "mysql-east"],
        "prod": [
            "Client",
            "dns",
            "entry-eu-central-1",
            "ingress-eu-central-1",
            "users-eu-central-1",
            "database-eu-central-1",
        ],
    }


def test_a_request_goes_from_the_client_over_the_ingress_and_a_replica_to_the_database(dev: StackView) -> None:
    assert conversations(dev, "request") == {
        ("client", "ingress-east"),
        ("client", "ingress-west"),
        ("ingress-east", "users-east"),
        ("ingress-west", "users-west"),
    }
    assert conversations(dev, "fallback") == {("ingress-east", "users-west"), ("ingress-west", "users-east")}
    assert conversations(dev, "read") == {("users-east", "mysql-east"), ("users-west", "mysql-west")}
    # The primary of a group moves: writes go through the proxy of their own region.
    assert conversations(dev, "write") == {
        ("users-east", "mysql-proxy-east"),
        ("users-west", "mysql-proxy-west"),
        ("mysql-proxy-east", "mysql-east"),
        ("mysql-proxy-west", "mysql-east"),
    }
    assert {("mysql-proxy-east", "consul-east"), ("mysql-proxy-west", "consul-west")} <= conversations(dev, "discovery")
    assert conversations(dev, "replication") == {("mysql-east", "mysql-west"), ("mysql-east", "mysql-witness")}


def test_a_database_that_has_no_proxy_is_written_to_directly(small: StackView) -> None:
    assert conversations(small, "write") == {
        ("users-frankfurt", "mysql-frankfurt"),
        ("users-frankfurt-canary", "mysql-frankfurt"),
    }


def test_telemetry_is_drawn_with_what_it_keeps_and_whom_it_asks(dev: StackView, small: StackView) -> None:
    card = dev["cards"][card_named(dev, "telemetry")]
    assert (card["role"], card["region"]) == ("watch", "")
    assert card["facts"] == ["metrics for 30 days", "logs and traces for 7 days, up to 2 GiB"]
    servers = {"consul-east", "consul-west", "mysql-east", "mysql-west", "mysql-witness"}
    replicas = {"users-east", "users-west"}
    assert conversations(dev, "telemetry") == {("telemetry", asked) for asked in servers | replicas} | {
        (name, "telemetry") for name in replicas
    }
    # The sample without metrics is asked for none.
    assert ("greeter-frankfurt", "telemetry") in conversations(small, "telemetry")
    assert ("telemetry", "greeter-frankfurt") not in conversations(small, "telemetry")


def test_a_canary_gets_its_share_and_a_single_region_has_no_fallback(small: StackView) -> None:
    requests = {
        small["cards"][link["target"]]["title"]: link["label"] for link in small["links"] if link["kind"] == "request"
    }
    assert requests["users-frankfurt"] == "/api/v1/users · 90 %"
    assert requests["users-frankfurt-canary"] == "/api/v1/users · 10 %"
    assert requests["greeter-frankfurt"] == "/hello"
    assert conversations(small, "fallback") == set()


def test_a_card_needs_what_its_resources_depend_on(dev: StackView) -> None:
    ingress = dev["cards"][card_named(dev, "ingress-east")]
    assert sorted(titles(dev, ingress["needs"])) == [
        "backbone",
        "consul-east",
        "east",
        "ingress-certificate",
        "upstream",
    ]
    # A release goes region by region.
    assert "users-east" in titles(dev, dev["cards"][card_named(dev, "users-west")]["needs"])


def test_ports_of_this_machine_are_those_of_the_settings(dev: StackView) -> None:
    assert {port["reach"] for port in dev["ports"]} == {"this machine"}
    listens = {str(port["listens"]) for port in dev["ports"]}
    ipv4 = {f"127.0.0.1:{port}" for port in (8080, 8443, 8500, 8900, 9080, 9443, 9500)}
    assert {address for address in listens if address.startswith("127.")} == ipv4
    # Only on a machine that has IPv6.
    assert listens - ipv4 <= {f"[::1]:{port}" for port in (8080, 8443, 9080, 9443)}


def test_networks_tell_their_range_and_who_is_attached(dev: StackView) -> None:
    networks = {network["name"]: network for network in dev["networks"]}
    assert {name: network["range"] for name, network in networks.items()} == {
        "backbone-network": "10.80.0.0/24",
        "east-network": "10.80.1.0/24",
        "west-network": "10.80.2.0/24",
        "witness-network": "10.80.3.0/24",
    }
    assert networks["witness-network"]["members"] == ["mysql-witness"]


def test_the_introduction_is_the_stack_files_first_comment(small: StackView, dev: StackView) -> None:
    assert small["introduction"] == "The small stack: one region, one database server."
    # The line by which an editor finds the schema is not a part of it.
    assert dev["introduction"].startswith("The dev stack: ")
