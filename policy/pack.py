"""The rules as policies of Pulumi's engine (https://www.pulumi.com/docs/iac/crossguard/)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pulumi_policy

from policy.judge import judge
from policy.readers.engine import provider_urn
from policy.readers.masking import read_inputs
from policy.resource import STACK_TYPE, Graph, Options, Resource
from policy.rule import Level, Rule, Scope, environment_of, packages_of
from policy.rules import RULES
from policy.sdk import inputs

NAME = "gostack"
Report = Callable[..., None]


def policies(rules: Iterable[Rule] = RULES) -> list[pulumi_policy.Policy]:
    """Return a policy for each rule."""
    return [_resource_policy(rule) if rule.scope is Scope.RESOURCE else _stack_policy(rule) for rule in rules]


def _resource_policy(rule: Rule) -> pulumi_policy.Policy:
    def validate(args: pulumi_policy.ResourceValidationArgs, report: Report) -> None:
        resource = from_validation(args)
        provider = args.provider
        beside = [] if provider is None else [_provider(provider)]
        _judge(rule, Graph.of([resource, *beside]), report)

    return pulumi_policy.ResourceValidationPolicy(
        name=rule.name, description=rule.description, validate=validate, enforcement_level=_level(rule)
    )


def _stack_policy(rule: Rule) -> pulumi_policy.Policy:
    def validate(args: pulumi_policy.StackValidationArgs, report: Report) -> None:
        _judge(rule, Graph.of(from_stack(item) for item in args.resources if item.resource_type != STACK_TYPE), report)

    return pulumi_policy.StackValidationPolicy(
        name=rule.name, description=rule.description, validate=validate, enforcement_level=_level(rule)
    )


def _judge(rule: Rule, graph: Graph, report: Report) -> None:
    environment = environment_of(graph.stack, packages_of(graph))
    for violation in judge(graph, environment, rules=[rule]):
        if violation.exemption is None:
            report(violation.finding.message, violation.finding.resource.urn)


def from_validation(args: pulumi_policy.ResourceValidationArgs) -> Resource:
    """Return the resource that the engine asks about, before it makes it."""
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        custom=not args.resource_type.startswith("gostack:"),
        parent=args.opts.parent or "",
        inputs=inputs(args.props),
        options=_options(args.opts),
        provider=provider_urn(args.provider.urn) if args.provider is not None else "",
    )


def from_stack(item: pulumi_policy.PolicyResource) -> Resource:
    """Return a resource of the whole stack, of which the engine tells the outputs."""
    used = {key: frozenset(other.urn for other in others) for key, others in item.property_dependencies.items()}
    parent = item.parent
    return Resource(
        urn=item.urn,
        type=item.resource_type,
        name=item.name,
        custom=not item.resource_type.startswith("gostack:"),
        parent="" if parent is None or parent.resource_type == STACK_TYPE else parent.urn,
        inputs=inputs(item.props),
        options=_options(item.opts),
        provider=provider_urn(item.provider.urn) if item.provider is not None else "",
        dependencies=frozenset(other.urn for other in item.dependencies).union(*used.values()) - {item.urn},
        property_dependencies=used,
    )


def _provider(provider: pulumi_policy.PolicyProviderResource) -> Resource:
    return Resource(
        urn=provider.urn,
        type=provider.resource_type,
        name=provider.name,
        inputs=read_inputs(provider.resource_type, inputs(provider.props)),
    )


def _options(options: pulumi_policy.PolicyResourceOptions) -> Options:
    return Options(
        protect=bool(options.protect),
        # The engine does not tell a policy of it.
        retain_on_delete=None,
        delete_before_replace=options.delete_before_replace,
        ignore_changes=tuple(options.ignore_changes or ()),
        additional_secret_outputs=tuple(options.additional_secret_outputs or ()),
        aliases=tuple(options.aliases or ()),
    )


def _level(rule: Rule) -> pulumi_policy.EnforcementLevel:
    mandatory = rule.level is Level.MANDATORY
    return pulumi_policy.EnforcementLevel.MANDATORY if mandatory else pulumi_policy.EnforcementLevel.ADVISORY
