"""Mistakes that pass every single check of a setting and would be found late, or never, by something else: nginx,
Consul, MySQL or the engine.

Does not prove that there are no others: `tests/integration/test_rendered_nginx.py` looks for those of nginx at random.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SettingsError, load_stack_file, parse_settings
from tests.support.settings import Document, published

PUBLISHED = Path(__file__).resolve().parents[2] / "Pulumi.dev.yaml"


def users_routes(*routes: Document) -> Callable[[Document], Any]:
    return lambda document: document["services"]["users"].update(routes=list(routes))


def named(service: str, **values: Any) -> Callable[[Document], Any]:
    return lambda document: document["services"].update({service: {"context": "services/greeter", **values}})


def region(**values: Any) -> Callable[[Document], Any]:
    return lambda document: document["regions"]["west"].update(values)


NGINX_REFUSES: dict[str, Callable[[Document], Any]] = {
    "a path exactly and as a prefix": users_routes({"path": "/users"}, {"path": "/users", "match": "exact"}),
    "a prefix with and without its slash": users_routes({"path": "/users"}, {"path": "/users/"}),
    "the health path of the ingress": users_routes({"path": "/.well-known/gostack/healthz", "match": "exact"}),
    "an empty regular expression": users_routes({"path": "", "match": "regex"}),
    "a regular expression that begins a comment": users_routes({"path": "#a", "match": "regex"}),
    "a regular expression that only Python knows": users_routes({"path": r"^/\u0041", "match": "regex"}),
    "a path that ends its line": users_routes({"path": "/users\n"}),
}

MYSQL_MUST_NOT_GET: dict[str, Callable[[Document], Any]] = {
    "its own schema": named("mysql", database={}),
    "its system views": named("sys", database={}),
    "an account called root": named("root", database={}),
    "the account of replication": named("replication", database={}),
    "the account of the backup": named("backup", database={}),
    "the account of the exporter": named("exporter", database={}),
    "the account of a group's members": named("group-replication", database={}),
    "the account that makes accounts on Kubernetes": named("administration", database={}),
    "the account that makes accounts on AWS": named("administrator", database={}),
    "the account of a thread": named("event-scheduler", database={}),
    "the account of Amazon itself": named("rdsadmin", database={}),
    "a role of Amazon": named("rds-superuser-role", database={}),
    "a role of Amazon by its schema": named("orders", database={"name": "aws_s3_access"}),
    "a file of the data folder": named("undo-001", database={}),
    "the first file of the data folder": named("ibdata1", database={}),
    "a file of the redo log": named("ib-logfile7", database={}),
    "the record of upgrades": named("orders", database={"name": "mysql_upgrade_history"}),
    "the account of another service's migrations": named("users-migration", database={}),
}

OTHERS_REFUSE: dict[str, Callable[[Document], Any]] = {
    "a network with a mask instead of a size": region(cidr="10.80.2.0/255.255.255.0"),
    "the machine's own loopback network": region(cidr="127.80.0.0/16"),
    "a duration that ends its line": lambda d: d["services"]["users"]["check"].update(interval="1s\n"),
    "a variable that ends its line": lambda d: d["services"]["users"].update(environment={"A\n": "1"}),
    "an image that ends its line": lambda d: d.update(images={"nginx": "nginx:1.30\n"}),
    "a service called like the database in Consul": named("mysql"),
    "a service called like Consul itself": named("consul"),
}


def accepted(mistake: Callable[[Document], Any]) -> bool:
    document = published()
    mistake(document)
    try:
        parse_settings(document)
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("mistake", NGINX_REFUSES.values(), ids=NGINX_REFUSES)
def test_a_route_that_nginx_would_refuse_is_refused_before(mistake: Callable[[Document], Any]) -> None:
    assert not accepted(mistake)


@pytest.mark.parametrize("mistake", MYSQL_MUST_NOT_GET.values(), ids=MYSQL_MUST_NOT_GET)
def test_a_service_cannot_take_what_the_database_needs_for_itself(mistake: Callable[[Document], Any]) -> None:
    assert not accepted(mistake)


@pytest.mark.parametrize("mistake", OTHERS_REFUSE.values(), ids=OTHERS_REFUSE)
def test_what_only_the_engine_or_consul_would_refuse_is_refused_before(mistake: Callable[[Document], Any]) -> None:
    assert not accepted(mistake)


def test_two_schemas_never_share_the_account_of_their_migrations() -> None:
    document = published()
    for last in "ab":
        named(f"a-service-with-a-long-name-{last}", database={})(document)
    with pytest.raises(SettingsError, match=r"^gostack:services\.a-service-with-a-long-name-b"):
        parse_settings(document)


def test_a_service_and_a_region_never_read_like_another_pair() -> None:
    # "users" in "eu-west" and "users-eu" in "west" would both be called "users-eu-west".
    document = published()
    document["mysql"].pop("witness")
    document["regions"]["eu-west"] = {"cidr": "10.80.9.0/24", "https_port": 1, "http_port": 2, "consul_port": 3}
    named("users-eu")(document)
    with pytest.raises(SettingsError, match="users-eu-west"):
        parse_settings(document)


@pytest.mark.parametrize("pattern", [r"^/(?<part>[a-z]+)/x", r"^/(?P<part>[a-z]+)/x"])
def test_a_regular_expression_of_nginx_is_accepted(pattern: str) -> None:
    document = published()
    users_routes({"path": pattern, "match": "regex"})(document)
    assert parse_settings(document).services["users"].routes[0].path == pattern


def test_a_service_may_own_the_root() -> None:
    document = published()
    users_routes({"path": "/"})(document)
    assert parse_settings(document).services["users"].routes[0].path == "/"


@pytest.mark.parametrize("text", ["config: [1]\n", "config: {1: 2}\n", "config: 5\n", "- a\n", "a: [\n", "\t\n"])
def test_a_file_that_holds_something_else_is_told_in_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_stack_file(file)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_bytes(b"\xff\xfe\x00config")
    with pytest.raises(SettingsError, match=r"^Pulumi\.x\.yaml"):
        load_stack_file(file)


def test_more_routes_than_an_ingress_can_be_given_are_refused() -> None:
    document = published()
    users_routes(*({"path": f"/r{number}"} for number in range(400)))(document)
    with pytest.raises(SettingsError, match=r"400 routes, which make \d+ KiB .* takes 900 KiB"):
        parse_settings(document)
    users_routes(*({"path": f"/r{number}"} for number in range(100)))(document)
    assert len(parse_settings(document).services["users"].routes) == 100


def test_a_host_of_a_route_is_one_that_the_ingress_serves() -> None:
    document = published()
    users_routes({"path": "/a", "hosts": ["other.example.com"]})(document)
    with pytest.raises(SettingsError, match=r"which gostack:ingress\.hosts does not name: add it there"):
        parse_settings(document)


def test_two_hosts_may_have_the_same_path() -> None:
    document = published()
    document["ingress"] = {"hosts": ["a.example.com", "b.example.com"]}
    users_routes({"path": "/", "hosts": ["a.example.com"]})(document)
    named("shop", routes=[{"path": "/", "hosts": ["b.example.com"]}])(document)
    assert len(parse_settings(document).services) == 2


def test_connections_that_the_memory_cannot_hold_are_refused() -> None:
    document = published()
    document["ingress"] = {"worker_connections": 8192}
    with pytest.raises(SettingsError, match=r"need \d+ MiB and memory_mib is 512: raise it"):
        parse_settings(document)
