"""The configuration of the provider: what a `pulumi_kubernetes.Provider` may say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doubles.plugin.provider import Failure
from tests.doubles.plugin.values import UNKNOWN, Properties, plain

# Known to the official provider and without a meaning here.
_IGNORED = frozenset(
    {
        "cluster",
        "clusterIdentifier",
        "deleteUnreachable",
        "helmReleaseSettings",
        "kubeClientSettings",
        "skipUpdateUnreachable",
        "strictMode",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "upsertExistingObjects",
        "version",
    }
)
_KNOWN = frozenset(
    {"context", "enableConfigMapMutable", "enableSecretMutable", "enableServerSideApply", "kubeconfig", "namespace"}
)


@dataclass(frozen=True)
class ProviderSettings:
    """The configuration, read."""

    kubeconfig: str | None = None
    """Contents or path."""
    context: str | None = None
    namespace: str = ""
    """For namespaced objects that name none."""
    mutable: frozenset[str] = frozenset()
    """The kinds whose data may change in place."""
    known: bool = True
    """Whether everything that leads to the cluster is known; in a preview the cluster may not exist yet."""


def read(config: Properties) -> ProviderSettings:
    """The configuration of a checked one."""
    values = plain(config)
    mutable = {"enableConfigMapMutable": "ConfigMap", "enableSecretMutable": "Secret"}
    return ProviderSettings(
        kubeconfig=_text(values.get("kubeconfig")),
        context=_text(values.get("context")),
        namespace=_text(values.get("namespace")) or "",
        mutable=frozenset(kind for key, kind in mutable.items() if _is_true(values.get(key))),
        known=UNKNOWN not in (values.get("kubeconfig"), values.get("context")),
    )


def refused(config: Properties) -> list[Failure]:
    """What of the configuration cannot be meant, or cannot be done here."""
    failures: list[Failure] = []
    for key, value in plain(config).items():
        if key == "enableServerSideApply" and not (value is UNKNOWN or _is_true(value)):
            failures.append(
                Failure(key, "this stand-in applies on the server side only: leave enableServerSideApply out")
            )
        elif key == "renderYamlToDirectory" and value:
            failures.append(Failure(key, "this stand-in renders no YAML: it needs the official plugin"))
        elif key not in _KNOWN | _IGNORED | {"renderYamlToDirectory"}:
            failures.append(Failure(key, f"the kubernetes provider has no setting {key!r}"))
    return failures


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
