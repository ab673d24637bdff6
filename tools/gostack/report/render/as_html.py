"""The report as one page: no other file, light and dark, readable on a phone and on paper."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tools.gostack.report.groups import Group
from tools.gostack.report.model import Report, StackReport, by_verdict
from tools.gostack.report.render.sections import members, resource, sections

_STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --faint: #60646c; --page: #ffffff; --card: #f6f7f9;
  --line: #d9dce1; --safe: #18794e; --care: #ad5700; --blocked: #c62a2f; --exposure: #8e4ec6; --cost: #0b68cb; }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --faint: #a0a6b0; --page: #111315; --card: #1b1e22;
  --line: #34383f; --safe: #3dd68c; --care: #ffa057; --blocked: #ff9592; --exposure: #d19dff; --cost: #70b8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; }
.stack { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--mark);
  border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.verdict { color: var(--mark); }
.counted { color: var(--faint); font-size: .9rem; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
code { font: .875em ui-monospace, monospace; background: var(--page); border: 1px solid var(--line);
  border-radius: .25rem; padding: 0 .25em; }
details { border-top: 1px solid var(--line); padding: .4rem 0; }
details:first-of-type { margin-top: 1rem; }
summary { cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--cost); outline-offset: 2px; }
.region { font-weight: 600; }
.safe { --mark: var(--safe); } .care { --mark: var(--care); } .blocked { --mark: var(--blocked); }
h3.data, h3.blocked { color: var(--blocked); } h3.downtime { color: var(--care); }
h3.exposure { color: var(--exposure); } h3.cost { color: var(--cost); }
@media print { details > * { display: block; } }
"""
_CLASSES = {"safe": "safe", "needs care": "care", "blocked": "blocked"}


def as_html(report: Report) -> str:
    """Return the page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    title = f"{report.verdict.capitalize()}: {report.headline}"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    # Nothing is fetched, whatever a resource is called.
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
    yield f'<body class="{_CLASSES[report.verdict]}">'
    yield f'<h1><span class="verdict">{report.verdict.capitalize()}</span>: {html.escape(report.headline)}</h1>'
    if len(report.stacks) > 1:
        yield f"<p>{html.escape(by_verdict(report))}.</p>"
    for item in report.stacks:
        yield from _stack(item)
    yield "</body></html>"


def _stack(item: StackReport) -> Iterator[str]:
    yield f'<section class="stack {_CLASSES[item.decision.verdict]}">'
    yield f'<h2>{html.escape(item.stack)}: <span class="verdict">{item.decision.verdict}</span></h2>'
    yield f'<p class="counted">{html.escape(item.counted)}</p>'
    for section in sections(item):
        yield f'<h3 class="{section.risk.split(" ")[0]}">{html.escape(section.title)}</h3>'
        yield "<ul>"
        yield from (f"<li>{_text(line)}</li>" for line in section.lines)
        yield "</ul>"
    for group in item.groups:
        yield from _group(group)
    yield "</section>"


def _group(group: Group) -> Iterator[str]:
    yield f"<details><summary><b>{html.escape(group.name)}</b>: {_text(group.sentence)}</summary>"
    for region, changes in members(group):
        if region:
            yield f'<p class="region">{html.escape(region)}</p>'
        yield "<ul>"
        yield from (f"<li>{_text(resource(change))}</li>" for change in changes)
        yield "</ul>"
    yield "</details>"


def _text(text: str) -> str:
    parts = re.split(r"`([^`]*)`", text)
    return "".join(
        f"<code>{html.escape(part)}</code>" if index % 2 else html.escape(part) for index, part in enumerate(parts)
    )
