"""What a shell completes: names that are in files of this checkout. Whatever is wrong with them, nothing is said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, cast

import typer

from tools.gostack.documents import mapping
from tools.gostack.environment.locations import PROJECT_ROOT, stack_names

_INFRASTRUCTURE = ("ingress", "mysql", "consul")
_ADDRESSES = ("consul", "dashboards")
_TRACKS = ("stable", "canary")


def stacks(incomplete: str) -> list[str]:
    """Return the stacks that have a file."""
    return _beginning(incomplete, stack_names(PROJECT_ROOT))


def services(context: typer.Context, incomplete: str) -> list[str]:
    """Return the services of the stack that is named on the line, else of dev."""
    return _beginning(incomplete, sorted(_config(context, "services")))


def replicated(context: typer.Context, incomplete: str) -> list[str]:
    """Return what has replicas: services, accessories, and the parts of a stack."""
    accessories = sorted(_config(context, "accessories"))
    return [*services(context, incomplete), *_beginning(incomplete, [*accessories, *_INFRASTRUCTURE])]


def addresses(context: typer.Context, incomplete: str) -> list[str]:
    """Return what has an address: services, and the pages of a stack."""
    return [*services(context, incomplete), *_beginning(incomplete, _ADDRESSES)]


def tasks(context: typer.Context, incomplete: str) -> list[str]:
    """Return the tasks of the service that is named on the line."""
    service = _config(context, "services").get(str(context.params.get("service")))
    return _beginning(incomplete, sorted(mapping(mapping(service).get("tasks"))))


def tracks(incomplete: str) -> list[str]:
    """Return the tracks that a service may have."""
    return _beginning(incomplete, _TRACKS)


def regions(context: typer.Context, incomplete: str) -> list[str]:
    """Return the regions of the stack that is named on the line, else of dev."""
    return _beginning(incomplete, sorted(_config(context, "regions")))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _config(context: typer.Context, key: str) -> Mapping[str, Any]:
    import yaml

    stack = str(context.params.get("stack") or "dev")
    # A message of ours would end up between the words of the shell.
    with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        text = (PROJECT_ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        found = cast("dict[str, Any]", yaml.safe_load(text))["config"][f"gostack:{key}"]
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return {}
