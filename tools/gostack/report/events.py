"""The engine's events, as `apitype.EngineEvent` names their parts; only what is read here is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class StepState(TypedDict, total=False):
    """A resource before or after a step."""

    urn: str
    type: str
    parent: str  # URN of its parent
    provider: str  # reference of its provider
    custom: bool  # true for what a provider makes, false for a component
    inputs: Mapping[str, Any]  # what the program gives
    outputs: Mapping[str, Any]  # what the provider says
    protect: bool  # true when the engine refuses to delete it
    retainOnDelete: bool  # true when its deletion leaves it where it is


class PropertyDiff(TypedDict, total=False):
    """How one property differs."""

    diffKind: str  # `add`, `delete` or `update`; with `-replace` behind it where that forces a replacement


class Step(TypedDict):
    """One thing that the engine does with a resource. A replacement has several."""

    op: str  # what is done, for example `create-replacement`
    urn: str  # identity of the resource
    type: str
    provider: NotRequired[str]  # reference of its provider
    old: NotRequired[StepState | None]  # before; None when it is created
    new: NotRequired[StepState | None]  # after; None when it is deleted
    keys: NotRequired[list[str] | None]  # properties that force a replacement
    diffs: NotRequired[list[str] | None]  # properties that differ
    detailedDiff: NotRequired[dict[str, PropertyDiff] | None]  # path to how it differs, when the provider has compared


class StepEvent(TypedDict):
    """A step begins, or has ended."""

    metadata: Step


class DiagnosticEvent(TypedDict):
    """Something that the engine or a provider says."""

    message: str
    severity: str


class ErrorEvent(TypedDict, total=False):
    """Why the engine stops."""

    error: str


class PolicyEvent(TypedDict, total=False):
    """A rule that a resource breaks."""

    resourceUrn: str
    policyPackName: str
    policyName: str
    enforcementLevel: str
    message: str


class PreludeEvent(TypedDict, total=False):
    """What holds from the start."""

    config: dict[str, str]  # the stack's configuration


class SummaryEvent(TypedDict, total=False):
    """What is told at the end."""

    PolicyPacks: dict[str, str] | None  # policy pack to its version


class Event(TypedDict, total=False):
    """One event; it holds one of these parts."""

    sequence: int
    resourcePreEvent: StepEvent
    resOutputsEvent: StepEvent
    diagnosticEvent: DiagnosticEvent
    errorEvent: ErrorEvent
    policyEvent: PolicyEvent
    preludeEvent: PreludeEvent
    summaryEvent: SummaryEvent
