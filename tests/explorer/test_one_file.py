"""The page as a file: self-contained, the same each time, small, and safe with any text in it.

Does not prove that it works: the tests in a browser do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.explorer.conftest import small_stack
from tools.gostack.cli.main import main
from tools.gostack.explorer.html import SCRIPTS, SOURCE, STYLES, render
from tools.gostack.explorer.model import PageView
from tools.gostack.explorer.recording import RecordedStack, record_stack
from tools.gostack.explorer.view import page_view

LARGEST_WITH_THREE_STACKS = 1_500_000


def element(page: str, head: str, tag: str) -> str:
    return page.split(head, 1)[1].split(f"</{tag}>", 1)[0]


def test_two_recordings_make_the_same_bytes(page: str) -> None:
    assert render(page_view([record_stack("dev"), small_stack()])) == page


def test_the_page_names_nothing_to_fetch(page: str) -> None:
    outside_of_data = page.replace(element(page, '<script type="application/json" id="data">', "script"), "")
    assert re.findall(r"<(?:link|img|iframe|source|audio|video|object|embed)\b", outside_of_data) == []
    assert (
        re.findall(r"\b(?:src|action)=|url\((?!#)|@import|\bimport\b\s*[({\"']|fetch\(|XMLHttp", outside_of_data) == []
    )
    # The one address is the name of a language, which nobody asks for.
    assert set(re.findall(r"https?://[^\"'`\s)]+", outside_of_data)) == {"http://www.w3.org/2000/svg"}


def test_only_the_pages_own_script_and_style_may_run(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    for kind, text in (("style", element(page, "<style>", "style")), ("script", element(page, "<script>", "script"))):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")


def test_every_source_file_is_in_the_page() -> None:
    assert {path.name for path in SOURCE.iterdir()} == {"index.html", *STYLES, *SCRIPTS}


def test_text_of_a_stack_cannot_end_the_script_that_holds_it(view: PageView) -> None:
    changed: PageView = {**view, "project": "</script><script>alert(1)</script><!--"}
    data = element(render(changed), '<script type="application/json" id="data">', "script")
    assert json.loads(data)["project"] == changed["project"]


def test_the_published_stacks_stay_small(published: list[RecordedStack]) -> None:
    assert [stack.name for stack in published] == ["dev", "staging", "prod"]
    assert len(render(page_view(published)).encode()) < LARGEST_WITH_THREE_STACKS


def test_the_command_writes_the_file_that_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "folder" / "page.html"
    assert main(["explore", "dev", "--output", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert re.search(r"dev \(\d+ resources\)", capsys.readouterr().out)


def test_a_stack_without_a_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "nowhere", "--output", str(tmp_path / "page.html")]) == 1
    told = capsys.readouterr().err
    assert told == "error: Pulumi.nowhere.yaml does not exist: copy Pulumi.dev.yaml and change it.\n"
    assert not (tmp_path / "page.html").exists()
