"""The workflows as data: their steps, and the variables that a runner would give each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True)
class Step:
    """One step of a job."""

    workflow: str
    job: str
    name: str
    run: str
    uses: str
    condition: str
    environment: Mapping[str, str]
    """Variables of workflow, job and step; expressions are not evaluated yet."""

    given: Mapping[str, Any]
    """What an action is given."""

    identity: str = ""
    """Name by which other steps know its outputs."""

    folder: str = ""
    """Where it runs; empty for the checkout."""

    of_main: bool = False
    """Whether it runs in a checkout of main, whatever the event is about."""


def load(name: str) -> dict[str, Any]:
    """Return a workflow; `on`, which YAML takes for true, is there by that name."""
    document = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    document["on"] = document.pop(True, document.get("on"))
    return document


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.yml"))


def steps(name: str, job: str | None = None) -> Iterator[Step]:
    """Return the steps of a workflow, or of one of its jobs."""
    document = load(name)
    for job_name, values in document["jobs"].items():
        if job is not None and job_name != job:
            continue
        checkouts = [step.get("with", {}) for step in values["steps"] if "actions/checkout@" in step.get("uses", "")]
        of_main = {given.get("path", "") for given in checkouts if given.get("ref") == "main"}
        for step in values["steps"]:
            folder = step.get("working-directory", "")
            yield Step(
                workflow=name,
                job=job_name,
                name=step.get("name", step.get("uses", "")),
                run=step.get("run", ""),
                uses=step.get("uses", ""),
                condition=str(step.get("if", "")),
                environment={**document.get("env", {}), **values.get("env", {}), **step.get("env", {})},
                given=step.get("with", {}),
                identity=step.get("id", ""),
                folder=folder,
                of_main=folder in of_main,
            )


def evaluated(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return variables with their expressions put in; raises KeyError for one that is not in `values`."""
    return {name: _EXPRESSION.sub(lambda match: values[match[1]], str(text)) for name, text in environment.items()}


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
