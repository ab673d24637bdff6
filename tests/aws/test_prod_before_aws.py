"""The recorded prod stack before judges that nobody here wrote: AWS's API models, moto, CloudFormation's linter.

Does not prove that an account accepts it: docs/aws.md has the list of what only an account proves. `make test-unit`
installs the packages, those of tests/aws/requirements.txt.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

for package in ("boto3", "moto", "cfnlint", "regex"):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: run `make judges`", allow_module_level=True)

from tests.aws.account import LACKING, empty_account  # noqa: E402 (after the check of what it imports)
from tests.aws.calls import CALLS  # noqa: E402
from tests.aws.judgement import Bench, Judgement, Mistake  # noqa: E402
from tests.aws.mistakes import MISTAKES  # noqa: E402
from tests.graph.conftest import published_graph  # noqa: E402
from tests.graph.recorder import Graph  # noqa: E402

ADOPTED = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"}
"""What is there already: no call makes it, and CloudFormation has no such type."""

UNJUDGED = {
    ("aws:lb/loadBalancer:LoadBalancer", "internal"): "a provider says it as the call's Scheme",
    ("aws:route53/record:Record", "allowOverwrite"): "it tells a provider to change a record that is there",
}
"""Type and property that no judge has a place for, and why."""


@pytest.fixture(scope="module")
def prod() -> Graph:
    return published_graph("prod")


@pytest.fixture(scope="module")
def judgement(prod: Graph) -> Judgement:
    with empty_account() as account:
        return Bench(account, MISTAKES).hear(prod)


@pytest.mark.parametrize("judge", ["model", "account", "template"])
def test_a_judge_finds_nothing_wrong_with_prod(judgement: Judgement, judge: str) -> None:
    assert judgement.findings[judge] == []


def test_every_resource_of_aws_is_judged(prod: Graph, judgement: Judgement) -> None:
    resources = [item for item in prod.resources.values() if item.type.startswith("aws:") and item.type not in ADOPTED]
    assert [item.name for item in resources if item.type not in CALLS] == []
    assert judgement.counts["model"] == len(resources)
    assert judgement.counts["account"] == len([item for item in resources if item.type not in LACKING])


def test_every_property_has_a_judge(judgement: Judgement) -> None:
    left = {(type_, path) for type_, path in judgement.properties - judgement.covered if type_ not in ADOPTED}
    assert left == set(UNJUDGED)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.resource}: {mistake.path}")
def test_a_wrong_input_is_found(judgement: Judgement, mistake: Mistake) -> None:
    found = judgement.mistakes[mistake]
    assert any(mistake.says in text for text in found), found
