"""`gostack trust`: what the stack's authority signs is trusted by this machine, and no longer."""

from __future__ import annotations

from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.trust import browsers, system
from tools.gostack.trust.authority import Authority
from tools.gostack.trust.machine import Machine


def trust(workspace: Workspace, *, remove: bool = False, machine: Machine | None = None) -> int:
    """Put the stack's authority into the stores of the system and of browsers, or take it out again.

    Says what was done, and the commands that take root. Returns 0 when nothing is left to do, else 1. Raises
    PulumiError for a stack that is not up.
    """
    machine = machine or Machine()
    if remove:
        databases = browsers.remove(machine, workspace.stack)
        outcome = system.remove(machine, workspace.stack)
    else:
        file = write_authority(workspace, workspace.outputs())
        authority = Authority(workspace.stack, file.read_text(encoding="utf-8"))
        databases = browsers.add(machine, authority, file)
        outcome = system.add(machine, authority, file)
    print("\n".join([*databases.done, *databases.refused, *outcome.done]))
    hint = browsers.missing(machine)
    if hint:
        print(hint)
    if outcome.to_do:
        print("this failed, and is left to do:" if machine.is_root else "the system's store takes root, run:")
        print("\n".join(f"  {command}" for command in outcome.to_do))
    return 1 if outcome.to_do or databases.refused or hint else 0
