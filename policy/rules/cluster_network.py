"""In a cluster a pod reaches and is reached by what is named, and nothing else."""

from __future__ import annotations

from policy.kubernetes import SERVING, labels_match, namespace_of, pod_labels
from policy.resource import Graph, Marker, Resource, listing, mapping
from policy.rule import SHARED, Finding, Findings, resource_rule, stack_rule


@stack_rule("default-deny", environments=SHARED)
def default_deny(graph: Graph) -> Findings:
    """A namespace with pods has a NetworkPolicy that selects all of them and allows nothing, in and out."""
    policies = graph.of_kind("kubernetes", "NetworkPolicy")
    seen: set[tuple[str, str]] = set()
    for workload in graph.of_kind("kubernetes", *sorted(SERVING)):
        where = (workload.provider, namespace_of(workload))
        if where in seen:
            continue
        seen.add(where)
        denied = {
            direction
            for policy in policies
            if (policy.provider, namespace_of(policy)) == where and _selects_all(policy)
            for direction in _denied(policy)
        }
        for direction in sorted({"Ingress", "Egress"} - denied):
            yield Finding(
                workload,
                "metadata.namespace",
                f"has no NetworkPolicy that denies {direction.lower()} by default",
                f"add one with an empty podSelector and policyTypes [{direction}]",
            )


@stack_rule("reachable-by-policy", environments=SHARED)
def reachable_by_policy(graph: Graph) -> Findings:
    """What a Service offers is allowed by a NetworkPolicy: with default deny it would answer nobody."""
    policies = graph.of_kind("kubernetes", "NetworkPolicy")
    for service in graph.of_kind("kubernetes", "Service"):
        selector = mapping(service.at("spec.selector"))
        if not selector:
            continue
        where = (service.provider, namespace_of(service))
        for workload in graph.of_kind("kubernetes", *sorted(SERVING)):
            if (workload.provider, namespace_of(workload)) != where:
                continue
            labels = pod_labels(workload)
            if not labels_match({"matchLabels": selector}, labels):
                continue
            if not any(
                _allows(policy, labels) for policy in policies if (policy.provider, namespace_of(policy)) == where
            ):
                yield Finding(
                    service,
                    "spec.selector",
                    f"selects {workload.name}, which no NetworkPolicy lets anybody reach",
                    "add a NetworkPolicy with an ingress rule for it",
                )


@resource_rule("policy-names-peers")
def policy_names_peers(resource: Resource) -> Findings:
    """A NetworkPolicy lets in who is named: a rule without `from` lets in everybody."""
    if resource.package != "kubernetes" or resource.kind != "NetworkPolicy":
        return
    for index, rule in enumerate(listing(resource.at("spec.ingress"))):
        if not mapping(rule):
            yield Finding(
                resource, f"spec.ingress.{index}", "is empty: it lets everybody in", "name `from` and `ports`"
            )
    for index, rule in enumerate(listing(resource.at("spec.egress"))):
        if not mapping(rule):
            yield Finding(resource, f"spec.egress.{index}", "is empty: it lets everything out", "name `to` and `ports`")


def _selects_all(policy: Resource) -> bool:
    selector = policy.at("spec.podSelector")
    if isinstance(selector, Marker):
        return False
    return not mapping(mapping(selector).get("matchLabels")) and not listing(mapping(selector).get("matchExpressions"))


def _denied(policy: Resource) -> set[str]:
    """The directions that a policy which selects everything closes."""
    types = {str(item) for item in listing(policy.at("spec.policyTypes"))}
    return {item for item in types if not listing(policy.at(f"spec.{item.lower()}"))}


def _allows(policy: Resource, labels: object) -> bool:
    selector = policy.at("spec.podSelector")
    if isinstance(selector, Marker):
        return True
    return bool(listing(policy.at("spec.ingress"))) and labels_match(selector, labels)
