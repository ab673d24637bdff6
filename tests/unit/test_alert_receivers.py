"""Who may be told of alerts, and what Alertmanager reads of it.

Does not prove that Alertmanager understands it: tests/integration/test_rendered_alertmanager.py asks its own checker.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from components.telemetry.alertmanager import DATA, alertmanager_files, alertmanager_spec
from infra.secret_stores.resolution import with_secrets
from infra.settings.alert_receivers import AlertReceiver
from infra.settings.errors import SettingsError
from infra.settings.secrets import require_encrypted
from infra.telemetry import receivers, rules_arguments
from tests.graph.conftest import dev_settings, published_settings
from tests.graph.recorder import record

SECRET = "correct-horse"
RECEIVERS: dict[str, dict[str, Any]] = {
    "hook": {"kind": "webhook", "url": "https://hooks.test/a?b=c&d='e'"},
    "dead-man": {"kind": "webhook", "alerts": "watchdog", "secrets": {"url": f"https://ping.test/{SECRET}"}},
    "team": {"kind": "slack", "channel": "#alerts", "secrets": {"webhook_url": f"https://hooks.test/{SECRET}"}},
    "mail": {
        "kind": "email",
        "to": "team@shop.test",
        "sender": "gostack@shop.test",
        "smarthost": "smtp.shop.test:587",
        "username": "gostack",
        "secrets": {"password": f"{SECRET}: \"#{{{{'"},
    },
    "relay": {"kind": "email", "to": "a@shop.test", "sender": "b@shop.test", "smarthost": "smtp.shop.test:25"},
    "pager": {"kind": "pagerduty", "alerts": "critical", "secrets": {"routing_key": SECRET}},
}


def exported(*names: str) -> dict[str, Any]:
    """What Alertmanager reads, as a program exports it: `value`, and whether it is a `secret`."""

    def program() -> dict[str, Any]:
        settings = {name: AlertReceiver.model_validate(RECEIVERS[name]) for name in names}
        [file] = alertmanager_files(receivers(settings)).values()
        return {"text": file["content"]}

    return record(program).outputs["text"]


def configuration(*names: str) -> dict[str, Any]:
    return yaml.safe_load(exported(*names)["value"])


def receiver(name: str) -> dict[str, Any]:
    [found] = [one for one in configuration(name)["receivers"] if one["name"] == name]
    [settings] = next(value for key, value in found.items() if key.endswith("_configs"))
    return settings


def reached(labels: dict[str, str], *names: str) -> list[str]:
    """Whom Alertmanager tells of an alert with these labels, by its rules for routes."""
    found: list[str] = []
    for route in configuration(*names)["route"]["routes"]:
        matchers = dict(text.replace('"', "").split("=") for text in route.get("matchers", []))
        if matchers.items() <= labels.items():
            found.append(route["receiver"])
            if not route.get("continue"):
                break
    return [name for name in found if name != "nobody"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"kind": "slack", "secrets": {"webhook_url": SECRET}}, "channel is missing: slack needs it"),
        ({"kind": "slack", "channel": "#a"}, "secrets.webhook_url is missing"),
        ({"kind": "slack", "channel": "alerts", "secrets": {"webhook_url": SECRET}}, "is not a channel of Slack"),
        ({**RECEIVERS["team"], "url": "https://a.test"}, "url means nothing with kind slack"),
        ({"kind": "webhook"}, "url is missing"),
        ({**RECEIVERS["hook"], "secrets": {"url": SECRET}}, "url is missing, or there are two"),
        ({"kind": "webhook", "url": "hooks.test"}, "is not the address of a web page"),
        ({**RECEIVERS["hook"], "secrets": {"token": SECRET}}, "secrets.token means nothing with kind webhook"),
        ({**RECEIVERS["relay"], "smarthost": "smtp.shop.test"}, "is not a mail server with its port"),
        ({**RECEIVERS["relay"], "to": "team"}, "is not an e-mail address"),
        ({**RECEIVERS["relay"], "username": "gostack"}, "secrets.password is missing"),
        ({**RECEIVERS["relay"], "secrets": {"password": SECRET}}, "secrets.password means nothing without username"),
        ({"kind": "pagerduty"}, "secrets.routing_key is missing"),
    ],
)
def test_a_receiver_that_reaches_nobody_is_refused_without_its_secret(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        AlertReceiver.model_validate(given)
    [error] = raised.value.errors(include_input=False)
    assert problem in error["msg"]
    assert SECRET not in error["msg"]


def test_a_secret_of_a_receiver_in_plain_text_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"gostack:telemetry\.receivers\.pager\.secrets\.routing_key is in plain"):
        require_encrypted({"telemetry": {"receivers": {"pager": RECEIVERS["pager"]}}})
    require_encrypted({"telemetry": {"receivers": {"pager": {"secrets": {"routing_key": {"secure": "v1:…"}}}}}})


def test_a_secret_that_another_store_keeps_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTING_KEY", SECRET)
    pager = {"kind": "pagerduty", "secrets": {"routing_key": "ref+env://ROUTING_KEY"}}
    settings = dev_settings(lambda document: document.update(telemetry={"receivers": {"pager": pager}}))
    found = with_secrets(settings).telemetry.receivers["pager"].secrets["routing_key"]
    assert found.get_secret_value() == SECRET


def test_the_image_of_alertmanager_is_needed_only_where_somebody_is_told() -> None:
    told = dev_settings(lambda document: document.update(telemetry={"receivers": {"hook": RECEIVERS["hook"]}}))
    assert told.third_party_images()["alertmanager"] == "prom/alertmanager:v0.28.1"
    assert "alertmanager" not in dev_settings().third_party_images()


def test_the_configuration_is_a_secret_once_a_receiver_has_one() -> None:
    assert exported("hook")["secret"] is False
    assert exported("hook", "pager")["secret"] is True


def test_what_people_write_arrives_as_they_wrote_it() -> None:
    assert receiver("hook") == {"url": "https://hooks.test/a?b=c&d='e'", "send_resolved": True}
    assert receiver("mail") == {
        "to": "team@shop.test",
        "from": "gostack@shop.test",
        "smarthost": "smtp.shop.test:587",
        "auth_username": "gostack",
        "auth_password": f"{SECRET}: \"#{{{{'",
        "send_resolved": True,
    }
    assert "auth_password" not in receiver("relay")
    assert receiver("pager")["routing_key"] == SECRET
    assert (receiver("team")["channel"], receiver("team")["api_url"]) == ("#alerts", f"https://hooks.test/{SECRET}")


def test_everybody_is_told_of_what_they_asked_for() -> None:
    names = ("hook", "dead-man", "pager")
    assert reached({"alertname": "ErrorShare", "severity": "warning"}, *names) == ["hook"]
    assert reached({"alertname": "ErrorShareHigh", "severity": "critical"}, *names) == ["hook", "pager"]
    assert reached({"alertname": "Watchdog", "severity": "none"}, *names) == ["dead-man"]
    assert reached({"alertname": "Watchdog", "severity": "none"}, "hook") == []


# As Alertmanager does, without what only it knows.
EVALUATION = """package main

import (
\t"encoding/json"
\t"os"
\t"text/template"
)

type Alert struct{ Labels map[string]string }

type Alerts []Alert

func (a Alerts) Firing() Alerts {
\tvar found Alerts
\tfor _, one := range a {
\t\tif one.Labels["status"] == "firing" {
\t\t\tfound = append(found, one)
\t\t}
\t}
\treturn found
}

func main() {
\tvar alerts Alerts
\tif err := json.Unmarshal([]byte(os.Args[2]), &alerts); err != nil {
\t\tpanic(err)
\t}
\tparsed := template.Must(template.New("").Option("missingkey=zero").Parse(os.Args[1]))
\tif err := parsed.Execute(os.Stdout, map[string]any{"Alerts": alerts}); err != nil {
\t\tpanic(err)
\t}
}
"""


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go here")
def test_a_pager_is_told_the_worst_of_what_fires(tmp_path: Path) -> None:
    text = receiver("pager")["severity"]
    (tmp_path / "main.go").write_text(EVALUATION)
    program = tmp_path / "evaluate"
    subprocess.run(["go", "build", "-o", str(program), str(tmp_path / "main.go")], cwd=tmp_path, check=True)

    def severity(*alerts: tuple[str, str]) -> str:
        given = json.dumps([{"Labels": {"severity": level, "status": status}} for level, status in alerts])
        return subprocess.run([str(program), text, given], capture_output=True, text=True, check=True).stdout

    assert severity(("warning", "firing"), ("critical", "firing"), ("warning", "firing")) == "critical"
    assert severity(("critical", "firing")) == "critical"
    assert severity(("warning", "firing"), ("critical", "resolved")) == "warning"


def test_the_end_of_the_watchdog_is_told_by_silence() -> None:
    assert receiver("dead-man")["send_resolved"] is False


def test_a_region_is_told_once_however_many_replicas_it_has() -> None:
    found = configuration("hook")
    assert found["route"]["group_by"] == ["alertname", "region"]
    rules = [(rule["source_matchers"], rule["target_matchers"], rule["equal"]) for rule in found["inhibit_rules"]]
    assert (
        ['alertname="RegionWithoutReplicas"'],
        ['alertname=~"ReplicaMissing|ReplicaUnreachable"'],
        ["service", "region"],
    ) in rules
    assert (['alertname="MySqlWithoutPrimary"'], ['alertname=~"MySqlReplicaStopped|MySqlReplicaLags"'], []) in rules
    [equal] = [equal for source, target, equal in rules if source == ['severity="critical"']]
    assert {"alertname", "service", "region"} <= set(equal)


def test_its_container_listens_inside_its_pod_and_says_nothing_of_receivers() -> None:
    spec = alertmanager_spec("alertmanager", {}, [])
    command = [str(argument) for argument in spec.command or ()]
    assert "--web.listen-address=127.0.0.1:9093" in command
    assert "--cluster.listen-address=" in command
    assert f"--storage.path={DATA}" in command
    assert spec.environment == {}


def test_the_rules_know_every_replica_and_every_objective() -> None:
    def change(document: dict[str, Any]) -> None:
        document["services"]["users"]["slo"] = {"availability": 99.5}

    settings = dev_settings(change)
    arguments = rules_arguments(settings)
    wanted = {
        (one["service"], one["region"], one["track"], one["replicas"])
        for one in arguments["replicas"]
        if one["service"] == "users"
    }
    users = settings.services["users"]
    assert wanted == {
        ("users", region, track.name, track.replicas) for region in settings.regions for track in users.tracks()
    }
    assert {name: slo.availability for name, slo in arguments["objectives"].items()} == {"users": 99.5}


@pytest.mark.parametrize(
    ("slo", "problem"),
    [
        ({"availability": 100}, "slo.availability"),
        ({"latency_milliseconds": 300}, "slo.latency_milliseconds"),
        ({"p99": 1}, "slo.p99"),
    ],
)
def test_an_objective_that_cannot_be_kept_or_measured_is_refused(slo: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        dev_settings(lambda document: document["services"]["users"].update(slo=slo))


def test_an_objective_that_nobody_judges_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"gostack:services\.users\.slo has a meaning only when"):
        published_settings("staging", lambda document: document["services"]["users"].update(slo={}))
