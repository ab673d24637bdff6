"""Every rule accepts what is right and refuses each mistake that its examples name, with a message that says the fix.

Does not prove that the rules together find every mistake: `test_mistakes.py` tries that on the
stacks themselves.
"""

from __future__ import annotations

import re
from datetime import date

import pytest

from policy.exemptions import EXEMPTIONS, Exemption
from policy.judge import judge
from policy.resource import Graph, Marker
from policy.rule import Environment, Rule, environment_of, packages_of
from policy.rules import RULES
from tests.policy.examples import EXAMPLES
from tests.policy.examples.example import Example
from tests.policy.examples.pods import CONTAINER, WORKER
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource

BY_NAME = {rule.name: rule for rule in RULES}
MISTAKES = [
    pytest.param(rule, example, mistaken, id=f"{rule}: {what}")
    for rule, example in EXAMPLES.items()
    for what, mistaken in example.bad.items()
]


def found(rule: str, given: Graph, environment: Environment) -> list[str]:
    return [finding.message for finding in BY_NAME[rule].judge(given, environment)]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_accepts_what_is_right(rule: str) -> None:
    assert found(rule, EXAMPLES[rule].good, EXAMPLES[rule].environment) == []


@pytest.mark.parametrize(("rule", "example", "mistaken"), MISTAKES)
def test_a_rule_refuses_a_mistake_and_says_the_fix(rule: str, example: Example, mistaken: Graph) -> None:
    messages = found(rule, mistaken, example.environment)
    assert messages
    for message in messages:
        assert re.fullmatch(r"\S+ \(\S+\): [^;]+( .+)?; [^;]+\.", message, re.DOTALL), message


def test_no_rule_is_without_an_example_of_both() -> None:
    assert set(EXAMPLES) == set(BY_NAME)
    assert [name for name, example in EXAMPLES.items() if not example.bad or not len(example.good)] == []


def test_names_of_rules_are_unique_and_every_rule_says_what_it_demands() -> None:
    assert len(BY_NAME) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name), rule.name
        assert rule.description.endswith("."), rule.name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_is_not_known_yet_is_no_violation_of_a_value(rule: Rule) -> None:
    # In a preview every value that a provider computes is unknown; a rule that took it for wrong would block the first
    # update of every stack.
    example = EXAMPLES[rule.name]
    for item in example.good:
        for key in item.inputs:
            unknown = changed(example.good, item.name, key, Marker.UNKNOWN, type_=item.type)
            blamed = [
                finding for finding in rule.judge(unknown, example.environment) if finding.resource.name == item.name
            ]
            assert [finding.message for finding in blamed] == [], f"{item.name}.{key}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_does_not_hold_outside_of_its_environments(rule: Rule) -> None:
    for environment in set(Environment) - rule.environments:
        for mistaken in EXAMPLES[rule.name].bad.values():
            assert rule.judge(mistaken, environment) == []


def test_in_dev_a_data_volume_may_be_unprotected_as_long_as_it_stays() -> None:
    labels = {"labels": [{"label": "gostack.data", "value": "mysql"}]}
    kept = graph(resource("docker:index/volume:Volume", "data", labels, stack="dev", retain_on_delete=True))
    assert found("protected-data", kept, Environment.DEV) == []
    assert len(found("protected-data", kept, Environment.PROD)) == 1
    assert len(found("protected-data", changed(kept, "data", "options.retain_on_delete", False), Environment.DEV)) == 1


def test_in_staging_a_stateful_set_may_be_unprotected_as_long_as_its_claims_stay() -> None:
    spec = {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}
    kept = graph(resource("kubernetes:apps/v1:StatefulSet", "mysql", spec, stack="staging"))
    gone = changed(kept, "mysql", "spec.persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"})
    assert found("protected-data", kept, Environment.STAGING) == []
    assert len(found("protected-data", gone, Environment.STAGING)) == 1
    assert len(found("protected-data", kept, Environment.PROD)) == 1


def test_a_service_without_a_region_and_its_figures_may_be_made_anywhere() -> None:
    provider = resource("pulumi:providers:aws", "aws-us-east-1", {"region": "us-east-1"})
    other = resource("pulumi:providers:aws", "aws-eu-west-1", {"region": "eu-west-1"})
    check = resource("aws:route53/healthCheck:HealthCheck", "dns-eu-west-1-health", provider=provider)
    figures = {"namespace": "AWS/Route53"}
    alarm = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "dns-eu-west-1-alarm", figures, provider=provider)
    assert found("provider-region", graph(provider, other, check, alarm), Environment.PROD) == []


@pytest.mark.parametrize(
    ("stack", "packages", "environment"),
    [
        ("dev", {"docker"}, "dev"),
        ("staging", {"kubernetes"}, "staging"),
        ("prod-eu", {"docker"}, "prod"),
        ("mine", {"docker"}, "dev"),
        ("mine", {"docker", "kubernetes"}, "staging"),
        ("mine", {"kubernetes", "aws"}, "prod"),
        ("production", {"aws"}, "prod"),
        ("dev-eu", {"aws", "kubernetes"}, "prod"),
        ("staging", {"aws"}, "prod"),
        ("dev", {"kubernetes"}, "staging"),
    ],
)
def test_a_stack_is_judged_by_the_stricter_of_its_name_and_what_it_is_made_of(
    stack: str, packages: set[str], environment: str
) -> None:
    assert environment_of(stack, packages) == environment


def test_a_provider_counts_as_the_package_that_it_provides() -> None:
    assert packages_of(graph(resource("pulumi:providers:aws", "aws-eu"))) == {"aws"}


def test_an_exemption_excuses_one_rule_for_the_resources_that_it_names_until_its_end() -> None:
    given = graph(resource("aws:iam/user:User", "deploy"), resource("aws:iam/user:User", "other"))
    exemption = Exemption("no-long-lived-keys", "aws:iam/user:User", "dep*", "A reason.", date(2030, 1, 1))

    def blocking(today: date) -> list[str]:
        violations = judge(given, Environment.PROD, exemptions=[exemption], today=today)
        return [item.finding.resource.name for item in violations if item.blocks and item.rule.name == exemption.rule]

    assert blocking(date(2029, 12, 31)) == ["other"]
    assert blocking(date(2030, 1, 2)) == ["deploy", "other"]


def test_every_exemption_names_a_rule_and_a_reason() -> None:
    for exemption in EXEMPTIONS:
        assert exemption.rule in BY_NAME
        assert exemption.reason.endswith(".")


def test_a_worker_needs_no_probes() -> None:
    bare = changed(WORKER, "users", f"{CONTAINER}.readinessProbe", REMOVED)
    bare = changed(bare, "users", f"{CONTAINER}.livenessProbe", REMOVED)
    assert found("probes", bare, Environment.PROD) == []
