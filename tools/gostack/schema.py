"""The JSON schema of a stack file, by which editors complete and check it; written from the settings' own types."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from infra.settings import Settings
from infra.settings.errors import model_inside
from infra.settings.stack_file import NAMESPACE
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.reference import docstrings

SCHEMA = PROJECT_ROOT / "docs" / "stack-file.schema.json"


def stack_file_schema() -> dict[str, Any]:
    """Return the schema of `Pulumi.<stack>.yaml`; keys of other Pulumi providers are left to them."""
    settings = Settings.model_json_schema()
    definitions: dict[str, Any] = settings.pop("$defs")
    for model in {Settings, *_sections(Settings)}:
        _describe(settings if model is Settings else definitions[model.__name__], model)
    properties: dict[str, Any] = settings["properties"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pulumi.<stack>.yaml",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "description": settings["description"],
                "properties": {f"{NAMESPACE}{name}": value for name, value in properties.items()},
                "required": [f"{NAMESPACE}{name}" for name in settings["required"]],
                # A key of ours that does not exist is a mistake; those of pulumi's providers are theirs.
                "patternProperties": {f"^(?!{NAMESPACE})[^:]+:": {}},
                "additionalProperties": False,
            }
        },
        "$defs": definitions,
    }


def text() -> str:
    """Return the schema as it is kept in docs/."""
    return json.dumps(stack_file_schema(), indent=1, ensure_ascii=False) + "\n"


def write_schema() -> None:
    """Write the schema into docs/."""
    SCHEMA.write_text(text(), encoding="utf-8")


def _sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        inner = model_inside(field.annotation)
        if inner is not None:
            yield inner
            yield from _sections(inner)


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    definition["description"] = inspect.cleandoc(model.__doc__ or "")
    for name, description in docstrings(model).items():
        if name in definition["properties"]:
            definition["properties"][name]["description"] = " ".join(description.split())
