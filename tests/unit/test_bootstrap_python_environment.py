"""The making of `.venv`: when it is current, what uv is told, that requirements are pinned by hash and nothing else.

Does not prove that the packages can be installed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.gostack.environment.python_environment import (
    STAMP,
    add_packages,
    installer_variables,
    is_current,
    parse_pip_settings,
    pinned,
)

ROOT = Path(__file__).resolve().parents[2]


def test_an_environment_is_current_only_when_finished_for_these_requirements(tmp_path: Path) -> None:
    assert not is_current(tmp_path, "abc")
    (tmp_path / STAMP).write_text("abc")
    assert not is_current(tmp_path, "abc")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert is_current(tmp_path, "abc")
    assert not is_current(tmp_path, "abd")


def test_one_package_is_cut_out_with_its_hashes() -> None:
    text = "a==1 \\\n    --hash=sha256:1\nuv==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n    # via -r x\nz==1\n"
    assert pinned(text, "uv") == "uv==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"


def test_uv_is_told_what_pip_has_been_told() -> None:
    settings = parse_pip_settings("global.index-url='https://a/simple'\n:env:.index-url='https://b/simple'\nnonsense\n")
    assert settings == {"index-url": "https://b/simple"}
    assert installer_variables({}, settings)["UV_DEFAULT_INDEX"] == "https://b/simple"
    own = installer_variables({"UV_DEFAULT_INDEX": "https://c/simple", "VIRTUAL_ENV": "/other"}, settings)
    assert own["UV_DEFAULT_INDEX"] == "https://c/simple"
    assert "VIRTUAL_ENV" not in own


def test_further_packages_come_from_where_pip_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, does in (
        ("python", "echo \"global.index-url='https://a/simple'\""),
        ("uv", "echo $UV_DEFAULT_INDEX $@ >$0.log"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    add_packages(tmp_path, Path("more.txt"))
    asked = f"pip install --python {programs / 'python'} --require-hashes -r {tmp_path / 'more.txt'}"
    assert (programs / "uv.log").read_text() == f"https://a/simple {asked}\n"


def test_every_requirement_is_pinned_by_hash_and_names_no_index() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert not re.search(r"(?m)^\s*(--index-url|--extra-index-url|--find-links|-i |-f |--trusted-host)|https?://", text)
    entries = re.findall(r"(?m)^[a-z0-9][\w.-]*==\S+.*?(?=^\S|\Z)", text, re.DOTALL)
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_is_asked_for_is_what_is_locked() -> None:
    def normalized(line: str) -> str:
        return re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() + "==" + line.split("==")[1]

    asked = {normalized(line) for line in (ROOT / "requirements.in").read_text().split() if "==" in line}
    locked = {
        normalized(line.split()[0]) for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert asked <= locked
