"""Writes the page that shows the stacks of this project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.gostack.explorer.html import render
from tools.gostack.explorer.recording import ordered_stacks, record_stack
from tools.gostack.explorer.view import page_view


def write_page(names: Sequence[str], output: Path) -> int:
    """Write the page of these stacks, or of all that have a file; raises SettingsError when a stack file is wrong."""
    stacks = [record_stack(name) for name in names or ordered_stacks()]
    page = render(page_view(stacks))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    shown = ", ".join(f"{stack.name} ({len(stack.graph)} resources)" for stack in stacks)
    print(f"{output}: {shown}; {len(page.encode()) // 1024} KiB. Open it in any browser.")
    return 0
