"""What a preview means, kept in a file without a value in it: previewed once, reported and judged at will."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from tools.gostack.documents import is_list, is_mapping, mapping
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import stack_changes
from tools.gostack.report.engine import Subject, look
from tools.gostack.report.redaction import KnownSecrets, Redactor
from tools.gostack.report.setting_changes import setting_changes
from tools.gostack.report.variable_names import variable_names, with_names

VERSION = 2
"""Raised when a file of an older version cannot be read any more."""

_IDENTITIES = frozenset({"urn", "type", "name", "parent", "stack", "kind", "region", "operation", "risk", "affects"})
"""What names a resource and is looked for by others."""

_FORM: TypeAdapter[Assessment] = TypeAdapter(Assessment)


def record(
    workspace: Workspace, *, subject: Subject = "update", base: str | None = None, arguments: Sequence[str] = ()
) -> Assessment:
    """Preview a stack. `base` is the version of the repository that its settings are compared with.

    An engine that refuses the change is a recording too: its errors say why. Raises PulumiError when there is no
    preview at all, for example without the state's passphrase.
    """
    workspace.prepare()
    state = _shown(workspace, "stack", "export", "--show-secrets")
    redactor = Redactor(known_secrets(workspace, state))
    stream = look(workspace, subject, arguments)
    changes = with_names(stack_changes(workspace.stack, stream.events), variable_names(state))
    if stream.code != 0 and not changes.errors:
        changes = dataclasses.replace(changes, errors=(stream.words or "the preview failed without a word",))
    settings = setting_changes(workspace.project, workspace.stack_file, base) if base is not None else ()
    return redacted(Assessment.of(changes, settings), redactor)


def known_secrets(workspace: Workspace, state: Mapping[str, Any] | None = None) -> KnownSecrets:
    """Return the secret values of a stack's state and configuration; they never leave this process."""
    shown = state if state is not None else _shown(workspace, "stack", "export", "--show-secrets")
    file = workspace.configuration_file
    configuration = _shown(workspace, "config", "--show-secrets", "--json", "--config-file", str(file))
    stored: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return KnownSecrets.of(shown, more=_secret_settings(configuration, mapping(stored.get("config"))))


def redacted(recording: Assessment, redactor: Redactor) -> Assessment:
    """Return a recording with secrets hidden in its texts: the engine's, those of rules, keys in property paths."""

    def hidden(value: Any) -> Any:
        if is_mapping(value):
            return {key: item if key in _IDENTITIES else hidden(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [hidden(item) for item in cast("list[Any]", value)]
        return redactor.text(value) if isinstance(value, str) else value

    return _FORM.validate_python(hidden(_FORM.dump_python(recording)))


def save(recording: Assessment, file: Path) -> None:
    """Write a recording; the same one is the same file, byte for byte."""
    document = {"version": VERSION, **_FORM.dump_python(recording, mode="json")}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def load(file: Path) -> Assessment:
    """Read a recording; raises PulumiError with the fix when it is none."""
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        if document.pop("version") != VERSION:
            raise PulumiError(
                f"{file.name} is a recording of another version of this program: preview the stack again."
            )
        return _FORM.validate_python(document)
    except FileNotFoundError:
        raise PulumiError(f"{file.name} does not exist: preview the stack first (`gostack record`).") from None
    except ValidationError as error:
        raise PulumiError(
            f"{file.name} is no recording of a preview ({error.errors()[0]['msg']}): preview the stack again."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PulumiError(f"{file.name} is no recording of a preview ({error}): preview the stack again.") from None


def _shown(workspace: Workspace, *arguments: str) -> Mapping[str, Any]:
    return mapping(json.loads(workspace.capture(*arguments, "--stack", workspace.stack) or "{}"))


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
