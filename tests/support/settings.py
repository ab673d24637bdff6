"""The published stack files as plain data to be changed, and the sentence by which settings are refused.

It needs no SDK, and proves nothing by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import Settings, SettingsError, parse_settings

PROJECT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]
Change = Callable[[Document], Any]


@cache
def _file(stack: str) -> Document:
    return yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]


def published(stack: str = "dev") -> Document:
    """The configuration of a stack without the namespace of its keys."""
    values = copy.deepcopy(_file(stack)).items()
    return {key.removeprefix("gostack:"): value for key, value in values if key.startswith("gostack:")}


def changed(change: Change, stack: str = "dev") -> Settings:
    """The settings of a stack with a change."""
    document = published(stack)
    change(document)
    return parse_settings(document)


def refused(act: Callable[[], Any]) -> str:
    """The sentence with which something is refused."""
    with pytest.raises(SettingsError) as caught:
        act()
    return str(caught.value)
