"""What an update would leave behind: the rows of a service that got another name, or another schema.

Its data stays on the database, and it would begin with an empty schema. What is deployed is known from the state alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from infra.settings import Settings, SettingsError
from tools.gostack.exported_state import resources_of
from tools.gostack.lifecycle.workspace import Workspace

_TYPE = "::gostack:index:ServiceDatabase::"


def refuse_lost_rows(workspace: Workspace, state: Mapping[str, Any]) -> None:
    """Raise SettingsError when a deployed schema has no service any more while another one would begin empty, unless
    the workspace says that it is to stay behind; a schema that only loses its service is told."""
    deployed = deployed_schemas(state)
    for schema in abandoned(workspace.settings, deployed, workspace.leave_rows):
        print(
            f'warning: the schema "{schema}" stays on the database with its rows, and no service has it any more '
            "(`gostack databases` lists it).",
            file=sys.stderr,
        )


def deployed_schemas(state: Mapping[str, Any]) -> set[str]:
    """Return the schemas that services have by the state."""
    outputs = (resource.get("outputs") or {} for resource in resources_of(state) if _TYPE in resource["urn"])
    return {str(found["database"]) for found in outputs if "database" in found}


def abandoned(settings: Settings, deployed: Iterable[str], left: Iterable[str]) -> list[str]:
    """Return the deployed schemas that no service has by the settings; raises SettingsError when one of them, which is
    not among the `left`, may be that of a service that begins with an empty one."""
    named = ((service.database_name(name), name) for name, service in settings.services.items())
    wanted = {schema: name for schema, name in named if schema is not None}
    gone = sorted(set(deployed) - wanted.keys())
    new = sorted(wanted.keys() - set(deployed))
    lost = [schema for schema in gone if schema not in set(left)]
    if lost and new:
        key = f"gostack:services.{wanted[new[0]]}"
        raise SettingsError(
            f'{key} would begin with the empty schema "{new[0]}", and the rows of the schema "{lost[0]}" would stay '
            f"behind without a service: write {key}.database.name: {lost[0]} to keep them, or run "
            f"`gostack up --leave-rows {lost[0]}` if they are to stay behind."
        )
    return gone
