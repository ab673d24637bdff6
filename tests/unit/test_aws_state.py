"""The template of the place where states are kept: what the deploy role, and a role that it makes, can do by it.

The statements are evaluated, not compared. Does not prove that CloudFormation takes the template, nor that AWS
evaluates it in the same way: no account is reachable here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.iam import ADMINISTRATOR, POWER_USER, Request, allowed, template

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "platforms" / "aws" / "state" / "backend.yaml"
ACCOUNT, REGION = "123456789012", "eu-west-1"
IAM = f"arn:aws:iam::{ACCOUNT}"
BUCKET = f"arn:aws:s3:::gostack-state-{ACCOUNT}-{REGION}"
STATE = f"{BUCKET}/.pulumi/stacks/gostack/prod.json"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1-2-3"
ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/gostack-state"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/gostack-state/1-2-3"
DEPLOY, PEOPLE = f"{IAM}:role/gostack-deploy", f"{IAM}:role/platform-administrator"
BOUNDARY = f"{IAM}:policy/gostack-boundary"
MADE = f"{IAM}:role/gostack/cluster-eu"

VALUES = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "Repository": "example/gostack",
    "GitHubProviderArn": f"{IAM}:oidc-provider/token.actions.githubusercontent.com",
    "AdministratorRoleArn": PEOPLE,
    "Bucket": BUCKET.rpartition(":")[2],
    "Bucket.Arn": BUCKET,
    "Key": "1-2-3",
    "Key.Arn": KEY,
    "KeyAlias": "alias/gostack-state",
    "Boundary": BOUNDARY,
    "DeployRole.Arn": DEPLOY,
}
RESOURCES: dict[str, Any] = template(TEMPLATE.read_text(encoding="utf-8"), VALUES)["Resources"]
BOUNDED: list[Any] = RESOURCES["Boundary"]["Properties"]["PolicyDocument"]["Statement"]
OF_THE_BUCKET: list[Any] = RESOURCES["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
OWN: list[Any] = [
    *POWER_USER,
    *(
        statement
        for policy in RESOURCES["DeployRole"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ),
]


def may(who: str, action: str, resource: str, *, rights: list[Any] = OWN, bounded: bool = True, **keys: str) -> bool:
    context = {"aws:PrincipalArn": who, "aws:SecureTransport": "true"}
    context |= {f"iam:{key}": value for key, value in keys.items()}
    policy = OF_THE_BUCKET if resource.startswith("arn:aws:s3") else []
    return allowed(Request(action, resource, context), rights, BOUNDED if bounded else ADMINISTRATOR, policy)


DESTROYS = [
    *(
        (f"s3:{action}", BUCKET)
        for action in (
            "DeleteBucket",
            "DeleteBucketPolicy",
            "PutBucketAcl",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
            "PutEncryptionConfiguration",
            "PutLifecycleConfiguration",
            "PutReplicationConfiguration",
        )
    ),
    *(
        (f"s3:{action}", STATE)
        for action in ("DeleteObjectVersion", "BypassGovernanceRetention", "ReplicateDelete", "PutObjectAcl")
    ),
    *(
        (f"kms:{action}", KEY)
        for action in (
            "CreateGrant",
            "DeleteImportedKeyMaterial",
            "DisableKey",
            "DisableKeyRotation",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "UpdatePrimaryRegion",
        )
    ),
    ("kms:DeleteAlias", ALIAS),
    ("kms:UpdateAlias", ALIAS),
    *(
        (f"cloudformation:{action}", STACK)
        for action in (
            "CreateChangeSet",
            "DeleteStack",
            "ExecuteChangeSet",
            "SetStackPolicy",
            "UpdateStack",
            "UpdateTerminationProtection",
        )
    ),
    ("iam:DeletePolicy", BOUNDARY),
    ("iam:CreatePolicyVersion", BOUNDARY),
    ("iam:DeleteRolePermissionsBoundary", DEPLOY),
    ("iam:DeleteRolePermissionsBoundary", MADE),
    ("iam:PutRolePolicy", DEPLOY),
    ("iam:UpdateAssumeRolePolicy", DEPLOY),
    ("iam:UpdateAssumeRolePolicy", PEOPLE),
    ("iam:PassRole", PEOPLE),
    ("iam:CreateUser", f"{IAM}:user/gostack/mallory"),
    ("iam:CreateAccessKey", f"{IAM}:user/ada"),
    ("sts:AssumeRole", PEOPLE),
]
WORKS = [
    ("s3:ListBucket", BUCKET),
    ("s3:GetObject", STATE),
    ("s3:PutObject", STATE),
    # Leaves a delete marker: the versions stay.
    ("s3:DeleteObject", STATE),
    ("kms:Decrypt", KEY),
    ("kms:Encrypt", KEY),
    ("kms:GenerateDataKey", KEY),
    ("kms:CreateGrant", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/of-the-stack"),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/of-the-stack"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::another-bucket"),
    ("ec2:CreateVpc", "*"),
    ("eks:CreateCluster", "*"),
    ("rds:CreateGlobalCluster", "*"),
    ("iam:PassRole", MADE),
    ("iam:GetRole", MADE),
    ("iam:DeleteRole", MADE),
    ("iam:CreateServiceLinkedRole", f"{IAM}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
]


@pytest.mark.parametrize(("action", "resource"), DESTROYS)
def test_the_deploy_role_cannot_destroy_the_way_back(action: str, resource: str) -> None:
    assert not may(DEPLOY, action, resource)


@pytest.mark.parametrize(("action", "resource"), DESTROYS)
def test_nor_can_a_role_that_it_makes_whatever_rights_that_one_has(action: str, resource: str) -> None:
    assert not may(MADE, action, resource, rights=ADMINISTRATOR)


@pytest.mark.parametrize(("action", "resource"), WORKS)
def test_the_deploy_role_can_do_its_work(action: str, resource: str) -> None:
    assert may(DEPLOY, action, resource)


@pytest.mark.parametrize(("action", "resource"), [item for item in DESTROYS if item[0].startswith(("s3:", "kms:"))])
def test_administrators_keep_the_way_back_in_their_hands(action: str, resource: str) -> None:
    assert may(PEOPLE, action, resource, rights=ADMINISTRATOR, bounded=False)


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"])
def test_a_role_is_made_and_given_rights_only_with_the_boundary(action: str) -> None:
    assert may(DEPLOY, f"iam:{action}", MADE, PermissionsBoundary=BOUNDARY)
    assert not may(DEPLOY, f"iam:{action}", MADE)
    assert not may(DEPLOY, f"iam:{action}", MADE, PermissionsBoundary=f"{IAM}:policy/another")
    assert not may(DEPLOY, f"iam:{action}", f"{IAM}:role/elsewhere", PermissionsBoundary=BOUNDARY)


def test_nobody_writes_states_over_an_open_connection() -> None:
    request = Request("s3:PutObject", STATE, {"aws:PrincipalArn": DEPLOY, "aws:SecureTransport": "false"})
    assert not allowed(request, OWN, BOUNDED, OF_THE_BUCKET)


def test_the_deploy_role_has_the_boundary() -> None:
    properties = RESOURCES["DeployRole"]["Properties"]
    assert properties["PermissionsBoundary"] == BOUNDARY
    assert properties["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/PowerUserAccess"]
    assert RESOURCES["Boundary"]["Properties"]["ManagedPolicyName"] == BOUNDARY.rpartition("/")[2]


def test_states_and_their_key_outlive_the_template() -> None:
    for name in ("Bucket", "Key"):
        assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_every_state_that_was_written_can_be_had_back() -> None:
    assert RESOURCES["Bucket"]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}


def test_states_are_encrypted_and_nobody_outside_reads_them() -> None:
    properties = RESOURCES["Bucket"]["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert RESOURCES["Key"]["Properties"]["EnableKeyRotation"] is True


def test_the_deploy_role_is_taken_by_the_pipelines_prod_environment_and_administrators() -> None:
    properties = RESOURCES["DeployRole"]["Properties"]
    trust = {item["Sid"]: item for item in properties["AssumeRolePolicyDocument"]["Statement"]}
    assert trust.keys() == {"Pipeline", "People", "Itself"}
    conditions = trust["Pipeline"]["Condition"]["StringEquals"]
    assert conditions["token.actions.githubusercontent.com:sub"] == "repo:example/gostack:environment:prod"
