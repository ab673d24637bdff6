"""The report as a comment of a pull request: risk first, the rest folded, never longer than a comment may be."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.gostack.report.groups import Group
from tools.gostack.report.model import Report, StackReport, by_verdict
from tools.gostack.report.render.prices import sums, table
from tools.gostack.report.render.sections import members, resource, sections

MARKER = "<!-- gostack-report -->"
"""First line of the comment, by which it is found again."""

LONGEST = 65_536
"""Characters that a comment may have; counted in bytes here, which are never fewer."""

_CODE = re.compile(r"`([^`]*)`")
_ICONS = {"safe": "🟢", "needs care": "🟠", "blocked": "🔴"}


@dataclass(frozen=True)
class Folding:
    """How much is left out."""

    resources: int
    """Resources that a part lists in a region."""

    lines: int
    """Lines of a section."""

    groups: int
    """Parts of a stack."""


_FOLDINGS = (
    Folding(resources=1_000, lines=1_000, groups=1_000),
    Folding(resources=12, lines=200, groups=200),
    Folding(resources=0, lines=100, groups=100),
    Folding(resources=0, lines=25, groups=25),
    Folding(resources=0, lines=8, groups=8),
    Folding(resources=0, lines=2, groups=0),
)


def as_markdown(report: Report) -> str:
    """Return the comment, folded as far as its length demands."""
    text = ""
    for folding in _FOLDINGS:
        text = "\n".join(_lines(report, folding)) + "\n"
        if len(text.encode()) <= LONGEST:
            return text
    # Hundreds of stacks, or sentences of a book's length: what matters stands at the top.
    cut = "\n\n… the rest is left out: see the report of the run.\n"
    return text.encode()[: LONGEST - len(cut.encode())].decode(errors="ignore") + cut


def _lines(report: Report, folding: Folding) -> Iterator[str]:
    yield MARKER
    yield f"### {_ICONS[report.verdict]} {report.verdict.capitalize()}: {report.headline}"
    yield ""
    if len(report.stacks) > 1:
        yield f"{by_verdict(report)}."
        yield ""
    for item in report.stacks:
        yield from _stack(item, folding)
    yield "<sub>Each line names the property that causes it. "
    yield "`gostack record` and `gostack report` show the same on your machine; this comment follows the change.</sub>"


def _stack(item: StackReport, folding: Folding) -> Iterator[str]:
    yield f"#### {_ICONS[item.decision.verdict]} `{item.stack}`: {item.counted}"
    yield ""
    for section in sections(item):
        yield f"**{section.title}**"
        yield ""
        yield from (f"- {_safe(text)}" for text in section.lines[: folding.lines])
        if len(section.lines) > folding.lines:
            yield f"- … and {len(section.lines) - folding.lines} more"
        yield ""
    yield from _cost(item, folding)
    shown = item.groups[: folding.groups]
    for group in shown:
        yield from _group(group, folding)
    if len(item.groups) > len(shown):
        yield f"… and {len(item.groups) - len(shown)} more parts of the stack change."
        yield ""


def _cost(item: StackReport, folding: Folding) -> Iterator[str]:
    cost = item.monthly_cost
    if cost is None:
        return
    words = f"<b>Monthly price</b>: {_html(sums(cost))}"
    if folding.resources == 0:
        yield f"- {words}"
        return
    yield f"<details><summary>{words}</summary>"
    yield ""
    yield from table(cost)
    yield ""
    yield "</details>"
    yield ""


def _group(group: Group, folding: Folding) -> Iterator[str]:
    summary = f"<b>{_html(group.name)}</b>: {_html(group.sentence)}"
    if folding.resources == 0:
        yield f"- {summary}"
        return
    yield f"<details><summary>{summary}</summary>"
    yield ""
    for region, changes in members(group):
        indent = ""
        if region:
            yield f"- {region}"
            indent = "  "
        yield from (f"{indent}- {_safe(resource(change))}" for change in changes[: folding.resources])
        if len(changes) > folding.resources:
            yield f"{indent}- … and {len(changes) - folding.resources} more"
    yield ""
    yield "</details>"
    yield ""


def _safe(text: str) -> str:
    """Escape what Markdown or GitHub would read as more than text, outside of code."""
    parts = _CODE.split(text)
    for index in range(0, len(parts), 2):
        # A name such as @team would call people.
        parts[index] = re.sub(r"([\\<>|*_\[\]#])", r"\\\1", parts[index]).replace("@", "@\u200b")
    for index in range(1, len(parts), 2):
        parts[index] = f"`{parts[index]}`"
    return "".join(parts)


def _html(text: str) -> str:
    """Markdown is not read inside of a summary; names that call people and links are."""
    parts = [html.escape(part).replace("[", "&#91;").replace("@", "@\u200b") for part in _CODE.split(text)]
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
