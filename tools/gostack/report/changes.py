"""What becomes of a stack's resources, one `Change` for each, put together from the engine's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.report.urn import Urn

Event = dict[str, Any]
"""One event of the engine, with the parts that `apitype.EngineEvent` names
(https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#EngineEvent)."""

Step = dict[str, Any]
"""One thing that the engine does with a resource, `StepEventMetadata` of an event; a replacement has several."""

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
    """One property that differs; what it was and becomes is not kept."""

    path: str
    """The property, for example `ports[0].ip`."""

    kind: str
    """`add`, `delete` or `update`."""

    replaces: bool
    """True when it cannot be changed in place."""

    secret: bool = False
    """True when one of its values is a secret."""

    follows: bool = False
    """True when the new value comes from another resource of the same update: it is a consequence, not a cause."""


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

    protected: bool = False
    """Whether the engine refuses to delete what is there."""

    retained: bool = False
    """True when its deletion takes it out of the state and leaves it where it is."""

    old: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs before, secrets masked; empty when it is created, and in all that is kept or shown."""

    new: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs after, as above; empty when it is deleted."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it is, or was."""
        return self.new or self.old

    def without_values(self) -> Change:
        """Return the change without a value of any input."""
        return replace(self, provider="", old={}, new={})

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
    """Every other one."""

    errors: tuple[str, ...] = ()
    """Why the engine refuses, when it does."""

    warnings: tuple[str, ...] = ()
    """What the engine says beside it."""

    violations: tuple[Violation, ...] = ()
    """Rules of policy packs that are broken."""

    policy_packs: tuple[str, ...] = ()
    """Policy packs that looked at the change."""

    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The stack's configuration, secrets masked; empty in all that is kept or shown."""

    def without_values(self) -> StackChanges:
        """Return the changes without a value of any input or setting."""
        return replace(
            self,
            changes=tuple(change.without_values() for change in self.changes),
            unchanged=tuple(change.without_values() for change in self.unchanged),
            settings={},
        )


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
            text = _plain(str(diagnostic.get("message", ""))).strip()
            diagnostics.append((diagnostic.get("severity", ""), text))
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
    old: Step = main.get("old") or {}
    new: Step = main.get("new") or {}
    created = operations.index(main["op"])
    delete_first = operation == "replace" and "delete-replaced" in operations[:created]
    if operation == "delete":
        new = {}
    elif operation == "create":
        old = {}
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
        protected=bool(old.get("protect")),
        retained=bool(old.get("retainOnDelete")),
        old=masked(old.get("inputs") or {}),
        new=masked(new.get("inputs") or {}),
    )


def _differences(step: Step, old: Step, new: Step) -> tuple[Difference, ...]:
    before, after = masked(old.get("inputs") or {}), masked(new.get("inputs") or {})
    found_there = masked(old.get("outputs") or {})

    def was(path: str) -> Any:
        # What somebody changed by hand stands in the outputs alone, once the state was refreshed.
        given = value_at(before, path)
        return given if given != value_at(after, path) else value_at(found_there, path)

    detailed: Mapping[str, Mapping[str, Any]] = step.get("detailedDiff") or {}
    keys = set(step.get("keys") or ())
    kinds = {path: str(item.get("diffKind", "update")) for path, item in detailed.items()} or {
        path: "update-replace" if path in keys else "update" for path in {*keys, *(step.get("diffs") or ())}
    }
    ordered: list[Difference] = []
    real: list[Difference] = []
    for path, kind in sorted(kinds.items()):
        old_value, new_value = was(path), value_at(after, path)
        found = "add" if old_value is None else "delete" if new_value is None else "update"
        item = Difference(
            path=path,
            kind=kind.removesuffix("-replace") if old_value is new_value is None else found,
            replaces=kind.endswith("-replace"),
            secret=SECRET in (old_value, new_value),
            # A provider that compares a list names the element that differs, unless a part of it is not known yet.
            follows=UNKNOWN in str(new_value) or (path == "envs" and new_value == SECRET),
        )
        ordered.append(item)
        # Elements of a set that stay what they are stand in the comparison too.
        if old_value != new_value or item.secret:
            real.append(item)
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


def _violation(event: Event) -> Violation:
    return Violation(
        policy=f"{event.get('policyPackName', '')}/{event.get('policyName', '')}",
        message=" ".join(_plain(str(event.get("message", ""))).split()),
        mandatory=event.get("enforcementLevel") == "mandatory",
        urn=event.get("resourceUrn", ""),
    )


def _said(severity: str, diagnostics: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for level, text in diagnostics if level == severity and text))


def _plain(text: str) -> str:
    """Leave the engine's colour directives out, such as <{%reset%}>."""
    parts = text.split("<{%")
    return parts[0] + "".join(part.split("%}>", 1)[-1] for part in parts[1:])
