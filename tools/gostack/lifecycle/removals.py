"""What an update or the end of a stack would run into: regions whose network, cluster and data are protected.

The engine refuses them too. But when a deletion fails, Pulumi follows every path through the dependencies of what
failed (`TransitiveDependenciesOf`; seen with 3.250), and with a graph of the size of prod it comes to no end. So the
stack's outputs are asked before the engine is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.settings import Settings, SettingsError
from tools.gostack.lifecycle.workspace import Workspace


def refuse_removal_of_regions(workspace: Workspace) -> None:
    """Raise SettingsError when the settings leave out a region that is deployed and protected."""
    # Elsewhere nothing is protected by region, and the question costs a start of Pulumi.
    if workspace.settings.aws is not None:
        refuse_left_out(workspace.stack, workspace.settings, workspace.outputs())


def refuse_removal_of_stack(workspace: Workspace) -> None:
    """Raise SettingsError when a region of the deployed stack is protected."""
    if workspace.settings.aws is not None:
        refuse_protected(workspace.stack, workspace.outputs())


def refuse_left_out(stack: str, settings: Settings, outputs: Mapping[str, Any]) -> None:
    """Raise SettingsError when a region that the outputs call protected is not in the settings."""
    for region in _protected(outputs):
        if region not in settings.regions:
            raise SettingsError(
                f"gostack:regions leaves out {region}, which is deployed and protected: put it back, set "
                f"gostack:aws.regions.{region}.retiring to true, run `make up STACK={stack}`, and remove it then."
            )


def refuse_protected(stack: str, outputs: Mapping[str, Any]) -> None:
    """Raise SettingsError when the outputs call a region protected."""
    protected = _protected(outputs)
    if protected:
        raise SettingsError(
            f"The regions {', '.join(protected)} of {stack} are protected, nothing was removed: set "
            f"gostack:aws.protect to false, run `make up STACK={stack}`, and remove the stack then."
        )


def _protected(outputs: Mapping[str, Any]) -> list[str]:
    # A stack that was never brought up has no outputs.
    return list(outputs.get("protected_regions") or [])
