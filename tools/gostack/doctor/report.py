"""The findings as a person or another program reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from tools.gostack.doctor.finding import Finding


def render_text(findings: Iterable[Finding], colour: bool = False) -> str:
    """The findings as aligned lines, each failure and warning with its remedy below."""
    rows = list(findings)
    width = max((len(finding.name) for finding in rows), default=0)
    words = {"ok": "ok", "warn": "warn", "fail": "FAIL"}
    colours = {"ok": "32", "warn": "33", "fail": "31"}
    lines: list[str] = []
    for finding in rows:
        word = words[finding.level].ljust(4)
        if colour:
            word = f"\x1b[{colours[finding.level]}m{word}\x1b[0m"
        first, *more = finding.message.splitlines() or [""]
        indent = " " * (width + 8)
        lines.append(f"{word}  {finding.name.ljust(width)}  {first}")
        lines += [f"{indent}{line}" for line in more]
        if finding.remedy:
            lines.append(f"{indent}-> {finding.remedy}")
    return "\n".join(lines) + "\n"


def render_json(findings: Iterable[Finding]) -> str:
    """The findings for another program: a list of objects with name, level, message, remedy."""
    return json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"


def failed(findings: Iterable[Finding]) -> bool:
    """Whether `make up` should not begin."""
    return any(finding.level == "fail" for finding in findings)
