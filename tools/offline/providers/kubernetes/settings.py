"""The configuration of the provider: what a `pulumi_kubernetes.Provider` may say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tools.offline.providers.plugin.provider import Failure
from tools.offline.providers.plugin.values import (
    UNKNOWN,
    Properties,
    plain,
)

# Known to the official provider and without a meaning here.
_IGNORED = frozenset(
    {
        "alwaysRender",
        "helmReleaseSettings",
        "kubeClientSettings",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "version",
    }
)
_KNOWN = frozenset(
    {
        "cluster",
        "clusterIdentifier",
        "context",
        "deleteUnreachable",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "kubeconfig",
        "namespace",
        "upsertExistingObjects",
    }
)
# Nobody in this project has a use for them; silence would promise what does not happen.
_UNSUPPORTED = frozenset({"renderYamlToDirectory", "skipUpdateUnreachable"})


@dataclass(frozen=True)
class ProviderSettings:
    """The configuration, read."""

    kubeconfig: str | None = None
    """Contents or path."""
    context: str | None = None
    cluster: str | None = None
    """Instead of the cluster of the context."""
    cluster_identifier: str | None = None
    """Whether it is another cluster is judged by this alone."""
    namespace: str = ""
    """For namespaced objects that name none."""
    mutable: frozenset[str] = frozenset()
    """The kinds whose data may change in place."""
    upsert: bool = False
    """What exists already is taken over; otherwise it is an error to create it."""
    force: bool = False
    """Conflicts with other field managers are won."""
    delete_unreachable: bool = False
    """What is on a cluster that does not answer is given up."""
    known: bool = True
    """Whether everything that leads to the cluster is known; in a preview the cluster may not exist yet."""


def read(config: Properties) -> ProviderSettings:
    """The configuration of a checked one."""
    values = plain(config)
    mutable = {"enableConfigMapMutable": "ConfigMap", "enableSecretMutable": "Secret"}
    return ProviderSettings(
        kubeconfig=_text(values.get("kubeconfig")),
        context=_text(values.get("context")),
        cluster=_text(values.get("cluster")),
        cluster_identifier=_text(values.get("clusterIdentifier")),
        namespace=_text(values.get("namespace")) or "",
        upsert=_flag(values, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        force=_flag(values, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        delete_unreachable=_flag(values, "deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        mutable=frozenset(kind for key, kind in mutable.items() if _is_true(values.get(key))),
        known=all(values.get(key) is not UNKNOWN for key in ("kubeconfig", "context", "cluster")),
    )


def refused(config: Properties) -> list[Failure]:
    """What of the configuration cannot be meant, or cannot be done here."""
    failures: list[Failure] = []
    for key, value in plain(config).items():
        if key == "enableServerSideApply" and not (value is UNKNOWN or _is_true(value)):
            failures.append(
                Failure(key, "this stand-in applies on the server side only: leave enableServerSideApply out")
            )
        elif key in _UNSUPPORTED and value not in (None, "", False, "false"):
            failures.append(Failure(key, f"{key} needs the official Kubernetes plugin: this stand-in does not have it"))
        elif key not in _KNOWN | _IGNORED | _UNSUPPORTED:
            failures.append(Failure(key, f"the kubernetes provider has no setting {key!r}"))
    return failures


def _flag(values: Properties, key: str, variable: str) -> bool:
    return _is_true(values.get(key) if values.get(key) is not None else os.environ.get(variable))


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
