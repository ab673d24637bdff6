"""The configuration reference, written from the settings' own types and docstrings."""

from __future__ import annotations

import ast
import inspect
import sys
from itertools import pairwise
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.settings import Settings
from infra.settings.errors import model_inside
from tools.gostack.environment.locations import PROJECT_ROOT

REFERENCE = PROJECT_ROOT / "docs" / "configuration.md"

_HEAD = """\
# Configuration

Every key of `Pulumi.<stack>.yaml`, written by `gostack reference` from `infra/settings/`. A wrong key or value is
refused, before anything is created, by one sentence that names it and the fix.

"""


def reference() -> str:
    """Return the reference as Markdown."""
    return _HEAD + "\n".join(_section(Settings, "gostack:"))


def _section(model: type[BaseModel], prefix: str) -> list[str]:
    described = docstrings(model)
    lines = [f"## `{prefix.rstrip('.:')}`", "", inspect.cleandoc(model.__doc__ or ""), ""]
    lines += ["| key | default | meaning |", "|---|---|---|"]
    nested: list[tuple[type[BaseModel], str]] = []
    for name, field in model.model_fields.items():
        inner = model_inside(field.annotation)
        meaning = " ".join(described.get(name, "").split()).replace("|", "\\|")
        lines.append(f"| `{prefix}{name}` | {_default(field, inner)} | {meaning} |")
        if inner is not None:
            nested.append((inner, f"{prefix}{name}{_step(field.annotation)}."))
    lines.append("")
    for inner, inner_prefix in nested:
        lines += _section(inner, inner_prefix)
    return lines


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return attribute to the string literal that stands behind it in the source, of the class or one it inherits."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _own_docstrings(base)
    return found


def _own_docstrings(model: type[BaseModel]) -> dict[str, str]:
    statements = [node for definition in ast.parse(inspect.getsource(model)).body for node in _body(definition)]
    found: dict[str, str] = {}
    for statement, following in pairwise(statements):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[statement.target.id] = str(following.value.value)
    return found


def _body(definition: ast.stmt) -> list[ast.stmt]:
    return definition.body if isinstance(definition, ast.ClassDef) else []


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if inner is not None and isinstance(value, BaseModel):
        return "see below"
    return "none" if value is None else f"`{value!r}`".replace("'", '"')


def _step(annotation: Any) -> str:
    origin = get_origin(annotation)
    return ".<name>" if origin is dict else "[]" if origin is list else ""


def write_reference() -> int:
    """Write the page of all settings."""
    REFERENCE.write_text(reference(), encoding="utf-8")
    print(f"{REFERENCE.name} is written", file=sys.stderr)
    return 0
