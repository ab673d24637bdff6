"""Every resource in a cloud or a cluster says where it is made: never what lies around on the machine."""

from __future__ import annotations

import re

from policy.regions import region_of, region_of_provider
from policy.resource import Graph, Resource
from policy.rule import Finding, Findings, resource_rule, stack_rule

_AWS_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
_WORLDWIDE = ("aws:route53/", "aws:iam/", "aws:budgets/", "aws:cloudfront/", "aws:organizations/")
"""Services of AWS that have no region."""

_EXPLICIT = frozenset({"aws", "kubernetes", "awsx", "eks"})


@resource_rule("explicit-provider")
def explicit_provider(resource: Resource) -> Findings:
    """Every resource on AWS or Kubernetes has an explicit provider: the ambient account or context may be another."""
    if not resource.custom or resource.package not in _EXPLICIT:
        return
    if not resource.provider or resource.has_default_provider:
        yield Finding(
            resource,
            "provider",
            "is the default one, which takes the account, region or context of whoever runs Pulumi",
            "pass ResourceOptions(provider=…) to its component",
        )


@stack_rule("provider-region")
def provider_region(graph: Graph) -> Findings:
    """A resource is made in the region of its component, unless its service has none."""
    for resource in graph:
        if not resource.custom or resource.package not in _EXPLICIT or resource.type.startswith(_WORLDWIDE):
            continue
        # The figures of health checks are in one region alone.
        if resource.at("namespace") == "AWS/Route53":
            continue
        meant, given = region_of(graph, resource), _region_given(graph, resource)
        if meant is not None and given is not None and meant != given:
            yield Finding(
                resource,
                "provider",
                f"is the one of {given}, and the resource belongs to {meant}",
                "pass the other one",
            )


def _region_given(graph: Graph, resource: Resource) -> str | None:
    """The region in which a resource will be made; it may say another one than its provider."""
    if resource.package == "aws" and _AWS_REGION.match(str(resource.at("region", ""))):
        return str(resource.at("region"))
    provider = graph.provider_of(resource)
    return region_of_provider(provider, graph) if provider is not None else None


@resource_rule("pinned-provider")
def pinned_provider(resource: Resource) -> Findings:
    """A provider names its region, or its kubeconfig and context: nothing is taken from the environment."""
    if resource.type == "pulumi:providers:aws" and not resource.is_default_provider and not resource.at("region"):
        yield Finding(resource, "region", "is missing: it is taken from the environment", "set it")
    if resource.type == "pulumi:providers:kubernetes" and not resource.at("kubeconfig"):
        yield Finding(resource, "kubeconfig", "is missing: the ambient one is taken", "set it")
