"""A kubeconfig file, read for one context that is named: the current context of the file or the shell never counts."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings.errors import SettingsError

_FILES = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}


def chosen_context(file: Path, context: str) -> str:
    """Return a kubeconfig with `context` alone as YAML text (it holds credentials), certificates inside.

    Raises SettingsError with one sentence when the file is missing, unreadable or has no such context.
    """
    file = file.expanduser()
    document = _document(file)
    chosen = _named(document, "contexts", context)
    if chosen is None:
        known = ", ".join(sorted(_names(document, "contexts"))) or "none"
        raise SettingsError(
            f'gostack:kubernetes.context is "{context}", which {file} does not have: use one of its contexts ({known}).'
        )
    cluster = _named(document, "clusters", str(chosen.get("cluster")))
    user = _named(document, "users", str(chosen.get("user")))
    if cluster is None or user is None:
        missing = "cluster" if cluster is None else "user"
        raise SettingsError(
            f'gostack:kubernetes.context: the context "{context}" of {file} names the {missing} '
            f'"{chosen.get(missing)}", which the file does not have: write the kubeconfig anew.'
        )
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": chosen}],
            "clusters": [{"name": chosen["cluster"], "cluster": _inlined(cluster, file)}],
            "users": [{"name": chosen["user"], "user": _inlined(user, file)}],
        },
        sort_keys=True,
    )


def _document(file: Path) -> dict[str, Any]:
    try:
        document: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"gostack:kubernetes.kubeconfig is {file}, which does not exist: run `make cluster`, or write the path of "
            "your cluster's kubeconfig."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            f"gostack:kubernetes.kubeconfig is {file}, which cannot be read ({reason}): correct the file or the path."
        ) from None
    if not isinstance(document, dict):
        raise SettingsError(f"gostack:kubernetes.kubeconfig is {file}, which is no kubeconfig: correct the path.")
    return cast("dict[str, Any]", document)


def _entries(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    entries: object = document.get(kind) or []
    return [item for item in cast("list[Any]", entries) if isinstance(item, dict)] if isinstance(entries, list) else []


def _names(document: dict[str, Any], kind: str) -> list[str]:
    return [str(entry.get("name")) for entry in _entries(document, kind)]


def _named(document: dict[str, Any], kind: str, name: str) -> dict[str, Any] | None:
    for entry in _entries(document, kind):
        if entry.get("name") == name:
            return dict(entry.get(kind.removesuffix("s")) or {})
    return None


def _inlined(entry: dict[str, Any], file: Path) -> dict[str, Any]:
    """Certificates and keys in files beside the kubeconfig, as text inside it."""
    result = dict(entry)
    for name, inside in _FILES.items():
        path = result.pop(name, None)
        if path is not None and inside not in result:
            try:
                content = (file.parent / str(path)).read_bytes()
            except OSError as error:
                raise SettingsError(
                    f"gostack:kubernetes.kubeconfig: {file} names the file {path}, which cannot be read "
                    f"({error.strerror}): write the kubeconfig anew."
                ) from None
            result[inside] = base64.b64encode(content).decode()
    return result
