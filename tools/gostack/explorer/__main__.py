"""`python -m tools.gostack.explorer`: write the page that shows the stacks of this project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.settings import SettingsError
from tools.gostack.explorer.html import render
from tools.gostack.explorer.recording import PROJECT, RecordedStack, record_stack, stack_names
from tools.gostack.explorer.view import page_view

DEFAULT = PROJECT / ".gostack" / "tools.gostack.explorer.html"


def main(arguments: list[str] | None = None) -> int:
    """Write the page and return the exit status: 0 written, 1 a stack file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.gostack.explorer", description=__doc__)
    parser.add_argument(
        "--stack", action="append", metavar="NAME", help="a stack to show; may be repeated (default: all with a file)"
    )
    parser.add_argument("--out", type=Path, default=DEFAULT, metavar="FILE", help="the page (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        stacks: list[RecordedStack] = [record_stack(name) for name in chosen.stack or stack_names()]
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    page = render(page_view(stacks))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(page, encoding="utf-8")
    shown = ", ".join(f"{stack.name} ({len(stack.graph)} resources)" for stack in stacks)
    print(f"{chosen.out}: {shown}; {len(page.encode()) // 1024} KiB. Open it in any browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
