"""The settings of the telemetry: where it is there without a word, and what is refused.

Does not prove that what is kept obeys them; tests/components/test_docker_telemetry.py looks at the programs' arguments.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings
from infra.settings.alert_receivers import AlertReceiver
from infra.settings.cluster_demand import region_demand
from infra.settings.images import ImageSettings
from infra.settings.owners import RESERVED_SERVICES
from tests.graph.conftest import Document, published_settings
from tests.support.settings import refused

TELEMETRY_IMAGES = {"victoria-metrics", "victoria-logs", "vmalert"}


def changed(stack: str = "dev", **values: Any) -> Settings:
    return published_settings(stack, lambda document: document.update(telemetry=values))


def refusal(stack: str = "dev", **values: Any) -> str:
    return refused(lambda: changed(stack, **values))


def test_it_is_there_on_docker_without_a_word_and_on_kubernetes_by_one() -> None:
    assert published_settings("dev").has_telemetry
    assert not published_settings("staging").has_telemetry
    assert changed("staging", enabled=True).has_telemetry
    assert not published_settings("prod").has_telemetry


def test_without_it_no_image_of_it_is_wanted_and_no_port_taken() -> None:
    off = changed(enabled=False)
    assert not TELEMETRY_IMAGES & off.third_party_images().keys()
    assert "telemetry.port" not in off.host_ports()
    on = changed(port=3100)
    assert on.third_party_images().keys() >= TELEMETRY_IMAGES
    assert on.host_ports()["telemetry.port"] == ("127.0.0.1", 3100)
    assert not TELEMETRY_IMAGES & published_settings("staging").third_party_images().keys()


def test_an_image_of_it_may_be_another_one() -> None:
    images = ImageSettings(victoria_logs="mirror.example.com/victoria-logs:v2.0.0")
    assert images.telemetry_references()["victoria-logs"] == "mirror.example.com/victoria-logs:v2.0.0"


@pytest.mark.parametrize(("key", "value"), [("enabled", True), ("port", 3000), ("grafana", True), ("logs_days", 3)])
def test_on_aws_it_is_refused_in_one_sentence(key: str, value: Any) -> None:
    assert refusal("prod", **{key: value}) == (
        f"gostack:telemetry.{key} has no meaning with gostack:aws so far, where each region is a cluster of its own: "
        "remove it."
    )


@pytest.mark.parametrize(("key", "value"), [("port", 3000), ("docker_root", "/srv/docker"), ("grafana", True)])
def test_what_is_of_the_machine_has_no_meaning_on_kubernetes(key: str, value: Any) -> None:
    wanted = f'gostack:telemetry.{key} has a meaning only when gostack:platform is "docker": remove it.'
    assert refusal("staging", enabled=True, **{key: value}) == wanted


def test_on_kubernetes_nothing_is_kept_by_what_is_not_there() -> None:
    assert refusal("staging", logs_days=3) == (
        "gostack:telemetry.logs_days means nothing on Kubernetes without gostack:telemetry.enabled: set that to true, "
        "or remove it."
    )


def test_on_kubernetes_its_programs_need_a_registry_and_an_engine_that_builds_them() -> None:
    def prebuilt(document: Document, *, registry: str) -> None:
        users = document["services"]["users"]
        del users["context"]
        users["image"] = f"registry.example.com/users@sha256:{64 * '0'}"
        document["registry"] = registry
        document["telemetry"] = {"enabled": True}

    assert published_settings(
        "staging", lambda document: prebuilt(document, registry="localhost:5001/a")
    ).needs_engine()
    text = refused(lambda: published_settings("staging", lambda document: prebuilt(document, registry="")))
    assert text.startswith("gostack:registry is missing: what collects and shows the telemetry is built here")


def test_the_quota_of_the_first_region_holds_it() -> None:
    off, on = published_settings("staging"), changed("staging", enabled=True, disk_gib=10)
    more = {
        part: getattr(region_demand(on, "east"), part) - getattr(region_demand(off, "east"), part)
        for part in ("pods", "memory_limits_mib", "memory_requests_mib", "storage_gib")
    }
    # Metrics and what VictoriaLogs may take, each with what is left when an alert says that there is no more.
    assert more == {"pods": 1, "memory_limits_mib": 704, "memory_requests_mib": 304, "storage_gib": 18}
    told = changed("staging", enabled=True, receivers={"hook": {"kind": "webhook", "url": "https://hooks.example.com"}})
    assert region_demand(told, "east").memory_limits_mib - region_demand(off, "east").memory_limits_mib == 800


@pytest.mark.parametrize(
    ("receiver", "port"),
    [
        ({"kind": "webhook", "url": "https://hooks.example.com/a"}, 443),
        ({"kind": "webhook", "url": "http://hooks.example.com/a"}, 80),
        ({"kind": "webhook", "secrets": {"url": "https://hooks.example.com:8443/a"}}, 8443),
        ({"kind": "slack", "channel": "#alerts", "secrets": {"webhook_url": "https://hooks.slack.com/a"}}, 443),
        ({"kind": "email", "to": "a@b.c", "sender": "d@b.c", "smarthost": "smtp.example.com:587"}, 587),
        ({"kind": "pagerduty", "secrets": {"routing_key": "key"}}, 443),
    ],
)
def test_a_receiver_is_told_at_its_port(receiver: Any, port: int) -> None:
    assert AlertReceiver.model_validate(receiver).port == port


def test_elsewhere_it_may_be_said_that_there_is_none() -> None:
    assert not changed("staging", enabled=False).has_telemetry


def test_its_port_is_not_that_of_a_region() -> None:
    assert refusal(port=8443) == (
        "gostack:telemetry.port is 8443, which gostack:regions.east.https_port uses already: choose another port."
    )
    assert changed(enabled=False, port=8443)


def test_grafana_and_its_port_are_there_only_where_it_is_asked_for() -> None:
    asked = changed(grafana=True)
    assert asked.third_party_images()["grafana"] == "grafana/grafana:12.2.0"
    assert asked.host_ports()["telemetry.grafana_port"] == ("127.0.0.1", 8901)
    assert "grafana" not in changed().third_party_images()
    assert "telemetry.grafana_port" not in changed(grafana_port=3100).host_ports()


def test_grafana_needs_what_it_shows_and_a_port_of_its_own() -> None:
    assert refusal(enabled=False, grafana=True) == (
        "gostack:telemetry: grafana has nothing to show with enabled: false: remove one of them."
    )
    assert refusal(grafana=True, grafana_port=8900) == (
        "gostack:telemetry.grafana_port is 8900, which gostack:telemetry.port uses already: choose another port."
    )


@pytest.mark.parametrize("expression", ["[0-9]{13,19}", r"(?i)password=\S+", r"\bAKIA[0-9A-Z]{16}\b", "a\\\\1"])
def test_an_expression_of_re2_strikes_out(expression: str) -> None:
    assert changed(redact=[expression]).telemetry.redact == [expression]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("(", "is not a regular expression"),
        ("(?<=token=).+", "looks around"),
        ("(?=secret)s.*", "looks around"),
        (r"(['\"]).+\1", "looks around, or back to a group"),
        ("a++", "which RE2 does not know"),
        ("[0-9]*", "would strike out everything"),
    ],
)
def test_an_expression_that_the_collector_cannot_use_is_refused(expression: str, told: str) -> None:
    message = refusal(redact=[expression])
    assert message.startswith("gostack:telemetry.redact")
    assert told in message


def test_the_engines_folder_is_looked_into_only_where_there_is_telemetry() -> None:
    assert published_settings("dev").logs_folder == "/var/lib/docker"
    assert changed(docker_root="/srv/docker").logs_folder == "/srv/docker"
    assert changed(enabled=False).logs_folder is None


@pytest.mark.parametrize("folder", ["docker", "/", "/srv/docker/", "/a:b"])
def test_the_folder_of_the_engine_is_a_path(folder: str) -> None:
    assert "is not the path of a folder" in refusal(docker_root=folder)


@pytest.mark.parametrize(
    "values", [{"metrics_days": 0}, {"logs_days": 0}, {"disk_gib": 0}, {"port": 0}, {"enabled": "yes"}, {"ports": 1}]
)
def test_what_means_nothing_is_refused(values: dict[str, Any]) -> None:
    (key,) = values
    assert f"gostack:telemetry.{key}" in refusal(**values)


def test_no_service_has_the_name_by_which_others_reach_it() -> None:
    assert {"telemetry", "gostack-collector", "gostack-console"} <= RESERVED_SERVICES
