"""What a preview said, kept in a file without a secret in it: previewed once, reported and judged at will."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.gostack.documents import is_list, is_mapping, mapping
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.report.changes import Change, Difference, StackChanges, State, Violation, stack_changes
from tools.gostack.report.engine import Subject, look
from tools.gostack.report.place import labels_of
from tools.gostack.report.redaction import KnownSecrets, Redactor
from tools.gostack.report.setting_changes import setting_changes
from tools.gostack.report.variable_names import variable_names, with_names

VERSION = 1
"""Raised when a file of an older version cannot be read any more."""


@dataclass(frozen=True)
class Recording:
    """One stack's preview."""

    changes: StackChanges
    """What the engine would do; secrets are hidden."""

    settings: tuple[str, ...] = ()
    """Settings that differ from the version that the change is compared with, each in words."""


def record(
    workspace: Workspace, *, subject: Subject = "update", base: str | None = None, arguments: Sequence[str] = ()
) -> Recording:
    """Preview a stack. `base` is the version of the repository that its settings are compared with.

    An engine that refuses the change is a recording too: its errors say why. Raises PulumiError when there is no
    preview at all, for example without the state's passphrase.
    """
    workspace.prepare()
    state = _shown(workspace, "stack", "export", "--show-secrets", "--stack", workspace.stack)
    redactor = Redactor(known_secrets(workspace, state))
    stream = look(workspace, subject, arguments)
    changes = with_names(stack_changes(workspace.stack, stream.events), variable_names(state))
    if stream.code != 0 and not changes.errors:
        changes = dataclasses.replace(changes, errors=(stream.words or "the preview failed without a word",))
    settings = setting_changes(workspace.project, workspace.stack_file, base) if base is not None else ()
    return redacted(Recording(changes, settings), redactor)


def known_secrets(workspace: Workspace, state: Mapping[str, Any] | None = None) -> KnownSecrets:
    """Return the secret values of a stack's state and configuration; they never leave this process."""
    shown = (
        state
        if state is not None
        else _shown(workspace, "stack", "export", "--show-secrets", "--stack", workspace.stack)
    )
    configuration = _shown(
        workspace,
        "config",
        "--show-secrets",
        "--json",
        "--stack",
        workspace.stack,
        "--config-file",
        str(workspace.configuration_file),
    )
    written: Mapping[str, Any] = yaml.safe_load(workspace.configuration_file.read_text(encoding="utf-8")) or {}
    stored: Mapping[str, Any] = written.get("config") or {}
    return KnownSecrets.of(shown, more=_secret_settings(configuration, stored))


def redacted(recording: Recording, redactor: Redactor) -> Recording:
    """Return a recording without secrets, and without what no report needs."""
    changes = recording.changes
    return Recording(
        changes=dataclasses.replace(
            changes,
            changes=tuple(_redacted(change, redactor) for change in changes.changes),
            unchanged=tuple(_bare(change) for change in changes.unchanged),
            errors=tuple(redactor.text(text) for text in changes.errors),
            warnings=tuple(redactor.text(text) for text in changes.warnings),
            violations=tuple(
                dataclasses.replace(rule, message=redactor.text(rule.message)) for rule in changes.violations
            ),
            settings=redactor.value(dict(changes.settings)),
        ),
        settings=tuple(redactor.text(text) for text in recording.settings),
    )


def save(recording: Recording, file: Path) -> None:
    """Write a recording; the same one is the same file, byte for byte."""
    document = {"version": VERSION, **dataclasses.asdict(recording)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def load(file: Path) -> Recording:
    """Read a recording; raises PulumiError with the fix when it is none."""
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        if document.pop("version") != VERSION:
            raise PulumiError(
                f"{file.name} is a recording of another version of this program: preview the stack again."
            )
        values: dict[str, Any] = document["changes"]
        fields: dict[str, Any] = {
            **{key: tuple(item) if is_list(item) else item for key, item in values.items()},
            "changes": tuple(_change(item) for item in values["changes"]),
            "unchanged": tuple(_change(item) for item in values["unchanged"]),
            "violations": tuple(Violation(**item) for item in values["violations"]),
        }
        return Recording(changes=StackChanges(**fields), settings=tuple(document["settings"]))
    except FileNotFoundError:
        raise PulumiError(f"{file.name} does not exist: preview the stack first (`gostack record`).") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PulumiError(f"{file.name} is no recording of a preview ({error}): preview the stack again.") from None


def _redacted(change: Change, redactor: Redactor) -> Change:
    return dataclasses.replace(
        change,
        differences=tuple(
            dataclasses.replace(
                item, path=redactor.text(item.path), old=redactor.value(item.old), new=redactor.value(item.new)
            )
            for item in change.differences
        ),
        old=_state(change.old, redactor),
        new=_state(change.new, redactor),
    )


def _state(state: State | None, redactor: Redactor) -> State | None:
    if state is None:
        return None
    # Programs and health checks are long, and no report looks at them.
    inputs = {key: value for key, value in state.inputs.items() if key not in ("command", "healthcheck")}
    return dataclasses.replace(state, inputs=redactor.value(inputs))


def _bare(change: Change) -> Change:
    """An unchanged resource is only counted and placed."""
    return dataclasses.replace(change, old=None, new=State(inputs={"labels": labels_of(change.inputs)}))


def _change(values: dict[str, Any]) -> Change:
    fields: dict[str, Any] = {
        **values,
        "keys": tuple(values["keys"]),
        "differences": tuple(Difference(**item) for item in values["differences"]),
        "old": State(**values["old"]) if values["old"] else None,
        "new": State(**values["new"]) if values["new"] else None,
    }
    return Change(**fields)


def _shown(workspace: Workspace, *arguments: str) -> Mapping[str, Any]:
    return mapping(json.loads(workspace.capture(*arguments) or "{}"))


def _secret_settings(shown: Mapping[str, Any], written: Mapping[str, Any]) -> list[str]:
    """Values of the settings that the stack file holds encrypted."""
    found: list[str] = []

    def collect(plain: Any, stored: Any) -> None:
        if is_mapping(stored) and set(stored) == {"secure"}:
            found.extend(_texts(plain))
        elif is_mapping(stored) and is_mapping(plain):
            for key, item in stored.items():
                collect(plain.get(str(key)), item)
        elif is_list(stored) and is_list(plain):
            for one, item in zip(plain, stored, strict=False):
                collect(one, item)

    for key, entry in shown.items():
        if not is_mapping(entry):
            continue
        plain = entry.get("objectValue", entry.get("value"))
        if key in written:
            collect(plain, written[key])
        elif entry.get("secret"):
            found.extend(_texts(plain))
    return found


def _texts(value: Any) -> list[str]:
    if is_mapping(value):
        return [text for item in value.values() for text in _texts(item)]
    if is_list(value):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []
