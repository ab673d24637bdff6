"""Alert and recording rules, as vmalert reads them."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "rules"


def rule_files() -> dict[str, str]:
    """Return name to text of every file of rules that holds for all stacks."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.yml"))}
