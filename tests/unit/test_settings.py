"""Settings refuse every mistake with one sentence that names the key and the fix.

Does not prove that `up` asks them before it does anything: the integration tests do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.microservice.workload import AGENT_PORTS
from infra.settings import SettingsError, load_stack_file, parse_settings
from tests.support.settings import Document, published

PROJECT = Path(__file__).resolve().parents[2]
PUBLISHED = PROJECT / "Pulumi.dev.yaml"


def users(document: Document) -> Document:
    return document["services"]["users"]


def west(document: Document) -> Document:
    return document["regions"]["west"]


def second_service(**values: Any) -> Callable[[Document], Any]:
    return lambda document: document["services"].update(orders={"context": "services/greeter", **values})


def third_region(document: Document) -> None:
    document["regions"]["north"] = {"cidr": "10.80.8.0/24", "https_port": 7443, "http_port": 7080, "consul_port": 7500}


def numbered_region(number: int) -> Document:
    ports = {f"{kind}_port": base + number for kind, base in (("https", 7100), ("http", 7200), ("consul", 7300))}
    return {"cidr": f"10.81.{number}.0/24", **ports}


MISTAKES: dict[str, tuple[Callable[[Document], Any], str]] = {
    "unknown key of the stack": (
        lambda d: d.update(servces={}),
        'gostack:servces is not a known key: did you mean "services"?',
    ),
    "unknown key of a service": (
        lambda d: users(d).update(replcas=1),
        'gostack:services.users.replcas is not a known key: did you mean "replicas"?',
    ),
    "unknown key of a route": (
        lambda d: users(d)["routes"][0].update(pth="/x"),
        'gostack:services.users.routes.0.pth is not a known key: did you mean "path"?',
    ),
    "unknown key of a check": (
        lambda d: users(d)["check"].update(intervl="1s"),
        'gostack:services.users.check.intervl is not a known key: did you mean "interval"?',
    ),
    "a setting that has another name": (
        lambda d: users(d).update(stop_seconds=5),
        "gostack:services.users.stop_seconds is called termination_grace_period_seconds now: rename it.",
    ),
    "a setting that is gone": (
        lambda d: users(d)["check"].update(deregister_after="1m"),
        "gostack:services.users.check: deregister_after is no setting any more, because a replica stays registered "
        "however long it is ill: remove it.",
    ),
    "a path that its protocol does not ask for": (
        lambda d: users(d)["check"].update(protocol="grpc", path="/ready"),
        "gostack:services.users.check: path means nothing with protocol grpc: remove one of them.",
    ),
    "a path of a check with a quote": (
        lambda d: users(d)["check"].update(path="/health?a='b"),
        'gostack:services.users.check.path: "/health?a=\'b" is not a URL path with or without a query; write it like '
        '"/health?full=1".',
    ),
    "a key like no other": (
        lambda d: d["consul"].update(zzz=1),
        "gostack:consul.zzz is not a known key: remove it or use one of servers.",
    ),
    "a key like none of many": (
        lambda d: users(d).update(zzz=1),
        "gostack:services.users.zzz is not a known key: remove it; docs/configuration.md lists those of "
        "gostack:services.users.",
    ),
    "no replica": (
        lambda d: users(d).update(replicas=0),
        "gostack:services.users.replicas: input should be greater than or equal to 1, but it is 0; "
        "correct it in the stack file.",
    ),
    "a word for a number": (
        lambda d: users(d).update(replicas="two"),
        "gostack:services.users.replicas: input should be a valid integer, but it is 'two'; "
        "correct it in the stack file.",
    ),
    "a port twice": (
        lambda d: west(d).update(https_port=8443),
        "gostack:regions.west.https_port is 8443, which gostack:regions.east.https_port uses already: "
        "choose another port.",
    ),
    "overlapping networks": (
        lambda d: west(d).update(cidr="10.80.1.0/24"),
        "gostack:regions.west.cidr (10.80.1.0/24) overlaps with gostack:regions.east.cidr (10.80.1.0/24): "
        "give each of them a network of its own.",
    ),
    "a group of two": (
        lambda d: d["mysql"].pop("witness"),
        'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has 2: '
        "add gostack:mysql.witness.",
    ),
    "a group of four": (
        lambda d: (third_region(d), d["mysql"].update(topology="group", witness={"cidr": "10.80.9.0/24"})),
        'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has 4: '
        "remove gostack:mysql.witness.",
    ),
    "a group of eleven": (
        lambda d: (
            d["mysql"].pop("witness"),
            d["regions"].update({f"region-{number}": numbered_region(number) for number in range(9)}),
        ),
        'gostack:mysql.topology is "group", which takes at most 9 members, and has 11: '
        'remove regions, or set it to "replica".',
    ),
    "a group of one": (
        lambda d: (d["regions"].pop("west"), d["mysql"].pop("witness")),
        'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has 1: '
        'set it to "single".',
    ),
    "a group of one and a witness": (
        lambda d: d["regions"].pop("west"),
        'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has 2: '
        'set it to "single" and remove gostack:mysql.witness.',
    ),
    "a witness without a group": (
        lambda d: d["mysql"].update(topology="replica", witness={"cidr": "10.80.9.0/24"}),
        'gostack:mysql: witness is set, but topology is "replica": remove witness, or set topology to "group".',
    ),
    "a witness in a region's network": (
        lambda d: d["mysql"].update(topology="group", witness={"cidr": "10.80.2.0/24"}),
        "gostack:mysql.witness.cidr (10.80.2.0/24) overlaps with gostack:regions.west.cidr (10.80.2.0/24): "
        "give each of them a network of its own.",
    ),
    "a region called like the witness": (
        lambda d: (
            d["regions"].update(witness=d["regions"].pop("west")),
            d["mysql"].update(topology="group", witness={"cidr": "10.80.9.0/24"}),
        ),
        "gostack:regions.witness has the name of the place of gostack:mysql.witness: rename the region.",
    ),
    "a group's member with too little memory": (
        lambda d: d["mysql"].update(topology="group", witness={"cidr": "10.80.9.0/24"}, memory_mib=600),
        "gostack:mysql: buffer_pool_mib (64) does not fit into memory_mib (600): leave 640 MiB for everything else.",
    ),
    "a network that is too small": (
        lambda d: west(d).update(cidr="10.80.2.0/28"),
        "gostack:regions.west.cidr: 10.80.2.0/28 has the size /28; use a size from /16 to /24.",
    ),
    "a public network": (
        lambda d: west(d).update(cidr="8.8.8.0/24"),
        "gostack:regions.west.cidr: 8.8.8.0/24 is not private; use a network inside 10.0.0.0/8, 172.16.0.0/12 or "
        "192.168.0.0/16.",
    ),
    "a route of another service": (
        second_service(routes=[{"path": "/api/v1/users"}]),
        'gostack:services.orders.routes claims prefix "/api/v1/users", which service "users" claims already: '
        "give one of them another path.",
    ),
    "a schema of another service": (
        second_service(database={"name": "users"}),
        'gostack:services.orders.database.name is "users", whose account "users" service "users" has already: '
        "choose another name.",
    ),
    "an image without a tag": (
        lambda d: d.update(images={"nginx": "nginx"}),
        'gostack:images.nginx: "nginx" has no tag: write the version you want, for example "nginx:1.0".',
    ),
    "a moving tag": (
        lambda d: d.update(images={"nginx": "nginx:latest"}),
        'gostack:images.nginx: "nginx:latest" has the moving tag "latest": write the version you want instead.',
    ),
    "two Consul servers": (
        lambda d: d["consul"].update(servers=2),
        "gostack:consul.servers: input should be 1 or 3, but it is 2; correct it in the stack file.",
    ),
    "a variable of the platform": (
        lambda d: users(d).update(environment={"MYSQL_PASSWORD": "x"}),
        "gostack:services.users: environment.MYSQL_PASSWORD is written by the platform: remove it.",
    ),
    "a name with capitals": (
        lambda d: d["regions"].update({"North": d["regions"].pop("west")}),
        'gostack:regions.North: "North" is not a usable name: use 1 to 30 lower-case letters, digits and hyphens, '
        "beginning with a letter.",
    ),
    "a duration without a unit": (
        lambda d: users(d)["check"].update(interval="10"),
        'gostack:services.users.check.interval: "10" is not a duration; write it like "500ms", "10s" or "1m".',
    ),
    "a replica that no check could take out": (
        lambda d: users(d)["check"].update(failures=0),
        "gostack:services.users.check.failures: input should be greater than or equal to 1, but it is 0; "
        "correct it in the stack file.",
    ),
    "a regular expression that is none": (
        lambda d: users(d).update(routes=[{"match": "regex", "path": "(a"}]),
        'gostack:services.users.routes.0: "(a" is not a regular expression (missing ), unterminated subpattern at '
        "position 0); correct it.",
    ),
    "nginx inside a path": (
        lambda d: users(d).update(routes=[{"match": "regex", "path": "a{2}; return 200"}]),
        'gostack:services.users.routes.0: "a{2}; return 200" has a space, brace, quote or semicolon; '
        "write the pattern without it.",
    ),
    "a schema with an account of the cluster": (
        second_service(database={"name": "backup"}),
        'gostack:services.orders.database.name is "backup", whose account "backup" the stack itself has already: '
        "choose another name.",
    ),
    "two schemas whose migration accounts are the same": (
        lambda d: d["services"].update(
            {
                name: {"context": "services/users", "database": {}}
                for name in ("reporting-warehouse-east", "reporting-warehouse-east2")
            }
        ),
        'gostack:services.reporting-warehouse-east2.database.name is "reporting_warehouse_east2", whose account '
        '"reporting_warehouse_ea_migration" service "reporting-warehouse-east" has already: choose another name.',
    ),
    "a primary that is no region": (
        lambda d: d["mysql"].update(primary="north"),
        'gostack:mysql.primary is "north", which is no region: use one of east, west.',
    ),
    "no primary": (lambda d: d["mysql"].pop("primary"), "gostack:mysql.primary is missing: add it to the stack file."),
    "a path of the ingress": (
        second_service(routes=[{"path": "/.well-known/gostack/healthz", "match": "exact"}]),
        'gostack:services.orders.routes claims exact "/.well-known/gostack/healthz", which the ingress itself claims '
        "already: give one of them another path.",
    ),
    "an exact path inside a prefix's own": (
        second_service(routes=[{"path": "/api/v1/users", "match": "exact"}]),
        'gostack:services.orders.routes claims exact "/api/v1/users", which service "users" claims already: '
        "give one of them another path.",
    ),
    "a port of the agent": (
        lambda d: users(d).update(port=8500),
        "gostack:services.users.port: 8500 belongs to the Consul agent in the same pod: choose another port.",
    ),
    "a pool that does not fit": (
        lambda d: d["mysql"].update(buffer_pool_mib=4096),
        "gostack:mysql: buffer_pool_mib (4096) does not fit into memory_mib (1024): leave 640 MiB for everything else.",
    ),
    "a pool that does not fit a plain primary": (
        lambda d: d.update(mysql={"primary": "east", "buffer_pool_mib": 641, "memory_mib": 1024}),
        "gostack:mysql: buffer_pool_mib (641) does not fit into memory_mib (1024): leave 384 MiB for everything else.",
    ),
    "two services with the same name in different regions": (
        lambda d: (
            d["mysql"].pop("witness"),
            d["regions"].update(
                {"eu-west": {"cidr": "10.80.9.0/24", "https_port": 1, "http_port": 2, "consul_port": 3}}
            ),
            d["services"].update({"users-eu": {"context": "services/users"}}),
        ),
        'gostack:services.users-eu in region "west" would be named users-eu-west, like service "users" in region '
        '"eu-west": rename the service.',
    ),
    "no regions": (lambda d: d.pop("regions"), "gostack:regions is missing: add it to the stack file."),
    "an address that is none": (
        lambda d: west(d).update(bind_address="localhost"),
        'gostack:regions.west.bind_address: "localhost" is not an IPv4 address; write it like "127.0.0.1".',
    ),
}


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_sentence(mistake: Callable[[Document], Any], sentence: str) -> None:
    document = published()
    mistake(document)
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    assert str(caught.value) == sentence


def test_the_published_file_is_valid() -> None:
    settings = load_stack_file(PUBLISHED)
    assert list(settings.regions) == ["east", "west"]
    assert settings.host_ports()["regions.west.consul_port"] == ("127.0.0.1", 9500)


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    document = yaml.safe_load(PUBLISHED.read_text())
    users(document["config"] | {"services": document["config"]["gostack:services"]})["context"] = "nowhere"
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError, match=r'^gostack:services\.users\.context is "nowhere", which is not a folder'):
        load_stack_file(file, PROJECT)


def test_a_file_that_is_missing_or_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^Pulumi\.x\.yaml does not exist: copy Pulumi\.dev\.yaml"):
        load_stack_file(tmp_path / "Pulumi.x.yaml")
    broken = tmp_path / "Pulumi.x.yaml"
    broken.write_text("config: [")
    with pytest.raises(SettingsError, match=r"^Pulumi\.x\.yaml is not valid YAML"):
        load_stack_file(broken)
    broken.write_text("")
    with pytest.raises(SettingsError, match=r"^Pulumi\.x\.yaml holds no settings"):
        load_stack_file(broken)


def test_settings_cannot_be_changed() -> None:
    settings = parse_settings(published())
    with pytest.raises(ValidationError, match="frozen"):
        settings.platform = "docker"


@given(key=st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20))
def test_any_unknown_key_is_refused_by_its_name(key: str) -> None:
    document = published()
    known = set(parse_settings(document).services["users"].model_dump())
    if key in known:
        return
    users(document)[key] = 1
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    assert str(caught.value).startswith(f"gostack:services.users.{key} is not a known key")


@given(replicas=st.integers(1, 20), port=st.integers(1, 65535), third=st.integers(4, 250))
def test_any_settings_in_range_are_accepted(replicas: int, port: int, third: int) -> None:
    if port in AGENT_PORTS:
        return
    document = published()
    users(document).update(replicas=replicas, port=port)
    west(document)["cidr"] = f"10.80.{third}.0/24"
    settings = parse_settings(document)
    assert (settings.services["users"].replicas, settings.services["users"].port) == (replicas, port)
