"""Every alert fires when it should and is silent when it should be, as `vmalert-tool unittest` evaluates the rules.

The cases are the files beside this one. They do not prove that somebody makes the series: that the names are those of
the programs is a list here, and integration tests look at a running stack.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.telemetry.objectives import Objective
from components.telemetry.rules import RUNBOOK, RulesArgs, rule_files
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.programs import vmalert_tool

CASES = sorted(Path(__file__).parent.glob("*.yml"))
ALWAYS_FIRING = "Watchdog"

ARGS: RulesArgs = {
    "replicas": [
        {"service": "users", "region": region, "track": "stable", "replicas": 2} for region in ("east", "west")
    ],
    "objectives": {"users": Objective(latency_milliseconds=250)},
}

MADE = {
    "collector": {
        "ingress_requests_total",
        "ingress_request_duration_seconds_bucket",
        "ingress_request_duration_seconds_count",
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "container_spec_memory_limit_bytes",
        "container_spec_cpu_limit_cores",
        "container_start_time_seconds",
        "container_oom_events_total",
        "certificate_not_after_seconds",
        "certificate_not_before_seconds",
        "collector_rows_dropped_total",
        "collector_store_up",
        "mysql_up",
        "mysql_connections",
        "mysql_max_connections",
        "mysql_writable",
        "mysql_replicates",
        "mysql_replication_lag_seconds",
        "engine_disk_free_bytes",
        "engine_disk_size_bytes",
    },
    "Consul": {"consul_server_isLeader"},
    "VictoriaMetrics": {"vm_free_disk_space_bytes", "vm_storage_is_read_only"},
    "VictoriaLogs": {"vl_free_disk_space_bytes", "vl_storage_is_read_only"},
    "the scraper": {"up"},
    "the certificate client": {"certificate_renewal_failing", "certificate_issued_not_after_seconds"},
}
"""Who makes which series."""


def groups() -> Iterator[dict[str, Any]]:
    for text in rule_files(ARGS).values():
        yield from yaml.safe_load(text)["groups"]


def rules(kind: str) -> list[dict[str, Any]]:
    return [rule for group in groups() for rule in group["rules"] if kind in rule]


def cases() -> list[dict[str, Any]]:
    return [
        case
        for path in CASES
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules of a stack without the place in the runbook, which is the same in every case."""
    made = tmp_path_factory.mktemp("telemetry")
    (made / "rules").mkdir()
    for name, text in rule_files(ARGS).items():
        document = yaml.safe_load(text)
        for rule in (rule for group in document["groups"] for rule in group["rules"] if "alert" in rule):
            del rule["annotations"]["runbook"]
        (made / "rules" / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_are_silent_as_the_cases_say(case: Path, folder: Path) -> None:
    copy = folder / case.name
    copy.write_text(case.read_text(encoding="utf-8"), encoding="utf-8")
    tool = vmalert_tool(PROJECT_ROOT, Progress())
    command = [str(tool), "unittest", "--disableAlertgroupLabel", f"--files={copy}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "severity"), sorted({(rule["alert"], rule["labels"]["severity"]) for rule in rules("alert")})
)
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str, severity: str) -> None:
    fires = [
        severity in [alert["exp_labels"]["severity"] for alert in case.get("exp_alerts", [])]
        for case in cases()
        if case["alertname"] == name
    ]
    assert True in fires
    assert False in fires or name == ALWAYS_FIRING


def test_every_alert_has_a_severity_a_summary_and_a_line_in_the_runbook() -> None:
    runbook = (PROJECT_ROOT / RUNBOOK).read_text(encoding="utf-8")
    anchors = {line.removeprefix("### ").lower() for line in runbook.splitlines() if line.startswith("### ")}
    for rule in rules("alert"):
        assert rule["labels"]["severity"] in ("critical", "warning") or rule["alert"] == ALWAYS_FIRING
        assert rule["annotations"]["summary"]
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == (RUNBOOK, True)
    assert anchors == {rule["alert"].lower() for rule in rules("alert")}


def test_rules_read_only_series_that_somebody_makes() -> None:
    known = {name for names in MADE.values() for name in names} | {rule["record"] for rule in rules("record")}
    used = {name for rule in [*rules("alert"), *rules("record")] for name in series(rule["expr"])}
    assert used <= known
    assert {name for names in MADE.values() for name in names} <= used


def series(expression: str) -> set[str]:
    """The names of the series in an expression: words that are neither functions, operators nor labels."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', "", expression)
    bare = re.sub(r"\b(by|without|on|group_left)\s*\([^)]*\)", "", bare)
    words = set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_:]*(?!\w)(?!\s*\()", bare))
    return words - {"or", "and", "unless", "sum", "max", "min", "count"}


def test_a_stack_without_objectives_has_no_rules_about_them() -> None:
    assert "objectives.yml" not in rule_files({**ARGS, "objectives": {}})
