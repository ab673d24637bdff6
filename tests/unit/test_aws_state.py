"""The template of the place where states are kept: versioned, encrypted, closed, and not to be emptied by a deployment.

Does not prove that CloudFormation takes it: no account is reachable here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "environments" / "state" / "backend.yaml"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as what they are called with."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: {suffix: loader.construct_scalar(node)})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)["Resources"]


def test_states_and_their_key_outlive_the_template(resources: dict[str, Any]) -> None:
    for name in ("Bucket", "Key"):
        assert (resources[name]["DeletionPolicy"], resources[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_every_state_that_was_written_can_be_had_back(resources: dict[str, Any]) -> None:
    assert resources["Bucket"]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}


def test_states_are_encrypted_and_nobody_outside_reads_them(resources: dict[str, Any]) -> None:
    properties = resources["Bucket"]["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert resources["Key"]["Properties"]["EnableKeyRotation"] is True


def test_a_deployment_cannot_delete_old_states(resources: dict[str, Any]) -> None:
    statements = {item["Sid"]: item for item in resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]}
    old = statements["OldStatesStay"]
    assert old["Effect"] == "Deny"
    assert "s3:DeleteObjectVersion" in old["Action"]
    assert old["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": {"Ref": "AdministratorRoleArn"}}}
    assert statements["OnlyEncryptedConnections"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_deploy_role_is_taken_by_the_pipelines_prod_environment_and_administrators(
    resources: dict[str, Any],
) -> None:
    properties = resources["DeployRole"]["Properties"]
    trust = {item["Sid"]: item for item in properties["AssumeRolePolicyDocument"]["Statement"]}
    assert trust.keys() == {"Pipeline", "People", "Itself"}
    conditions = trust["Pipeline"]["Condition"]["StringEquals"]
    assert conditions["token.actions.githubusercontent.com:sub"] == {"Sub": "repo:${Repository}:environment:prod"}


def test_the_deploy_role_makes_roles_below_one_path_only(resources: dict[str, Any]) -> None:
    (policy,) = resources["DeployRole"]["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        assert "*" not in statement["Action"]
        path = statement["Resource"]["Sub"].partition(":role/")[2]
        assert path in ("gostack/*", "aws-service-role/*")
