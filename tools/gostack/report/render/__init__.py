"""The report in each format. The same report is the same text, byte for byte."""

from collections.abc import Callable
from typing import Literal

from tools.gostack.report.model import Report
from tools.gostack.report.render.as_html import as_html
from tools.gostack.report.render.as_json import as_json
from tools.gostack.report.render.as_markdown import as_markdown
from tools.gostack.report.render.as_text import as_text

Format = Literal["markdown", "json", "html", "text"]
FORMATS: dict[str, Callable[[Report], str]] = {
    "markdown": as_markdown,
    "json": as_json,
    "html": as_html,
    "text": as_text,
}

__all__ = ["FORMATS", "Format", "as_html", "as_json", "as_markdown", "as_text"]
