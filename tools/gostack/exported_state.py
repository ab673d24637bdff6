"""The resources of an exported state, as far as anything here reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class StateResource(TypedDict):
    """One resource as the state holds it."""

    urn: str
    """Its identity in the program."""

    id: NotRequired[str]
    """Its identity on the platform; a component has none."""

    delete: NotRequired[bool]
    """Whether another one has its place, and it is still to be deleted."""

    inputs: NotRequired[Mapping[str, Any]]
    """What the program gave."""

    outputs: NotRequired[Mapping[str, Any]]
    """What is known of it; of a component, what it registered."""


def resources_of(deployment: Mapping[str, Any]) -> list[StateResource]:
    """Return the resources of an exported deployment; none of a stack that was never up."""
    return deployment.get("resources") or []
