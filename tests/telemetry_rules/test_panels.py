"""Every expression that the console and Grafana draw is one of MetricsQL, and those of the cache, the flags and Consul
give what their titles say, as a store evaluates them that `vmalert-tool unittest` runs.

That the series have these names in a running stack is what tests/integration/test_16_dashboards.py looks at.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from components.telemetry.dashboards import expression, panels
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.programs import vmalert_tool

USERS = 'service="users",region="east"'
SERIES = {
    f'cache_lookups_total{{{USERS},level="local",result="hit"}}': "0+90x20",
    f'cache_lookups_total{{{USERS},level="local",result="miss"}}': "0+30x20",
    f'cache_lookups_total{{{USERS},level="shared",result="hit"}}': "0+15x20",
    f'cache_lookups_total{{{USERS},level="shared",result="error"}}': "0+15x20",
    # Another service, which has nothing to do with these.
    'cache_lookups_total{service="shop",region="east",level="local",result="hit"}': "0+500x20",
    f'cache_answer_age_seconds_bucket{{{USERS},le="1"}}': "0+30x20",
    f'cache_answer_age_seconds_bucket{{{USERS},le="5"}}': "0+60x20",
    f'cache_answer_age_seconds_bucket{{{USERS},le="+Inf"}}': "0+60x20",
    f"degraded_answers_total{{{USERS}}}": "0+30x20",
    f'circuit_breaker_open{{{USERS},instance="users-1",name="valkey"}}': "1x20",
    f'circuit_breaker_open{{{USERS},instance="users-2",name="valkey"}}': "1x20",
    f'circuit_breaker_open{{{USERS},instance="users-1",name="mysql_writes"}}': "0x20",
    f'feature_flag_request_duration_seconds_count{{{USERS},flag="f",variant="on",outcome="ok"}}': "0+45x20",
    f'feature_flag_request_duration_seconds_count{{{USERS},flag="f",variant="on",outcome="failed"}}': "0+15x20",
    f'feature_flag_request_duration_seconds_count{{{USERS},flag="f",variant="off",outcome="ok"}}': "0+30x20",
    'consul_raft_commitTime_sum{region="east",instance="consul-east-0"}': "0+150x20",
    'consul_raft_commitTime_count{region="east",instance="consul-east-0"}': "0+30x20",
}
"""What is scraped each 15 s."""

EXPECTED = {
    "Cache: hits by level": [('{level="local"}', 0.75), ('{level="shared"}', 0.5)],
    "Cache: age of answers": [('{region="east"}', 1)],
    "Degraded answers a second": [('{region="east"}', 2)],
    "Replicas with an open circuit breaker": [('{name="mysql_writes"}', 0), ('{name="valkey"}', 2)],
    "Flags: requests a second by variant": [('{flag="f", variant="off"}', 2), ('{flag="f", variant="on"}', 4)],
    "Flags: failed by variant": [('{flag="f", variant="on"}', 0.25)],
    # Consul counts milliseconds.
    "Time to commit a change": [('{region="east"}', 0.005)],
}


def judged(folder: Path, cases: Sequence[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """What the store says to expressions."""
    rules = {"groups": [{"name": "none", "rules": [{"record": "none", "expr": "vector(1)"}]}]}
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in SERIES.items()],
        "metricsql_expr_test": list(cases),
    }
    (folder / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    (folder / "test.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [test]}), encoding="utf-8")
    command = [str(vmalert_tool(PROJECT_ROOT, Progress())), "unittest", "--files=test.yml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def case(query: str, of: str, samples: Sequence[tuple[str, float]] = ()) -> dict[str, Any]:
    found = [{"labels": labels, "value": value} for labels, value in samples]
    return {"expr": expression(query, of=of, over="1m"), "eval_time": "4m", "exp_samples": found}


def test_panels_give_what_their_titles_say(tmp_path: Path) -> None:
    found = {panel["title"]: next(iter(panel["series"].values())) for group in panels().values() for panel in group}
    done = judged(tmp_path, [case(found[title], 'service="users"', samples) for title, samples in EXPECTED.items()])
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_expression_is_one_of_the_stores_language(tmp_path: Path) -> None:
    queries = [query for group in panels().values() for panel in group for query in panel["series"].values()]
    cases = [case(query, of) for query in queries for of in ("", 'service="users"')]
    # What they find here is no matter.
    assert "err:" not in judged(tmp_path, cases).stdout
    assert "err:" in judged(tmp_path, [*cases, case(f"{queries[0]})", "")]).stdout
