"""`gostack open`."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.report import forwarded_url, forwarding
from tools.gostack.lifecycle.workspace import Workspace, demand_up
from tools.gostack.telemetry.console import console_of

CONSUL = "consul"
DASHBOARDS = "dashboards"


def open_address(workspace: Workspace, what: str | None = None, region: str | None = None, *, only_print: bool) -> int:
    """Print an address of the stack, open it in a browser unless `only_print`, and return 0.

    `what` is a service, `consul`, `dashboards` for the console of the telemetry, or None for the entry of `region`
    (default: the first). Raises UserError.
    """
    _ = workspace.settings
    found = address(workspace.outputs(), workspace.stack, what, region)
    hint = forwarding(found)
    if hint:
        print(f"{found} is inside the cluster; first run: {hint}", file=sys.stderr)
        found = forwarded_url(found)
    print(found)
    # Without a browser on this machine the line above is what there is.
    if not only_print and not hint:
        webbrowser.open(found)
    return 0


def address(outputs: Mapping[str, Any], stack: str, what: str | None = None, region: str | None = None) -> str:
    """Return an address from a stack's outputs; raises UserError with the names that there are."""
    demand_up(outputs, stack)
    regions: dict[str, str] = outputs[CONSUL] if what == CONSUL else outputs["regions"]
    if region is not None and region not in regions:
        raise UserError(f'there is no region "{region}": use one of {", ".join(sorted(regions))}.')
    entry = regions[region] if region is not None else next(iter(regions.values()))
    if what is None:
        return entry
    if what == CONSUL:
        return f"{entry}/ui"
    services: dict[str, dict[str, str]] = outputs["services"]
    if what == DASHBOARDS and what not in services:
        return console_of(outputs, stack).url
    if what not in services:
        known = ", ".join([*sorted(services), CONSUL, DASHBOARDS])
        raise UserError(f'there is no service "{what}": use one of {known}.')
    url = services[what]["url"]
    if not url:
        raise UserError(f"{what} has no route: clients outside of the stack do not reach it.")
    return url if region is None else urlsplit(entry)._replace(path=urlsplit(url).path).geturl()
