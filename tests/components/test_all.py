"""No component is forgotten: each has tests of its own in this folder.

Does not prove that they are enough: `python -m tests.mutations` asks that.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_components import CLASSES, identity


@cache
def looked_at() -> frozenset[type]:
    """The classes that the tests of this folder import from `components`, by itself or as a part of a package."""
    found: list[Any] = []
    for path in Path(__file__).parent.glob("test_*.py"):
        packages: dict[str, Any] = {}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "components":
                for alias in node.names:
                    member = getattr(import_module(node.module or ""), alias.name)
                    packages[alias.name] = member
                    found.append(member)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
                found.append(getattr(packages[node.value.id], node.attr, None))
    return frozenset(one for one in found if isinstance(one, type))


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_a_component_has_tests_of_its_own(cls: type) -> None:
    assert cls in looked_at()
