"""The questions of the engine about Kubernetes objects, answered as the official provider does."""

from __future__ import annotations

import copy
import threading
from typing import Any

from tools.offline.providers.kubernetes import checkpoint, settings
from tools.offline.providers.kubernetes.apply import Applier
from tools.offline.providers.kubernetes.cluster import ApiError, Cluster, Manifest, NoSuchKind, Unreachable
from tools.offline.providers.kubernetes.difference import differences, is_below, parse, render
from tools.offline.providers.kubernetes.kubeconfig import KubeconfigError, identity, load
from tools.offline.providers.kubernetes.objects import (
    AUTONAMED,
    DELETION_PROPAGATION,
    SKIP_AWAIT,
    annotation,
    at,
    autoname,
    comparable,
    identifier,
    is_true,
    pruned,
    set_autonamed,
    without_read_only,
)
from tools.offline.providers.kubernetes.pods import crashed, selector
from tools.offline.providers.kubernetes.replacement import replacing_paths
from tools.offline.providers.kubernetes.waiting import NotReady, seconds_for, until_gone, verdict_now
from tools.offline.providers.plugin.provider import (
    Autonaming,
    Change,
    Difference,
    Failure,
    InitializationFailed,
    Log,
    ProviderError,
    Resource,
)
from tools.offline.providers.plugin.values import UNKNOWN, Properties, has_unknown, plain, with_secrets_of

_LAST_LINES = 10
_CRASHES = 2
_CLUSTER_SCOPED_WITHOUT_ASKING = frozenset(
    {"ClusterRole", "ClusterRoleBinding", "Namespace", "Node", "PersistentVolume", "PriorityClass", "StorageClass"}
)


class KubernetesProvider:
    """Applies the objects of a program to the cluster of its configuration."""

    version = "4.34.2"

    def __init__(self) -> None:
        self._over = threading.Event()
        self._settings = settings.ProviderSettings()
        self._cluster: Cluster | None = None
        self._unreachable = "the provider is not configured"
        self._log: Log | None = None

    def check_config(self, news: Properties) -> list[Failure]:
        return settings.refused(news)

    def diff_config(self, olds: Properties, news: Properties) -> Difference:
        old, new = settings.read(olds), settings.read(news)
        changes = {
            key: Change.UPDATE
            for key in sorted({*olds, *news})
            if plain(olds.get(key)) != plain(news.get(key)) and key != "version"
        }
        # Objects do not move: another cluster or namespace means other objects.
        if old.cluster_identifier or new.cluster_identifier:
            if "clusterIdentifier" in changes:
                changes["clusterIdentifier"] = Change.UPDATE_REPLACE
            return Difference(changes)
        if _identity(old) != _identity(new):
            moved = next((key for key in ("kubeconfig", "cluster", "context") if key in changes), "kubeconfig")
            changes[moved] = Change.UPDATE_REPLACE
        if "namespace" in changes:
            changes["namespace"] = Change.UPDATE_REPLACE
        return Difference(changes)

    def configure(self, config: Properties, log: Log) -> None:
        self._settings, self._log = settings.read(config), log
        if not self._settings.known:
            self._unreachable = "the kubeconfig is not known yet"
            return
        try:
            chosen = self._settings
            cluster = Cluster(load(chosen.kubeconfig, chosen.context, chosen.cluster))
            cluster.version()
            self._cluster = cluster
        except (KubeconfigError, Unreachable, ApiError) as error:
            # Told when something is asked of the cluster: a preview goes on without it, as the official one does.
            self._unreachable = str(error)

    def check(
        self, resource: Resource, olds: Properties, news: Properties, seed: bytes, autonaming: Autonaming | None
    ) -> tuple[Properties, list[Failure]]:
        unsupported = _unsupported(resource)
        if unsupported:
            return news, [Failure("", unsupported)]
        manifest = without_read_only(plain(news))
        metadata = manifest.setdefault("metadata", {})
        if metadata is not UNKNOWN:
            if metadata.get("generateName") is not None:
                text = "the `.metadata.generateName` field is not supported in Server-Side Apply mode"
                return news, [Failure("metadata.generateName", text)]
            if metadata.get("name") is None:
                failure = self._name(manifest, resource, plain(olds), seed, autonaming)
                if failure:
                    return news, [failure]
            namespace = self._settings.namespace or (self._cluster.namespace if self._cluster else "")
            if namespace and metadata.get("namespace") is None and self._is_namespaced(manifest):
                metadata["namespace"] = namespace
        return with_secrets_of(manifest, news), []

    def diff(
        self, resource: Resource, old_inputs: Properties, old_outputs: Properties, news: Properties, ignored: list[str]
    ) -> Difference:
        inputs, live = checkpoint.parse(old_outputs)
        inputs, new = comparable(inputs or plain(old_inputs)), comparable(plain(news))
        old = pruned(comparable(live), inputs)
        old.update({key: live[key] for key in ("apiVersion", "kind") if key in live})
        if self._is_namespaced(new):
            for manifest in (old, new):
                metadata = manifest.setdefault("metadata", {})
                metadata["namespace"] = metadata.get("namespace") or "default"
        if at(new, "metadata", "name") is not None:
            old.setdefault("metadata", {})["name"] = at(live, "metadata", "name")

        found = differences(old, new, replacing_paths(new, self._settings.mutable))
        patterns = [parse(pattern) for pattern in ignored]
        changes = {
            render(path): change
            for path, change in found.items()
            if not any(is_below(path, pattern) for pattern in patterns)
        }
        replaces = any(change.replaces for change in changes.values())
        same_place = all(
            at(new, "metadata", key) == (at(live, "metadata", key) or default)
            for key, default in (("name", None), ("namespace", at(new, "metadata", "namespace")))
        )
        # A name that is given can be had only once.
        return Difference(changes, replaces and same_place and not is_true(new, AUTONAMED), of_inputs=False)

    def create(self, resource: Resource, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        manifest = plain(inputs)
        if preview and (has_unknown(manifest) or not self._is_served(manifest)):
            return "", inputs
        cluster = self._reachable()
        manager = checkpoint.field_manager(manifest, resource.urn, None)
        applier = self._applier(cluster, resource, manager)
        try:
            live = applier.create(manifest, preview)
            if preview:
                live.pop("status", None)
                return "", checkpoint.build(inputs, live, manager)
            live = applier.wait(manifest, live, timeout)
        except NotReady as failed:
            raise self._half_done(resource, inputs, failed, manager) from None
        except (ApiError, NoSuchKind, Unreachable) as error:
            if preview and isinstance(error, ApiError) and (error.namespace_missing or error.code == 403):
                # What is made in the same update is not there for a dry run.
                return "", inputs
            text = f'resource "{resource.urn}" was not successfully created by the Kubernetes API server: {error}'
            raise ProviderError(text) from None
        if manifest.get("kind") == "CustomResourceDefinition":
            cluster.forget_kinds()
        return identifier(live), checkpoint.build(inputs, live, manager)

    def read(self, resource: Resource, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        if self._given_up(resource):
            return None
        cluster = self._reachable()
        old_inputs, live = checkpoint.parse(outputs)
        wanted = old_inputs or plain(inputs) or self._from_identifier(resource)
        try:
            found = cluster.get(live if at(live, "metadata", "name") else wanted)
        except (ApiError, Unreachable) as error:
            raise ProviderError(f"{resource.id} cannot be read: {error}") from None
        if found is None:
            return None
        manager = checkpoint.field_manager(wanted, resource.urn, outputs)
        imported = not inputs and not old_inputs
        shape = without_read_only(found) if imported else wanted
        # A Secret's text comes back as data only; it stays what the program said, unless the data has changed.
        now = shape if imported else checkpoint.inputs_of(found, shape)
        now_inputs = with_secrets_of(now, inputs or outputs)
        state = checkpoint.build(now_inputs, found, manager)
        verdict = verdict_now(cluster, found)
        if not (imported or verdict.ready or is_true(wanted, SKIP_AWAIT)):
            name = at(found, "metadata", "name")
            message = f"Resource '{name}' was created but failed to initialize"
            raise InitializationFailed(resource.id, message, verdict.reasons, state, now_inputs)
        return now_inputs, state

    def update(
        self,
        resource: Resource,
        old_outputs: Properties,
        news: Properties,
        timeout: float,
        ignored: list[str],
        preview: bool,
    ) -> Properties:
        manifest = plain(news)
        if preview and (has_unknown(manifest) or not self._is_served(manifest)):
            return news
        cluster = self._reachable()
        _, old_live = checkpoint.parse(old_outputs)
        manager = checkpoint.field_manager(manifest, resource.urn, old_outputs)
        applier = self._applier(cluster, resource, manager)
        try:
            paths = [parse(path) for path in ignored]
            live = applier.update(copy.deepcopy(manifest), old_live, paths, preview)
            if preview:
                return checkpoint.build(news, live, manager)
            live = applier.wait(manifest, live, timeout)
        except NotReady as failed:
            raise self._half_done(resource, news, failed, manager) from None
        except (ApiError, NoSuchKind, Unreachable) as error:
            if preview and isinstance(error, ApiError) and error.code == 403:
                return news
            raise ProviderError(f'update of resource "{resource.urn}" failed: {error}') from None
        return checkpoint.build(news, live, manager)

    def delete(self, resource: Resource, outputs: Properties, timeout: float) -> None:
        if self._given_up(resource):
            return
        cluster = self._reachable()
        inputs, live = checkpoint.parse(outputs)
        manager = str(outputs.get(checkpoint.FIELD_MANAGER))
        propagation = annotation(inputs, DELETION_PROPAGATION) or "Foreground"
        try:
            cluster.delete(live, propagation.capitalize())
            if not is_true(inputs, SKIP_AWAIT):
                until_gone(cluster, live, seconds_for(inputs, timeout), self._over)
        except NotReady as failed:
            raise self._half_done(resource, inputs, failed, manager) from None
        except (ApiError, Unreachable) as error:
            if not (isinstance(error, ApiError) and error.code == 403):
                raise ProviderError(f"{resource.id} cannot be removed: {error}") from None
            # What may not be removed, such as the namespace `default`, is no longer managed instead.
            self._applier(cluster, resource, manager).relinquish(live)
        if live.get("kind") == "CustomResourceDefinition":
            cluster.forget_kinds()

    def invoke(self, token: str, arguments: Properties) -> Properties:
        raise ProviderError(f"{token} needs the official Kubernetes plugin: this stand-in has no functions")

    def cancel(self) -> None:
        self._over.set()

    def _name(
        self, manifest: Manifest, resource: Resource, olds: Manifest, seed: bytes, autonaming: Autonaming | None
    ) -> Failure | None:
        if at(olds, "metadata", "name") and is_true(olds, AUTONAMED):
            set_autonamed(manifest, str(at(olds, "metadata", "name")))
        elif autonaming is None:
            set_autonamed(manifest, autoname(manifest, resource.name, seed))
        elif autonaming.mode == "DISABLE":
            return Failure("metadata.name", "automatic naming is disabled: metadata.name is needed")
        else:
            set_autonamed(manifest, autonaming.proposed)
        return None

    def _given_up(self, resource: Resource) -> bool:
        if self._cluster is not None or not self._settings.delete_unreachable:
            return False
        if self._log is not None:
            self._log.warning(resource.urn, f"given up, its cluster being unreachable: {self._unreachable}")
        return True

    def _reachable(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._cluster

    def _is_served(self, manifest: Manifest) -> bool:
        if self._cluster is None:
            return False
        try:
            self._cluster.served(str(manifest.get("apiVersion")), str(manifest.get("kind")))
        except NoSuchKind:
            return False
        except (ApiError, Unreachable) as error:
            raise ProviderError(str(error)) from None
        return True

    def _is_namespaced(self, manifest: Manifest) -> bool:
        kind = str(manifest.get("kind"))
        if self._cluster is None:
            return kind not in _CLUSTER_SCOPED_WITHOUT_ASKING
        try:
            return self._cluster.served(str(manifest.get("apiVersion")), kind).namespaced
        except (NoSuchKind, ApiError, Unreachable):
            return kind not in _CLUSTER_SCOPED_WITHOUT_ASKING

    def _applier(self, cluster: Cluster, resource: Resource, manager: str) -> Applier:
        def warn(text: str) -> None:
            if self._log is not None:
                self._log.warning(resource.urn, text)

        def tell(text: str) -> None:
            if self._log is not None:
                self._log.status(resource.urn, text)

        return Applier(cluster, manager, self._over, self._settings.force, self._settings.upsert, warn, tell)

    def _half_done(
        self, resource: Resource, inputs: Properties, failed: NotReady, manager: str
    ) -> InitializationFailed:
        name = identifier(failed.live)
        self._tell_last_words(resource, failed.live)
        message = (
            f'the Kubernetes API server reported that "{name}" failed to fully initialize or become live: {failed}'
            if resource.id
            else f'resource "{resource.urn}" was successfully created, but the Kubernetes API server reported that it '
            f"failed to fully initialize or become live: {failed}"
        )
        return InitializationFailed(name, message, failed.reasons, checkpoint.build(inputs, failed.live, manager))

    def _tell_last_words(self, resource: Resource, live: Manifest) -> None:
        """What the programs of its pods printed before they ended: among the diagnostics, never in the state."""
        cluster, chosen = self._cluster, selector(live)
        if cluster is None or self._log is None or not chosen:
            return
        namespace = cluster.namespace_of(live)
        try:
            found = cluster.list("v1", "Pod", namespace, chosen)
        except (ApiError, Unreachable):
            return
        for pod, container in crashed(found)[:_CRASHES]:
            words = cluster.log(namespace, pod, container, _LAST_LINES)
            text = "\n".join(f"    {line}" for line in words or ["(it said nothing)"])
            self._log.warning(resource.urn, f"the last lines of {container} in {pod}:\n{text}")

    def _from_identifier(self, resource: Resource) -> Manifest:
        """The object that an import or a `.get` names by its type and its identifier alone."""
        namespace, _, name = resource.id.rpartition("/")
        _, module, kind = resource.type.split(":")
        api_version = module.removeprefix("core/")
        metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _identity(chosen: settings.ProviderSettings) -> str:
    if not chosen.known:
        return "unknown"
    try:
        return identity(chosen.kubeconfig, chosen.context, chosen.cluster)
    except KubeconfigError:
        return f"{chosen.kubeconfig} {chosen.context}"


def _unsupported(resource: Resource) -> str | None:
    _, module, kind = resource.type.split(":")
    if module.startswith(("helm.sh/", "kustomize/", "yaml/")):
        return f"{resource.type} needs the official Kubernetes plugin: this stand-in applies plain objects"
    if kind.endswith("Patch"):
        return f"{resource.type} needs the official Kubernetes plugin: this stand-in has no Patch resources"
    if kind.endswith("List"):
        return "list resources cannot be created directly: use the underlying resource type instead"
    return None
