"""What an update would leave behind: the rows and files of a service that got another name, schema or volume, those of
a region that got another name, and those of an accessory that runs in another region.

The data stays where it is, and what is new would begin without any. What is deployed is known from the state alone.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from infra.settings import Settings, SettingsError
from tools.gostack.documents import mapping
from tools.gostack.exported_state import resources_of
from tools.gostack.lifecycle.workspace import Workspace

_STACK = "::pulumi:pulumi:Stack::"
_DATABASE = "::gostack:index:ServiceDatabase::"
_VOLUMES = "::gostack:index:ServiceVolumes::"
_ACCESSORY = "::gostack:index:Accessory::"


def refuse_lost_rows(workspace: Workspace, state: Mapping[str, Any]) -> None:
    """Raise SettingsError when a deployed schema or volume has no service any more while another one would begin empty,
    unless the workspace says that it is to stay behind; one that only loses its service is told."""
    settings = workspace.settings
    require_data_of_regions(settings, state, workspace.leave_rows)
    for schema in abandoned(settings, deployed_schemas(state), workspace.leave_rows):
        print(
            f'warning: the schema "{schema}" stays on the database with its rows, and no service has it any more '
            "(`gostack databases` lists it).",
            file=sys.stderr,
        )
    for volume in abandoned_volumes(settings, deployed_volumes(state), workspace.leave_rows):
        print(f"warning: the volume {volume} stays with its files, and no service has it any more.", file=sys.stderr)


def require_data_of_regions(settings: Settings, state: Mapping[str, Any], left: Iterable[str]) -> None:
    """Raise SettingsError when the database, or volumes of services or accessories, would begin empty because the
    region of their data has another name or is another one, unless that region is among the `left`."""
    if settings.aws is not None:
        # Aurora's data moves by a switchover, and its regions are protected (removals.py).
        return
    (outputs,) = _outputs(state, _STACK) or [{}]
    members = sorted(mapping(mapping(outputs.get("mysql")).get("members")))
    primary = settings.mysql.primary
    wanted = [primary] if settings.mysql.topology == "single" else settings.failure_domains()
    if members and not set(members) & {*wanted, *left}:
        raise SettingsError(
            f'gostack:mysql.primary is "{primary}", where the database would begin empty, and all rows would stay '
            f"behind in {', '.join(members)}: keep the region {members[0]}, or save the rows with `gostack backup`, "
            f"run `gostack up --leave-rows {members[0]}`, and restore them."
        )
    before = mapping(outputs.get("regions")).keys()
    gone, new = sorted(before - settings.regions.keys()), sorted(settings.regions.keys() - before)
    lost = [region for region in gone if region not in set(left)]
    if deployed_volumes(state) and lost and new:
        raise SettingsError(
            f"gostack:regions.{new[0]} would begin with empty volumes, and the files of those of {lost[0]} would stay "
            f"behind: keep the name {lost[0]}, or run `gostack up --leave-rows {lost[0]}` if they are to stay behind."
        )
    for problem in _moved_accessories(settings, before, deployed_disks(state), set(left)):
        raise SettingsError(problem)


def _moved_accessories(
    settings: Settings, before: Iterable[str], disks: Container[str], left: set[str]
) -> Iterator[str]:
    """Yield a sentence about each accessory that would run without its files, in another of the regions than before."""
    for name, accessory in settings.accessories.items():
        held = {region for region in before if f"{name}-{region}" in disks}
        wanted = set(accessory.runs_in(settings.ordered_regions())) if accessory.data() else set[str]()
        lost, new = sorted(held - wanted - left), sorted(wanted - held)
        if lost and new:
            key = f"gostack:accessories.{name}"
            keep = f"write {key}.regions: [{lost[0]}]" if lost[0] in settings.regions else f"keep the name {lost[0]}"
            yield (
                f"{key} would begin with empty volumes in {new[0]}, and its files would stay behind in {lost[0]}: "
                f"{keep}, or run `gostack up --leave-rows {lost[0]}` if they are to stay behind."
            )


def deployed_disks(state: Mapping[str, Any]) -> set[str]:
    """Return the accessories that have disks by the state, each as `<accessory>-<region>`."""
    return {
        str(resource["parent"]).rpartition("::")[2]
        for resource in resources_of(state)
        if _ACCESSORY in str(resource.get("parent", "")) and _has_disks(resource)
    }


def _has_disks(resource: Mapping[str, Any]) -> bool:
    """Whether it is a volume that outlives its stack, or pods with such ones."""
    spec = mapping(mapping(resource.get("inputs")).get("spec"))
    return bool(resource.get("retainOnDelete") or spec.get("volumeClaimTemplates"))


def deployed_schemas(state: Mapping[str, Any]) -> set[str]:
    """Return the schemas that services have by the state."""
    return {str(found["database"]) for found in _outputs(state, _DATABASE) if "database" in found}


def deployed_volumes(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the names by which services' volumes are kept by the state, and who shares each."""
    found: dict[str, str] = {}
    for outputs in _outputs(state, _VOLUMES):
        found |= outputs.get("volumes") or {}
    return found


def _outputs(state: Mapping[str, Any], of_type: str) -> list[Mapping[str, Any]]:
    return [resource.get("outputs") or {} for resource in resources_of(state) if of_type in resource["urn"]]


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


def abandoned_volumes(settings: Settings, deployed: Mapping[str, str], left: Iterable[str]) -> list[str]:
    """Return the deployed volumes that no service has by the settings; raises SettingsError when one of them, which is
    not among the `left`, may be that of a service that begins with an empty one."""
    wanted = {
        volume.kept_name(name, called): (f"gostack:services.{name}.volumes.{called}", volume.shared)
        for name, service in settings.services.items()
        for called, volume in service.volumes.items()
    }
    gone = sorted(deployed.keys() - wanted.keys())
    new = sorted(wanted.keys() - deployed.keys())
    lost = [volume for volume in gone if volume not in set(left)]
    if lost and new:
        key = wanted[new[0]][0]
        raise SettingsError(
            f"{key} would begin empty, and the files of the volume {lost[0]} would stay behind without a service: "
            f"write {key}.name: {lost[0]} to keep them, or run `gostack up --leave-rows {lost[0]}` if they are to stay "
            "behind."
        )
    for volume in sorted(deployed.keys() & wanted.keys() - set(left)):
        key, shared = wanted[volume]
        if shared != deployed[volume]:
            raise SettingsError(
                f'{key}.shared is "{shared}" and was "{deployed[volume]}", whose files would stay behind: put it back, '
                f"or run `gostack up --leave-rows {volume}` to begin with empty volumes."
            )
    return gone
