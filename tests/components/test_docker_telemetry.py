"""The telemetry of a stack on Docker by itself: who reaches it, what it keeps and what it may read.

Does not prove that the programs take these files and arguments, nor that anything is found in them:
tests/integration/test_16_telemetry.py asks the running ones.
"""

from __future__ import annotations

import json
from configparser import ConfigParser
from typing import Any

import pytest
import yaml

from components.docker.files import FOLDER
from components.telemetry.configuration import (
    TRACKS_INTERVAL_SECONDS,
    collector_configuration,
    console_configuration,
    scrape_configuration,
)
from components.telemetry.dashboards import dashboards
from components.telemetry.docker import Telemetry
from tests.components.alone import NAME, Secret, alone, before, children, exported
from tests.contract.test_instances import CONSUL, REGION, VALUES
from tests.graph.recorder import Graph

PARTS = ("metrics", "logs", "alerts", "collector", "console")
WEST = {**REGION, "region": "west", "network": "west-network"}
DATACENTERS: Any = [
    {**CONSUL, "server_addresses": ["10.80.1.11", "10.80.1.12"]},
    {**CONSUL, "datacenter": "west", "server_addresses": ["10.80.2.11"]},
]


@pytest.fixture(scope="module")
def telemetry() -> Graph:
    return alone(Telemetry, regions=[REGION, WEST], port=3000, told=lambda made: {"url": made.url})


def mounts(graph: Graph, part: str) -> dict[str, Any]:
    return {volume["containerPath"]: volume for volume in graph.resources[f"{NAME}-{part}"].plain("volumes")}


def flags(graph: Graph, part: str) -> dict[str, str]:
    found = graph.resources[f"{NAME}-{part}"].plain("command")
    return {flag.partition("=")[0]: flag.partition("=")[2] for flag in found}


def test_it_is_one_pod_with_five_programs(telemetry: Graph) -> None:
    assert {"pod", *PARTS} <= children(telemetry)
    networks = {telemetry.resources[f"{NAME}-{part}"].plain("networkMode") for part in PARTS}
    assert len(networks) == 1
    assert all(before(telemetry, "pod-sandbox", part) for part in PARTS)


def test_services_of_every_region_know_it_by_one_name(telemetry: Graph) -> None:
    networks = telemetry.resources[f"{NAME}-pod-sandbox"].plain("networksAdvanced")
    assert {network["name"]: network["aliases"] for network in networks} == {
        "east-network": ["telemetry"],
        "west-network": ["telemetry"],
        "backbone-network": ["telemetry"],
    }


def test_this_machine_alone_reaches_the_console_and_nothing_else(telemetry: Graph) -> None:
    ports = telemetry.resources[f"{NAME}-pod-sandbox"].plain("ports")
    assert ports == [{"internal": 3000, "external": 3000, "ip": "127.0.0.1", "protocol": "tcp"}]
    assert exported(telemetry, "url") == "http://127.0.0.1:3000"


@pytest.mark.parametrize("part", ["metrics", "logs", "alerts"])
def test_no_service_can_ask_or_change_a_store(telemetry: Graph, part: str) -> None:
    # Each has a path that deletes or writes; the console lets nobody but readers through.
    assert flags(telemetry, part)["-httpListenAddr"].startswith("127.0.0.1:")


def test_what_is_kept_outlives_the_stack_and_its_containers(telemetry: Graph) -> None:
    kept = {name: item for name, item in telemetry.resources.items() if name.endswith("-data")}
    assert {item.plain("name") for item in kept.values()} == {
        f"test-telemetry-{part}" for part in ("metrics", "logs", "collector")
    }
    for item in kept.values():
        assert item.retain_on_delete is True
        assert {"label": "gostack.data", "value": "telemetry"} in item.plain("labels")


def test_it_is_kept_for_as_long_as_the_settings_say() -> None:
    graph = alone(Telemetry, metrics_days=90, logs_days=3, disk_gib=5)
    assert flags(graph, "metrics")["-retentionPeriod"] == "90d"
    assert flags(graph, "logs")["-retentionPeriod"] == "3d"
    assert flags(graph, "logs")["-retention.maxDiskSpaceUsageBytes"] == "5GiB"


def test_a_store_stays_below_the_limit_at_which_the_kernel_ends_it(telemetry: Graph) -> None:
    limits = {part: telemetry.resources[f"{NAME}-{part}"].plain("memory") for part in PARTS}
    assert limits == {"metrics": 256, "logs": 192, "alerts": 64, "collector": 96, "console": 64}
    for part in ("metrics", "logs", "alerts"):
        assert int(flags(telemetry, part)["-memory.allowedBytes"].removesuffix("MiB")) <= limits[part] * 0.6


def test_the_collector_reads_logs_as_a_root_without_rights_and_changes_none(telemetry: Graph) -> None:
    collector = telemetry.resources[f"{NAME}-collector"]
    assert collector.plain("user") == "0:0"
    assert collector.plain("capabilities") == {"drops": ["ALL"]}
    found = mounts(telemetry, "collector")
    assert (found["/containers"]["hostPath"], found["/containers"]["readOnly"]) == ("/var/lib/docker/containers", True)
    assert (found["/cgroups"]["hostPath"], found["/cgroups"]["readOnly"]) == ("/sys/fs/cgroup", True)
    assert "readOnly" not in found["/state"]
    elsewhere = alone(Telemetry, docker_root="/srv/docker")
    assert mounts(elsewhere, "collector")["/containers"]["hostPath"] == "/srv/docker/containers"


def test_no_other_program_of_it_is_root_or_sees_a_folder_of_the_machine(telemetry: Graph) -> None:
    for part in ("metrics", "logs", "alerts", "console"):
        assert telemetry.resources[f"{NAME}-{part}"].inputs.get("user") in (None, "65534:65534")
        # Files that it is given are in a volume of the engine, mounted one by one.
        hosts = [volume for path, volume in mounts(telemetry, part).items() if "hostPath" in volume]
        assert [volume for volume in hosts if volume.get("readOnly") is not True] == []
        assert not {"/containers", "/cgroups"} & set(mounts(telemetry, part))


def written(graph: Graph, part: str) -> list[str]:
    """The texts that a program finds, in the order of their paths."""
    uploads = graph.resources[f"{NAME}-{part}-files-writer"].plain("uploads")
    return [upload["content"] for upload in sorted(uploads, key=lambda upload: upload["file"])]


def test_each_program_finds_what_it_is_told_where_it_looks(telemetry: Graph) -> None:
    given = {
        "metrics": ("/etc/gostack/scrape.yml", scrape_configuration([CONSUL], "")),  # type: ignore[list-item]
        "alerts": ("/etc/gostack/rules/consul.yml", "groups: []"),
        "collector": (
            "/etc/gostack/collector.json",
            collector_configuration("test", {"east": "ingress-east:8443"}, ["shop.example.com"], ["[0-9]{16}"]),
        ),
        "console": (
            "/etc/gostack/console.json",
            console_configuration("test", ["localhost", "*.localhost", "127.0.0.1"], VALUES["architecture"]),
        ),
    }
    for part, (path, text) in given.items():
        assert path in mounts(telemetry, part)
        assert FOLDER in mounts(telemetry, part)
        assert written(telemetry, part) == [text]
    assert flags(telemetry, "metrics")["-promscrape.config"] == "/etc/gostack/scrape.yml"
    assert flags(telemetry, "alerts")["-rule"] == "/etc/gostack/rules/*.yml"


def test_other_rules_replace_what_judges_them_and_nothing_else(telemetry: Graph) -> None:
    after = alone(Telemetry, kept=telemetry, regions=[REGION, WEST], port=3000, rules={"more.yml": "groups: []\n"})
    files = {f"{NAME}-alerts-files", f"{NAME}-alerts-files-writer"}
    assert after.changed(telemetry) - {f"{NAME}-alerts"} == files
    assert f"{NAME}-alerts" in after.changed(telemetry) | after.made_from(files)
    assert after.resources[f"{NAME}-alerts"].delete_before_replace is True


def test_a_program_of_ours_counts_as_there_once_it_answers(telemetry: Graph) -> None:
    for part in ("collector", "console"):
        container = telemetry.resources[f"{NAME}-{part}"]
        assert container.plain("healthcheck")["tests"] == ["CMD", "/service", "health"]
        assert container.plain("wait") is True
    # The page is of use once there is something to ask.
    assert all(before(telemetry, part, "console") for part in ("metrics", "logs", "alerts", "collector"))


def jobs() -> dict[str, Any]:
    found = yaml.safe_load(scrape_configuration(DATACENTERS, "gostack-certificates:8080"))
    return {job["job_name"]: job for job in found["scrape_configs"]}


def test_every_datacenter_is_asked_what_there_is_to_scrape() -> None:
    assert jobs()["services"]["consul_sd_configs"] == [
        {"server": "10.80.1.11:8500", "datacenter": "east"},
        {"server": "10.80.2.11:8500", "datacenter": "west"},
    ]


def test_every_server_of_consul_is_scraped() -> None:
    found = jobs()["consul"]["static_configs"]
    assert [(one["targets"], one["labels"]["region"], one["labels"]["instance"]) for one in found] == [
        (["10.80.1.11:8500"], "east", "consul-east-0"),
        (["10.80.1.12:8500"], "east", "consul-east-1"),
        (["10.80.2.11:8500"], "west", "consul-west-0"),
    ]


def test_a_certificate_client_is_scraped_where_there_is_one() -> None:
    assert jobs()["certificates"]["static_configs"][0]["targets"] == ["gostack-certificates:8080"]
    assert "gostack-certificates" not in scrape_configuration(DATACENTERS, "")


def test_what_the_collector_counts_is_scraped_once() -> None:
    kept, dropped = (jobs()[job]["metric_relabel_configs"] for job in ("containers", "telemetry"))
    assert [(rule["regex"], rule["action"]) for rule in kept] == [
        ("(certificate|container|engine|ingress|mysql)_.*", "keep")
    ]
    assert [(rule["regex"], rule["action"]) for rule in dropped] == [
        ("collector;(certificate|container|engine|ingress|mysql)_.*", "drop")
    ]
    assert jobs()["containers"]["honor_labels"] is True


def test_what_a_canary_is_judged_by_is_scraped_apart_and_often() -> None:
    tracks = jobs()["tracks"]
    assert tracks["static_configs"] == jobs()["containers"]["static_configs"]
    assert (tracks["scrape_interval"], tracks["scrape_timeout"]) == (f"{TRACKS_INTERVAL_SECONDS}s",) * 2
    # Another page of the collector, so that nothing is counted twice.
    assert tracks["metrics_path"] == "/metrics/services"
    assert tracks["honor_labels"] is True


def test_the_console_answers_to_names_of_this_machine_alone(telemetry: Graph) -> None:
    told = json.loads(written(telemetry, "console")[0])
    assert told == {
        "stack": "test",
        "listen": ":3000",
        "hosts": ["localhost", "*.localhost", "127.0.0.1"],
        "metrics": "http://127.0.0.1:8428/metrics",
        "logs": "http://127.0.0.1:9428/logs",
        "alerts": "http://127.0.0.1:8880/alerts",
        "architecture": VALUES["architecture"],
    }


def test_the_collector_is_told_all_that_it_reads() -> None:
    told = json.loads(
        collector_configuration("dev", {"east": "ingress-east:8443"}, ["shop.example.com"], ["[0-9]{16}"])
    )
    assert told == {
        "stack": "dev",
        "containers": "/containers",
        "cgroups": "/cgroups",
        "state": "/state",
        "listen": ":4318",
        "logs": "http://127.0.0.1:9428/logs",
        "certificates": {"east": "ingress-east:8443"},
        "hosts": ["shop.example.com"],
        "redact": ["[0-9]{16}"],
        "mysql": {},
    }


def test_the_collector_asks_every_member_of_mysql_with_a_password_that_is_in_its_file_alone() -> None:
    asked = alone(Telemetry, mysql={**VALUES["mysql_monitoring"], "password": Secret("correct-horse")})
    authority, password, told = (
        mounts(asked, "collector")[f"/etc/gostack/{name}"]["hostPath"].rpartition("/")[2]
        for name in ("mysql-authority.pem", "mysql-password", "collector.json")
    )
    texts = written(asked, "collector")
    assert texts[int(password)] == "correct-horse"
    assert texts[int(authority)] == VALUES["ca_certificate"]
    assert json.loads(texts[int(told)])["mysql"] == {
        "members": {"east": "mysql-east:3306", "west": "mysql-west:3306"},
        "user": "monitoring",
        "password": "/etc/gostack/mysql-password",
        "authority": "/etc/gostack/mysql-authority.pem",
    }
    assert [name for name, text in asked.in_plain().items() if "correct-horse" in text] == []


@pytest.fixture(scope="module")
def with_a_receiver() -> Graph:
    values = {"routing_key": Secret("correct-horse")}
    return alone(
        Telemetry,
        regions=[REGION, WEST],
        port=3000,
        receivers={"pager": {"kind": "pagerduty", "alerts": "all", "values": values}},
    )


def test_without_a_receiver_nothing_is_sent_and_with_one_alertmanager_is(
    telemetry: Graph, with_a_receiver: Graph
) -> None:
    assert f"{NAME}-alertmanager" not in telemetry.resources
    assert "-notifier.blackhole" in flags(telemetry, "alerts")
    assert "-notifier.blackhole" not in flags(with_a_receiver, "alerts")
    assert flags(with_a_receiver, "alerts")["-notifier.url"] == "http://127.0.0.1:9093"
    assert flags(with_a_receiver, "alertmanager")["--web.listen-address"] == "127.0.0.1:9093"


def test_what_was_sent_is_kept_while_alertmanager_is_replaced(with_a_receiver: Graph) -> None:
    assert flags(with_a_receiver, "alertmanager")["--storage.path"] == "/data"
    assert with_a_receiver.resources[f"{NAME}-alertmanager-data"].retain_on_delete is True


def test_the_secret_of_a_receiver_is_in_alertmanagers_file_alone(with_a_receiver: Graph) -> None:
    assert FOLDER in mounts(with_a_receiver, "alertmanager")
    assert "/etc/gostack/alertmanager.yml" in mounts(with_a_receiver, "alertmanager")
    [text] = written(with_a_receiver, "alertmanager")
    assert 'routing_key: "correct-horse"' in text
    assert [name for name, text in with_a_receiver.in_plain().items() if "correct-horse" in text] == []


def test_rules_match_series_that_carry_no_name_of_a_group(telemetry: Graph) -> None:
    assert "-disableAlertgroupLabel" in flags(telemetry, "alerts")


@pytest.fixture(scope="module")
def with_grafana() -> Graph:
    return alone(Telemetry, port=3000, grafana_port=3100, told=lambda made: {"url": made.grafana_url})


def test_grafana_is_there_only_where_it_is_asked_for(telemetry: Graph, with_grafana: Graph) -> None:
    assert f"{NAME}-grafana" not in telemetry.resources
    assert with_grafana.resources[f"{NAME}-grafana"].plain("image") == "grafana"
    assert exported(with_grafana, "url") == "http://127.0.0.1:3100"
    ports = with_grafana.resources[f"{NAME}-pod-sandbox"].plain("ports")
    assert [(port["internal"], port["external"], port["ip"]) for port in ports] == [
        (3000, 3000, "127.0.0.1"),
        (3001, 3100, "127.0.0.1"),
    ]


def grafana_file(graph: Graph, path: str) -> str:
    place = mounts(graph, "grafana")[path]["hostPath"].rpartition("/")[2]
    uploads = graph.resources[f"{NAME}-grafana-files-writer"].plain("uploads")
    (text,) = [upload["content"] for upload in uploads if upload["file"] == f"{FOLDER}/{place}"]
    return text


def test_grafana_shows_to_everybody_and_lets_nobody_in(with_grafana: Graph) -> None:
    settings = ConfigParser()
    settings.read_string(grafana_file(with_grafana, "/etc/grafana/grafana.ini"))
    assert settings["server"]["http_port"] == "3001"
    assert settings["server"]["root_url"] == "http://127.0.0.1:3100/"
    # Else the name of another site could be pointed at it.
    assert (settings["server"]["domain"], settings["server"]["enforce_domain"]) == ("127.0.0.1", "true")
    assert settings["auth.anonymous"]["org_role"] == "Viewer"
    assert settings["auth"]["disable_login_form"] == "true"
    assert settings["auth.basic"]["enabled"] == "false"


def test_grafana_asks_the_metrics_through_the_console_which_only_reads(with_grafana: Graph) -> None:
    path = "/etc/grafana/provisioning/datasources/gostack.yaml"
    (source,) = yaml.safe_load(grafana_file(with_grafana, path))["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://127.0.0.1:3000/metrics")
    assert before(with_grafana, "console", "grafana")


def test_grafana_finds_every_dashboard_where_it_looks(with_grafana: Graph) -> None:
    path = "/etc/grafana/provisioning/dashboards/gostack.yaml"
    (provider,) = yaml.safe_load(grafana_file(with_grafana, path))["providers"]
    for name, text in dashboards().items():
        assert grafana_file(with_grafana, f"{provider['options']['path']}/{name}") == text
    settings = ConfigParser()
    settings.read_string(grafana_file(with_grafana, "/etc/grafana/grafana.ini"))
    assert settings["dashboards"]["default_home_dashboard_path"] in mounts(with_grafana, "grafana")
