"""The page as one file: markup, style, script and data, with nothing to fetch."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from tools.gostack.explorer.model import PageView

SOURCE = Path(__file__).resolve().parent / "page"

STYLES = ("base.css", "chrome.css", "architecture.css", "tables.css", "details.css", "differences.css")
SCRIPTS = (
    "state.js",
    "elements.js",
    "graph.js",
    "details.js",
    "architecture.js",
    "arrows.js",
    "tree.js",
    "tables.js",
    "differences.js",
    "search.js",
    "main.js",
)


def render(view: PageView) -> str:
    """Return the page that shows a view."""
    style = "\n".join((SOURCE / name).read_text(encoding="utf-8").strip() for name in STYLES)
    parts = [(SOURCE / name).read_text(encoding="utf-8").strip() for name in SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n\n".join(parts) + "\n})();"
    # In a script element, "<" could end it or begin a comment; as an escape it is the same JSON.
    data = json.dumps(view, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    document = (SOURCE / "index.html").read_text(encoding="utf-8")
    for mark, text in (("policy", policy), ("style", style), ("script", script), ("data", data)):
        document = document.replace(f"@@{mark}@@", text, 1)
    return document


def _digest(text: str) -> str:
    """How a content security policy names an element's text: only this very text runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
