"""The resources of an exported state, as far as anything here reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.gostack.documents import mappings


def resources_of(deployment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the resources of an exported deployment; none of a stack that was never up.

    Each is as `apitype.ResourceV3` describes it: `urn`, `id` on the platform (a component has none), `delete` for one
    whose place another one has, `inputs` of the program, `outputs`.
    """
    return mappings(deployment.get("resources"))


def identities(deployment: Mapping[str, Any]) -> dict[str, str]:
    """Return every identity on the platform with the URN that has it, those of replaced resources that still wait for
    their deletion included."""
    return {resource["id"]: resource.get("urn", "") for resource in resources_of(deployment) if resource.get("id")}
