"""What stands between a known vulnerability and a signature, and how long an exception counts.

Does not prove that grype finds one: tests/rehearsal/test_supply_chain.py plants one and scans for it.
"""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from tools.gostack.gate.environments import GateError
from tools.gostack.gate.vulnerabilities import FILE, Vulnerability, VulnerabilityException, load_exceptions, refusals

TODAY = datetime.date(2026, 12, 1)
FOUND = Vulnerability("CVE-2026-1", "critical", "planted", "1.0", "2.0")
REASON = "The parser is never given what clients send."


def exception(last_day: str, name: str = FOUND.id) -> VulnerabilityException:
    return VulnerabilityException(id=name, reason=REASON, last_day=datetime.date.fromisoformat(last_day))


@pytest.mark.parametrize("severity", ["critical", "high"])
def test_a_severe_vulnerability_with_a_fix_blocks(severity: str) -> None:
    found = dataclasses.replace(FOUND, severity=severity)
    assert list(refusals([found], [], TODAY)) == [
        f"planted 1.0 has CVE-2026-1 ({severity}), which 2.0 has not: update it, or write an exception with its reason "
        "and last day into vulnerabilities.yaml"
    ]


@pytest.mark.parametrize("change", [{"severity": "medium"}, {"fixed_in": ""}], ids=["not severe", "without a fix"])
def test_what_nobody_can_or_must_mend_today_does_not(change: dict[str, str]) -> None:
    assert list(refusals([dataclasses.replace(FOUND, **change)], [], TODAY)) == []


def test_an_exception_counts_on_its_last_day_and_blocks_from_the_next_on() -> None:
    assert list(refusals([FOUND], [exception("2026-12-01")], TODAY)) == []
    expired, blocked = refusals([FOUND], [exception("2026-11-30")], TODAY)
    assert expired == (
        "the exception for CVE-2026-1 counted until 2026-11-30: update the package and remove it from "
        "vulnerabilities.yaml, or renew it with its reason"
    )
    assert "has CVE-2026-1 (critical)" in blocked


def test_an_expired_exception_blocks_though_nothing_is_found() -> None:
    assert len(list(refusals([], [exception("2026-11-30")], TODAY))) == 1


def test_an_exception_is_for_one_vulnerability() -> None:
    assert len(list(refusals([FOUND], [exception("2026-12-31", "CVE-2026-2")], TODAY))) == 1


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("{id: CVE-2026-1, last_day: 2026-12-01}", "reason is missing"),
        ("{id: CVE-2026-1, reason: no time, last_day: 2026-12-01}", "reason is wrong"),
        (f"{{id: CVE-2026-1, reason: {REASON}}}", "last_day is missing"),
    ],
)
def test_an_exception_has_a_reason_and_a_last_day(entry: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "vulnerabilities.yaml").write_text(f"exceptions: [{entry}]\n")
    with pytest.raises(GateError, match=f"exceptions.0.{key}"):
        load_exceptions(tmp_path / "vulnerabilities.yaml")


def test_the_projects_own_file_can_be_read() -> None:
    assert all(one.last_day for one in load_exceptions(FILE))
