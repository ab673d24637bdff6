"""What becomes of a stack's resources, one `Change` for each, put together from the engine's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.report.events import DiagnosticEvent, Event, PolicyEvent, Step, StepState
from tools.gostack.report.urn import Urn

Operation = Literal["create", "update", "replace", "delete", "read", "import", "forget", "same"]
"""What happens to a resource; `forget` takes it out of the state and leaves it where it is."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that is known only when the update runs."""

SECRET = "[secret]"  # noqa: S105  # the text that stands for one
_SIGNATURE = "4dabf18193072939515e22adb298388d"

_OPERATIONS: dict[str, Operation] = {
    "create": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "import-replacement": "replace",
    "read-replacement": "read",
    "delete": "delete",
    "discard": "forget",
    "read": "read",
    "import": "import",
    "same": "same",
    "refresh": "same",
}


@dataclass(frozen=True)
class Difference:
    """One property that differs."""

    path: str
    """The property, for example `ports[0].ip`."""

    kind: str
    """`add`, `delete` or `update`."""

    replaces: bool
    """True when it cannot be changed in place."""

    old: Any = None
    """The value in the state; None when there is none."""

    new: Any = None
    """The value that the program wants; None when there is none."""

    @property
    def follows(self) -> bool:
        """Whether the new value comes from another resource of the same update: it is a consequence, not a cause."""
        # A provider that compares a list names the element that differs, unless a part of it is not known yet.
        return UNKNOWN in str(self.new) or (self.path == "envs" and self.new == SECRET)


@dataclass(frozen=True)
class State:
    """A resource before or after the change."""

    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the program gives; secrets are masked."""

    protect: bool = False
    """True when the engine refuses to delete it."""

    retained: bool = False
    """True when its deletion takes it out of the state and leaves it where it is."""


@dataclass(frozen=True)
class Change:
    """What becomes of one resource."""

    urn: str
    """Its identity."""

    type: str
    """Its type."""

    name: str
    """Its name in the program."""

    operation: Operation
    """What happens."""

    delete_first: bool = False
    """Of a replacement: the old one goes before the new one comes."""

    dependent: bool = False
    """Of a replacement that is deleted first: it goes only because what it depends on does."""

    parent: str = ""
    """URN of its parent."""

    provider: str = ""
    """Reference of its provider."""

    custom: bool = False
    """True for what a provider makes, False for a component."""

    keys: tuple[str, ...] = ()
    """Of a replacement: the properties that the engine names as the reason, deepest paths or not."""

    differences: tuple[Difference, ...] = ()
    """Properties that differ, ordered by path."""

    old: State | None = None
    """Before; None when it is created."""

    new: State | None = None
    """After; None when it is deleted."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it is, or was."""
        state = self.new or self.old
        return state.inputs if state is not None else {}

    @property
    def protected(self) -> bool:
        """Whether the engine refuses to delete what is there."""
        return self.old is not None and self.old.protect

    @property
    def causes(self) -> tuple[Difference, ...]:
        """Differences that nobody else causes; of a replacement, only those that force it."""
        if self.dependent:
            return ()
        found = [item for item in self.differences if not item.follows]
        return tuple(item for item in found if item.replaces) if self.operation == "replace" else tuple(found)

    @property
    def follows(self) -> bool:
        """Whether it changes only because another resource does."""
        if self.dependent:
            return True
        return self.operation in ("replace", "update") and not self.causes and bool(self.keys or self.differences)


@dataclass(frozen=True)
class Violation:
    """A rule of a policy pack that a resource breaks."""

    policy: str
    message: str
    mandatory: bool
    urn: str


@dataclass(frozen=True)
class StackChanges:
    """What an update would do to one stack."""

    stack: str
    """Name of the stack."""

    changes: tuple[Change, ...]
    """Every resource that changes, ordered by URN."""

    unchanged: tuple[Change, ...] = ()
    """Every other one, with no inputs but labels."""

    errors: tuple[str, ...] = ()
    """Why the engine refuses, when it does."""

    warnings: tuple[str, ...] = ()
    """What the engine says beside it."""

    violations: tuple[Violation, ...] = ()
    """Rules of policy packs that are broken."""

    policy_packs: tuple[str, ...] = ()
    """Policy packs that looked at the change."""

    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The stack's configuration; secrets are masked."""


def stack_changes(stack: str, events: Iterable[Event]) -> StackChanges:
    """Put together what the events of one preview say."""
    steps: dict[str, list[Step]] = {}
    diagnostics: list[tuple[str, str]] = []
    violations: list[Violation] = []
    packs: set[str] = set()
    settings: Mapping[str, str] = {}
    for event in events:
        if step := event.get("resourcePreEvent"):
            metadata = step["metadata"]
            steps.setdefault(metadata["urn"], []).append(metadata)
        elif diagnostic := event.get("diagnosticEvent"):
            diagnostics.append((diagnostic.get("severity", ""), _text(diagnostic)))
        elif error := event.get("errorEvent"):
            diagnostics.append(("error", str(error.get("error", "")).strip()))
        elif policy := event.get("policyEvent"):
            violations.append(_violation(policy))
        elif prelude := event.get("preludeEvent"):
            settings = prelude.get("config") or {}
        elif summary := event.get("summaryEvent"):
            packs |= set(summary.get("PolicyPacks") or {})
    changes = [_change(urn, found) for urn, found in sorted(steps.items())]
    return StackChanges(
        stack=stack,
        changes=tuple(change for change in changes if change.operation != "same"),
        unchanged=tuple(change for change in changes if change.operation == "same"),
        errors=_said("error", diagnostics),
        warnings=_said("warning", diagnostics),
        violations=tuple(sorted(violations, key=lambda item: (not item.mandatory, item.policy, item.urn))),
        policy_packs=tuple(sorted(packs)),
        settings=dict(sorted(settings.items())),
    )


def _change(urn: str, steps: list[Step]) -> Change:
    operations = [step["op"] for step in steps]
    # Logical steps repeat what the others say; of a replacement, the one that creates has the reasons.
    main = next((step for step in steps if step["op"] in ("create-replacement", "import-replacement")), None)
    main = main or next((step for step in steps if step["op"] != "delete-replaced"), steps[0])
    operation = _OPERATIONS.get(main["op"], "replace" if "replaced" in main["op"] else "same")
    old, new = main.get("old") or StepState(), main.get("new") or StepState()
    created = operations.index(main["op"])
    delete_first = operation == "replace" and "delete-replaced" in operations[:created]
    if operation == "delete":
        new = StepState()
    elif operation == "create":
        old = StepState()
    known = new or old
    return Change(
        urn=urn,
        type=main.get("type") or Urn.parse(urn).type,
        name=Urn.parse(urn).name,
        operation=operation,
        delete_first=delete_first,
        # Whoever is replaced for its own sake has properties that the provider has compared.
        dependent=delete_first and bool(main.get("keys")) and not main.get("detailedDiff"),
        parent=known.get("parent", ""),
        provider=known.get("provider", "") or main.get("provider", ""),
        custom=bool(known.get("custom")),
        keys=tuple(sorted(main.get("keys") or ())) if operation == "replace" else (),
        differences=_differences(main, old, new) if operation in ("replace", "update") else (),
        old=_state(old),
        new=_state(new),
    )


def _state(metadata: StepState) -> State | None:
    if not metadata:
        return None
    return State(
        inputs=masked(metadata.get("inputs") or {}),
        protect=bool(metadata.get("protect")),
        retained=bool(metadata.get("retainOnDelete")),
    )


def _differences(step: Step, old: StepState, new: StepState) -> tuple[Difference, ...]:
    before, after = masked(old.get("inputs") or {}), masked(new.get("inputs") or {})
    found_there = masked(old.get("outputs") or {})

    def was(path: str) -> Any:
        # What somebody changed by hand stands in the outputs alone, once the state was refreshed.
        given = value_at(before, path)
        return given if given != value_at(after, path) else value_at(found_there, path)

    detailed: Mapping[str, Mapping[str, Any]] = step.get("detailedDiff") or {}
    found = {
        path: Difference(
            path=path,
            kind=str(item.get("diffKind", "update")).removesuffix("-replace"),
            replaces=str(item.get("diffKind", "")).endswith("-replace"),
            old=was(path),
            new=value_at(after, path),
        )
        for path, item in detailed.items()
    }
    if not found:
        keys = set(step.get("keys") or ())
        found = {
            path: Difference(path, "update", path in keys, was(path), value_at(after, path))
            for path in {*keys, *(step.get("diffs") or ())}
        }
    ordered = [item for _, item in sorted(found.items())]
    # Elements of a set that stay what they are stand in the comparison too.
    real = [item for item in ordered if item.old != item.new or SECRET in (item.old, item.new)]
    return tuple(real or ordered)


def value_at(inputs: Any, path: str) -> Any:
    """Return the value at a path such as `a.b[0]["c.d"]`; None when there is none, SECRET below a secret."""
    current = inputs
    for step in path_steps(path):
        if current == SECRET:
            return SECRET
        if is_list(current) and step.isdigit() and int(step) < len(current):
            current = current[int(step)]
        elif is_mapping(current) and step in current:
            current = current[step]
        else:
            return None
    return current


def path_steps(path: str) -> list[str]:
    """Return the keys and indexes that lead along a property path."""
    steps: list[str] = []
    rest = path
    while rest:
        if rest.startswith('["') and '"]' in rest:
            key, rest = rest[2:].split('"]', 1)
        elif rest.startswith("[") and "]" in rest:
            key, rest = rest[1:].split("]", 1)
        else:
            rest = rest.removeprefix(".")
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            key, rest = rest[:end], rest[end:]
            if not key and rest.startswith("["):
                continue
        steps.append(key)
    return steps


def masked(value: Any) -> Any:
    """Return a value without what the engine adds for itself, each secret as SECRET."""
    if is_mapping(value):
        if _SIGNATURE in value:
            return SECRET if "ciphertext" in value or "plaintext" in value else "(file)"
        return {key: masked(item) for key, item in value.items() if key not in ("__defaults", "__meta")}
    if is_list(value):
        return [masked(item) for item in value]
    return value


def _violation(event: PolicyEvent) -> Violation:
    return Violation(
        policy=f"{event.get('policyPackName', '')}/{event.get('policyName', '')}",
        message=" ".join(_plain(str(event.get("message", ""))).split()),
        mandatory=event.get("enforcementLevel") == "mandatory",
        urn=event.get("resourceUrn", ""),
    )


def _said(severity: str, diagnostics: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for level, text in diagnostics if level == severity and text))


def _text(diagnostic: DiagnosticEvent) -> str:
    return _plain(str(diagnostic.get("message", ""))).strip()


def _plain(text: str) -> str:
    """Leave the engine's colour directives out, such as <{%reset%}>."""
    parts = text.split("<{%")
    return parts[0] + "".join(part.split("%}>", 1)[-1] for part in parts[1:])
