"""Editors complete and check a stack file by the same types as the loader.

Does not prove that every value that the schema lets through is right: ranges between keys are the loader's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tools.gostack.schema import SCHEMA, stack_file_schema, text

PROJECT = Path(__file__).resolve().parents[2]
PUBLISHED = sorted(PROJECT.glob("Pulumi.*.yaml"))


def problems(document: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(stack_file_schema())
    return [error.message for error in validator.iter_errors(document)]  # pyright: ignore[reportUnknownMemberType]


def dev() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())
    return document


def test_the_published_schema_is_what_the_settings_say() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == text(), "run `gostack reference`"


@pytest.mark.parametrize("file", PUBLISHED, ids=[file.name for file in PUBLISHED])
def test_a_published_stack_file_fits_and_names_the_schema(file: Path) -> None:
    first, *_ = file.read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=docs/stack-file.schema.json"
    assert problems(yaml.safe_load(file.read_text(encoding="utf-8"))) == []


def test_a_key_that_does_not_exist_does_not_fit() -> None:
    document = dev()
    document["config"]["gostack:regoins"] = {}
    document["config"]["gostack:services"]["users"]["replics"] = 2
    found = problems(document)
    assert any("gostack:regoins" in problem for problem in found)
    assert any("replics" in problem for problem in found)


def test_keys_of_other_providers_are_theirs() -> None:
    document = dev()
    document["config"]["aws:region"] = "eu-central-1"
    assert problems(document) == []


def test_every_key_has_its_documentation() -> None:
    schema = stack_file_schema()
    sections = [schema["properties"]["config"], *schema["$defs"].values()]
    missing = [
        name
        for section in sections
        for name, value in section.get("properties", {}).items()
        if not value.get("description")
    ]
    assert missing == []
