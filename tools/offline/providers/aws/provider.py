"""The questions of the engine about AWS resources, answered without an account."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import Any

from tools.offline.providers.aws import faults, functions, journal, local_database, rules
from tools.offline.providers.aws.difference import differences, replacing_paths
from tools.offline.providers.aws.identities import name_property
from tools.offline.providers.aws.outputs import Place, computed, in_preview, salt_of
from tools.offline.providers.aws.sdk import ResourceType, find, properties_of
from tools.offline.providers.aws.validation import failures
from tools.offline.providers.plugin.provider import (
    Autonaming,
    Change,
    Difference,
    Failure,
    Log,
    ProviderError,
    Resource,
)
from tools.offline.providers.plugin.values import UNKNOWN, Properties, plain, with_secrets_of

ACCOUNT_VARIABLE = "GOSTACK_AWS_ACCOUNT"
_ACCOUNT = "123456789012"
_DEFAULTS = "__defaults"
_RANDOM_DIGITS = 7


class AwsProvider:
    """Says what AWS would, for one region."""

    version = "7.51.1"

    def __init__(self) -> None:
        self._over = threading.Event()
        self._place = Place("", os.environ.get(ACCOUNT_VARIABLE) or _ACCOUNT, {})
        self._log: Log | None = None

    def check_config(self, news: Properties) -> list[Failure]:
        import pulumi_aws

        values = {name: _from_json(value) for name, value in plain(news).items() if name != "version"}
        found = failures("provider", properties_of(pulumi_aws.ProviderArgs), values)
        region = values.get("region")
        if region is None:
            reason = "unable to find AWS region: set the provider's region, or the stack's aws:region"
            found.append(Failure("region", reason))
        elif region is not UNKNOWN and region not in rules.REGIONS:
            found.append(Failure("region", f"invalid AWS Region: {region}"))
        allowed, account = values.get("allowedAccountIds"), self._place.account
        if isinstance(allowed, list) and allowed and account not in allowed and UNKNOWN not in allowed:
            found.append(Failure("allowedAccountIds", f"AWS account ID not allowed: {account}"))
        if account in (values.get("forbiddenAccountIds") or []):
            found.append(Failure("forbiddenAccountIds", f"AWS account ID not allowed: {account}"))
        return found

    def diff_config(self, olds: Properties, news: Properties) -> Difference:
        names = sorted({*olds, *news} - {"version"})
        changes = {name: Change.UPDATE for name in names if plain(olds.get(name)) != plain(news.get(name))}
        # What is in one region cannot be moved to another.
        if "region" in changes:
            changes["region"] = Change.UPDATE_REPLACE
        return Difference(changes)

    def configure(self, config: Properties, log: Log) -> None:
        values = {name: _from_json(value) for name, value in plain(config).items()}
        tags = values.get("defaultTags")
        tags = (tags.get("tags") or {}) if isinstance(tags, dict) else {}
        region = values.get("region")
        self._place = Place(region if isinstance(region, str) else "", self._place.account, tags)
        self._log = log

    def check(
        self, resource: Resource, olds: Properties, news: Properties, seed: bytes, autonaming: Autonaming | None
    ) -> tuple[Properties, list[Failure]]:
        kind = find(resource.type)
        if kind is None:
            text = f"{resource.type} is unknown to the installed pulumi_aws {self.version}"
            return news, [Failure("", text)]
        values = plain(news)
        found = failures(resource.name, kind.inputs, values)
        region = values.get("region")
        if isinstance(region, str) and region not in rules.REGIONS:
            found.append(Failure("region", f'invalid AWS Region: "{region}"'))
        inputs = self._named(kind, resource, olds, news, seed, autonaming)
        return inputs, found

    def diff(
        self, resource: Resource, old_inputs: Properties, old_outputs: Properties, news: Properties, ignored: list[str]
    ) -> Difference:
        kind = self._kind(resource)
        old, new = plain(old_inputs), plain(news)
        changes = differences(kind, old, new)
        was, now = plain(old_outputs).get("region"), new.get("region") or self._place.region
        if was and now is not UNKNOWN and was != now and "region" not in changes:
            changes["region"] = Change.UPDATE_REPLACE
        tags = {**self._place.tags, **_known_map(new.get("tags"))}
        if "tagsAll" in kind.outputs and plain(old_outputs).get("tagsAll", tags) != tags and "tags" not in changes:
            changes.setdefault("tagsAll", Change.UPDATE)
        changes = {path: change for path, change in changes.items() if not _is_ignored(path, ignored)}
        replaces = any(change.replaces for change in changes.values())
        name = name_property(resource.type)
        given = name in kind.inputs and name not in (new.get(_DEFAULTS) or []) and new.get(str(name)) is not None
        # A name that is given can be had only once.
        return Difference(changes, delete_first=replaces and given and old.get(str(name)) == new.get(str(name)))

    def create(self, resource: Resource, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        kind, region = self._kind(resource), self._region(inputs)
        refused = rules.refused_in_region(region, plain(inputs))
        if refused:
            raise ProviderError(f"creating {resource.type} ({resource.name}): {refused}")
        if preview:
            return "", in_preview(kind, _told(inputs), self._place)
        with journal.entered("create", resource, region) as entry:
            self._strike("create", resource)
            salt = salt_of(inputs, replacing_paths(kind))
            entry.id, outputs = computed(kind, resource.urn, _told(inputs), self._in(region), salt)
            outputs |= local_database.endpoints(resource.type, entry.id, plain(inputs))
        return entry.id, with_secrets_of(outputs, inputs)

    def read(self, resource: Resource, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        if not outputs:
            text = f"{resource.type} {resource.id} cannot be read: a rehearsal has only what was made in it"
            raise ProviderError(text)
        return inputs, outputs

    def update(
        self,
        resource: Resource,
        old_outputs: Properties,
        news: Properties,
        timeout: float,
        ignored: list[str],
        preview: bool,
    ) -> Properties:
        kind, region = self._kind(resource), self._region(news)
        refused = rules.refused_in_region(region, plain(news))
        if refused:
            raise ProviderError(f"updating {resource.type} ({resource.id}): {refused}")
        if not preview:
            with journal.entered("update", resource, region):
                self._strike("update", resource)
        return self._updated(kind, resource, old_outputs, news, preview)

    def delete(self, resource: Resource, outputs: Properties, timeout: float) -> None:
        refused = rules.refused_deletion(resource.type, plain(outputs))
        if refused:
            raise ProviderError(f"deleting {resource.type} ({resource.id}): {refused}")
        with journal.entered("delete", resource, str(plain(outputs).get("region") or self._place.region)):
            self._strike("delete", resource)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        return functions.call(token, plain(arguments), self._place)

    def cancel(self) -> None:
        self._over.set()

    def _named(
        self,
        kind: ResourceType,
        resource: Resource,
        olds: Properties,
        news: Properties,
        seed: bytes,
        autonaming: Autonaming | None,
    ) -> Properties:
        """The inputs with a name of their own, when the program says none."""
        name = name_property(resource.type)
        if name is None or name not in kind.inputs or kind.inputs[name].required:
            return news
        if news.get(name) is not None or news.get(f"{name}Prefix") is not None:
            return news
        old = plain(olds)
        if name in (old.get(_DEFAULTS) or []) and old.get(name):
            chosen = old[name]
        elif autonaming is not None and autonaming.mode != "DISABLE":
            chosen = autonaming.proposed
        else:
            chosen = f"{resource.name}-{hashlib.sha256(seed + resource.urn.encode()).hexdigest()[:_RANDOM_DIGITS]}"
        return {**news, name: str(chosen).lower() if resource.type in _LOWER_CASE else chosen, _DEFAULTS: [name]}

    def _updated(
        self, kind: ResourceType, resource: Resource, old_outputs: Properties, news: Properties, preview: bool
    ) -> Properties:
        told, old = _told(news), dict(old_outputs)
        fresh = computed(kind, resource.urn, told, self._in(self._region(news)), "")[1] if not preview else {}
        result: Properties = {}
        for name, found in kind.outputs.items():
            if name in told:
                result[name] = told[name]
            elif name in old and (name not in kind.inputs or found.required):
                result[name] = old[name]
            elif name in fresh:
                result[name] = fresh[name]
        if "tagsAll" in kind.outputs:
            result["tagsAll"] = {**self._place.tags, **_known_map(plain(told).get("tags"))}
        for name in told.keys() & old.keys():
            # AWS' own additions to an object that the program has begun.
            if (
                isinstance(told[name], dict)
                and isinstance(plain(old[name]), dict)
                and kind.outputs[name].kind.name == "object"
            ):
                result[name] = {**plain(old[name]), **told[name]}
        return with_secrets_of(result, news)

    def _kind(self, resource: Resource) -> ResourceType:
        kind = find(resource.type)
        if kind is None:
            raise ProviderError(f"{resource.type} is unknown to the installed pulumi_aws {self.version}")
        return kind

    def _region(self, inputs: Properties) -> str:
        region = plain(inputs).get("region")
        return region if isinstance(region, str) else self._place.region

    def _in(self, region: str) -> Place:
        return Place(region, self._place.account, self._place.tags)

    def _strike(self, operation: str, resource: Resource) -> None:
        def tell(text: str) -> None:
            if self._log is not None:
                self._log.status(resource.urn, text)

        faults.strike(operation, resource, self._over, tell)


_LOWER_CASE = frozenset({"aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance", "aws:s3/bucket:Bucket"})


def _told(inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def _known_map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_ignored(path: str, ignored: list[str]) -> bool:
    return any(path == pattern or path.startswith((f"{pattern}.", f"{pattern}[")) for pattern in ignored)


def _from_json(value: Any) -> Any:
    """A setting of a provider: what is no text comes as JSON."""
    if not isinstance(value, str) or (value[:1] not in ("{", "[") and value not in ("true", "false")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
