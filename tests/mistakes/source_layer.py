"""Tries mistakes in the program: each in a copy of the project that differs in one line.

All copies are given to pyright in one run; what it accepts is run by tests of the suite, then judged by the rules.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.mistakes.model import Outcome, SourceMistake
from tests.mistakes.stacks import PROJECT, STACKS

_CHECKED = ("infra", "components")
_COPIED = ("components", "infra", "policy", "services", "tests", "tools")
_FILES = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml", "pyproject.toml")
_STACKS = {"/docker": ["dev"], "/kubernetes": ["staging"], "/aws/": ["prod"]}
"""Part of a path to the stacks that a line in such a file is part of; all of them for any other."""

UNCHANGED = "unchanged"
"""Name of the copy without a mistake, which every layer must accept."""


def outcomes(mistakes: Sequence[SourceMistake]) -> list[Outcome]:
    """Return what becomes of each mistake. Raises RuntimeError when the program is refused without any."""
    with tempfile.TemporaryDirectory(prefix="gostack-mistakes-") as folder:
        base = Path(folder).resolve()
        copies = {f"mistake{number}": mistake for number, mistake in enumerate(mistakes)}
        _copy(base / UNCHANGED, None)
        for name, mistake in copies.items():
            _copy(base / name, mistake)
        errors = _types(base, {UNCHANGED: None, **copies})
        if UNCHANGED in errors:
            raise RuntimeError(f"pyright refuses the program as it is: {errors[UNCHANGED]}")
        return [
            Outcome(mistake, "types", errors[name]) if name in errors else _run(base / name, mistake)
            for name, mistake in copies.items()
        ]


def _copy(target: Path, mistake: SourceMistake | None) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *_COPIED, *_FILES],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source = PROJECT / name
        if not source.is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if mistake is not None and name == mistake.file:
            (target / name).write_text(changed(source.read_text(encoding="utf-8"), mistake), encoding="utf-8")
        else:
            _link(source, target / name)


def changed(text: str, mistake: SourceMistake) -> str:
    """The text of the file with the mistake; raises ValueError when the line is not there exactly once."""
    found = text.count(mistake.old)
    if found != 1:
        raise ValueError(f"{mistake.title}: {mistake.file} holds {mistake.old!r} {found} times")
    return text.replace(mistake.old, mistake.new)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())


def _types(base: Path, copies: Mapping[str, SourceMistake | None]) -> dict[str, str]:
    """Copy to the first error that pyright has in it, of the changed file and of those that import from it."""
    wanted: list[str] = []
    for name, mistake in copies.items():
        files = {mistake.file} | _users(mistake.file) if mistake is not None else _all_changed(copies)
        wanted += [f"{name}/{file}" for file in sorted(files)]
    settings = {
        "include": wanted,
        "venvPath": str(PROJECT),
        "venv": ".venv",
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
        "reportMissingTypeStubs": False,
        "reportUnknownMemberType": "none",
        "executionEnvironments": [{"root": name} for name in copies],
    }
    (base / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "-p", str(base / "pyrightconfig.json")],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYRIGHT_PYTHON_GLOBAL_NODE": "1", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )
    report: dict[str, Any] = json.loads(found.stdout)
    if report["summary"]["filesAnalyzed"] < len(wanted):
        raise RuntimeError(f"pyright looked at {report['summary']['filesAnalyzed']} of {len(wanted)} files")
    errors: dict[str, str] = {}
    for problem in report["generalDiagnostics"]:
        if problem["severity"] == "error":
            name = Path(problem["file"]).relative_to(base).parts[0]
            errors.setdefault(name, f"{problem.get('rule', 'error')}: {problem['message'].splitlines()[0]}")
    return errors


def _all_changed(copies: Mapping[str, SourceMistake | None]) -> set[str]:
    return {file for mistake in copies.values() if mistake for file in {mistake.file} | _users(mistake.file)}


def _users(file: str) -> set[str]:
    """Files of the program that import from a file."""
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package = module.rpartition(".")[0]
    return {
        str(path.relative_to(PROJECT))
        for folder in _CHECKED
        for path in (PROJECT / folder).rglob("*.py")
        if f"from {module} import" in (text := path.read_text(encoding="utf-8"))
        or f"from {package} import {module}" in text
    }


def _run(folder: Path, mistake: SourceMistake) -> Outcome:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    if mistake.tests:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *mistake.tests]
        ran = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, env=environment)
        if ran.returncode == 1:
            failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
            return Outcome(mistake, "tests", failed[0].split(" - ")[0] if failed else "a test failed")
        if ran.returncode != 0:
            raise RuntimeError(f"{mistake.title}: the tests could not be run: {ran.stdout[-500:]}{ran.stderr[-500:]}")
    stacks = next((names for part, names in _STACKS.items() if part in mistake.file), list(STACKS))
    judged = subprocess.run(
        [sys.executable, "-m", "tests.mistakes.judge_program", *stacks],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        env=environment,
    )
    if judged.returncode == 0:
        return Outcome(mistake, None, "")
    if judged.stderr.strip():
        # It cannot even be recorded, which every test of the graph does.
        return Outcome(mistake, "tests", judged.stderr.strip().splitlines()[-1])
    return Outcome(mistake, "policy", judged.stdout.strip().splitlines()[0])
