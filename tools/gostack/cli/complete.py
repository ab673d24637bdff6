"""What a shell completes: names that are in files of this checkout. Whatever is wrong with them, nothing is said."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, cast

import typer

from tools.gostack.environment.locations import PROJECT_ROOT, stack_names

_INFRASTRUCTURE = ("ingress", "mysql", "consul")


def stacks(incomplete: str) -> list[str]:
    """Return the stacks that have a file."""
    return [name for name in stack_names(PROJECT_ROOT) if name.startswith(incomplete)]


def services(context: typer.Context, incomplete: str) -> list[str]:
    """Return the services of the stack that is named on the line, else of dev."""
    return [name for name in sorted(_config(context, "services")) if name.startswith(incomplete)]


def replicated(context: typer.Context, incomplete: str) -> list[str]:
    """Return what has replicas: services, and the parts of a stack."""
    return [*services(context, incomplete), *(name for name in _INFRASTRUCTURE if name.startswith(incomplete))]


def regions(context: typer.Context, incomplete: str) -> list[str]:
    """Return the regions of the stack that is named on the line, else of dev."""
    return [name for name in sorted(_config(context, "regions")) if name.startswith(incomplete)]


def _config(context: typer.Context, key: str) -> Mapping[str, Any]:
    import yaml

    stack = str(context.params.get("stack") or "dev")
    # A message of ours would end up between the words of the shell.
    with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        text = (PROJECT_ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        found = cast("dict[str, Any]", yaml.safe_load(text))["config"][f"gostack:{key}"]
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return {}
