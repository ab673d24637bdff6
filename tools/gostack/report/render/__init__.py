"""The report in each format. The same report is the same text, byte for byte."""

from collections.abc import Callable

from tools.gostack.report.model import Report
from tools.gostack.report.render.as_json import as_json
from tools.gostack.report.render.as_markdown import as_markdown

FORMATS: dict[str, Callable[[Report], str]] = {"markdown": as_markdown, "json": as_json}

__all__ = ["FORMATS", "as_json", "as_markdown"]
