"""Who owns it, which stack and service it is of, who pays for it: on everything, or nobody can clean up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.kubernetes import pod_path
from policy.resource import Resource, listing, mapping
from policy.rule import Context, Environment, Finding, Findings, context_rule, resource_rule
from policy.taggable import takes_tags

AWS_TAGS = ("owner", "stack", "service", "cost-centre")
LABELS = ("gostack.project", "gostack.stack")
WORKLOAD_LABELS = (*LABELS, "app.kubernetes.io/name")
_DOCKER_OBJECTS = frozenset({"Container", "Network", "Volume"})


@context_rule("tags")
def tags(resource: Resource, context: Context) -> Findings:
    """Everything on AWS that takes tags has owner, stack, service and cost centre, of its own or from its provider."""
    if resource.package != "aws" or not resource.custom or not takes_tags(resource.type):
        return
    provider = context.graph.provider_of(resource)
    common = mapping(mapping(provider.at("defaultTags") if provider is not None else None).get("tags"))
    given = {**{key.lower(): value for key, value in common.items()}, **_lower(resource.at("tags"))}
    missing = [key for key in AWS_TAGS if not given.get(key)]
    if missing:
        yield Finding(resource, "tags", f"lack {', '.join(missing)}", "pass the component's tags")
    elif given["stack"] != resource.stack and isinstance(given["stack"], str) and not given["stack"].startswith("["):
        yield Finding(resource, "tags.stack", f'is "{given["stack"]}" in the stack "{resource.stack}"', "correct it")


@resource_rule("labels")
def labels(resource: Resource) -> Findings:
    """Everything on Docker and Kubernetes carries the labels by which people and tools find it."""
    if resource.package == "docker" and resource.kind in _DOCKER_OBJECTS:
        given = {mapping(item).get("label"): mapping(item).get("value") for item in listing(resource.at("labels"))}
        missing = [key for key in LABELS if not given.get(key)]
    elif resource.package == "kubernetes" and resource.at("metadata") is not None and resource.kind != "Namespace":
        given = mapping(resource.at("metadata.labels"))
        wanted = WORKLOAD_LABELS if pod_path(resource) is not None else LABELS
        missing = [key for key in wanted if not given.get(key)]
    else:
        return
    if missing:
        path = "labels" if resource.package == "docker" else "metadata.labels"
        yield Finding(resource, path, f"lack {', '.join(missing)}", "pass the component's labels")


@resource_rule("cost-is-known", environments=frozenset({Environment.PROD}))
def cost_is_known(resource: Resource) -> Findings:
    """Each provider of AWS tags what it makes with its stack, so that the bill can be split."""
    if resource.type != "pulumi:providers:aws" or resource.is_default_provider:
        return
    given = _lower(mapping(resource.at("defaultTags")).get("tags"))
    if not given.get("stack"):
        yield Finding(resource, "defaultTags.tags", "lack stack", "set default tags")


def _lower(value: Any) -> Mapping[str, Any]:
    return {key.lower(): item for key, item in mapping(value).items()}
