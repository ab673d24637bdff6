"""Reports of twelve changes that people make, as they were reviewed last, in Markdown.

The previews are the engine's own, recorded on a stack that ran on Docker. Does not prove that the engine still says the
same: tests/rehearsal/test_pipeline.py asks it. `UPDATE_GOLDEN=1 pytest tests/delivery` writes the files anew,
to be reviewed like code.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from tests.delivery.streams import CHANGES, report
from tools.gostack.report.render import FORMATS, as_markdown
from tools.gostack.report.render.as_markdown import LONGEST

GOLDEN = Path(__file__).resolve().parent / "golden"


@pytest.mark.parametrize("name", CHANGES)
def test_a_report_is_the_one_that_was_reviewed(name: str) -> None:
    text = as_markdown(report(name))
    file = GOLDEN / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    reviewed = file.read_text(encoding="utf-8")
    if text != reviewed:
        lines = difflib.unified_diff(reviewed.splitlines(), text.splitlines(), "reviewed", "now", lineterm="", n=3)
        pytest.fail("the report has changed: UPDATE_GOLDEN=1 writes it anew\n" + "\n".join(lines), pytrace=False)


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_the_same_preview_gives_the_same_report_byte_for_byte(kind: str) -> None:
    assert FORMATS[kind](report("new-region", "open-port")) == FORMATS[kind](report("new-region", "open-port"))


@pytest.mark.parametrize("name", CHANGES)
def test_a_report_fits_into_a_comment(name: str) -> None:
    assert len(as_markdown(report(name)).encode()) <= LONGEST
