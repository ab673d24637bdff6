"""The stand-in for the AWS plugin: what it takes, what it refuses, what it answers.

It does not prove that AWS does the same: the types are the SDK's, the rest are tables, checked by nobody's account.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.offline.providers.aws.provider import AwsProvider
from tools.offline.providers.plugin.provider import Autonaming, Change, Difference, ProviderError, Resource
from tools.offline.providers.plugin.values import UNKNOWN, Secret, plain

Properties = dict[str, Any]
VPC, SUBNET, CLUSTER = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:eks/cluster:Cluster"
DATABASE, RECORD, ROLE = "aws:rds/cluster:Cluster", "aws:route53/record:Record", "aws:iam/role:Role"


class Told:
    """What the double tells the user."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, urn: str, text: str) -> None:
        self.lines.append(text)

    def status(self, urn: str, text: str) -> None:
        self.lines.append(text)


def provider(region: str = "eu-central-1", **config: Any) -> AwsProvider:
    made = AwsProvider()
    made.configure({"region": region, **{name: json.dumps(value) for name, value in config.items()}}, Told())
    return made


def resource(token: str, name: str = "main", resource_id: str = "") -> Resource:
    return Resource(f"urn:pulumi:prod::shop::gostack:index:Network${token}::{name}", resource_id)


def checked(
    aws: AwsProvider, token: str, inputs: Properties, name: str = "main", olds: Properties | None = None
) -> Properties:
    result, failures = aws.check(resource(token, name), olds or {}, inputs, b"seed", None)
    assert failures == []
    return result


def made(aws: AwsProvider, token: str, inputs: Properties, name: str = "main") -> tuple[str, Properties, Properties]:
    news = checked(aws, token, inputs, name)
    resource_id, outputs = aws.create(resource(token, name), news, 0, preview=False)
    return resource_id, news, outputs


def diff(aws: AwsProvider, token: str, old: tuple[str, Properties, Properties], news: Properties) -> Difference:
    resource_id, inputs, outputs = old
    return aws.diff(
        resource(token, resource_id=resource_id), inputs, outputs, checked(aws, token, news, olds=inputs), []
    )


def refused(token: str, inputs: Properties) -> dict[str, str]:
    _, failures = provider().check(resource(token), {}, inputs, b"seed", None)
    return {failure.property: failure.reason for failure in failures}


def test_a_property_that_the_sdk_does_not_have_is_refused_with_those_it_has() -> None:
    found = refused(VPC, {"cidrBlok": "10.0.0.0/16"})

    assert list(found) == ["cidrBlok"]
    assert found["cidrBlok"].startswith("Invalid or unknown key. Examine values at 'main.cidrBlok'. Known are: assign")


def test_a_property_that_is_missing_is_named_at_any_depth() -> None:
    found = refused(CLUSTER, {"vpcConfig": {"subnets": ["subnet-1"]}})

    assert list(found) == ["vpcConfig.subnets", "vpcConfig.subnetIds", "roleArn"]
    assert 'The argument "roleArn" is required' in found["roleArn"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [("yes", "expected boolean type, got string type"), (1, "expected boolean type, got number type")],
)
def test_a_value_of_a_wrong_type_is_refused(value: object, reason: str) -> None:
    assert reason in refused(VPC, {"enableDnsSupport": value})["enableDnsSupport"]


def test_what_is_not_known_yet_has_every_type() -> None:
    assert refused(SUBNET, {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "mapPublicIpOnLaunch": UNKNOWN}) == {}


def test_a_region_that_does_not_exist_is_refused() -> None:
    assert list(refused(VPC, {"cidrBlock": "10.0.0.0/16", "region": "eu-middle-1"})) == ["region"]


def test_a_type_that_the_sdk_does_not_have_is_refused() -> None:
    assert "is unknown to the installed pulumi_aws" in refused("aws:ec2/vpc:Vcp", {})[""]


def test_identifiers_are_like_those_of_aws_and_the_same_for_the_same_resource() -> None:
    first, _, outputs = made(provider(), VPC, {"cidrBlock": "10.0.0.0/16"})
    again, _, _ = made(provider(), VPC, {"cidrBlock": "10.0.0.0/16"})
    elsewhere, _, _ = made(provider("us-east-1"), VPC, {"cidrBlock": "10.0.0.0/16"})

    assert first == again != elsewhere
    assert first.startswith("vpc-")
    assert outputs["arn"] == f"arn:aws:ec2:eu-central-1:123456789012:vpc/{first}"
    assert outputs["ownerId"] == "123456789012"
    assert outputs["region"] == "eu-central-1"


def test_a_replacement_is_another_resource() -> None:
    aws = provider()
    old, _, _ = made(aws, VPC, {"cidrBlock": "10.0.0.0/16"})
    new, _, _ = made(aws, VPC, {"cidrBlock": "10.1.0.0/16"})

    assert old != new


def test_the_region_of_a_resource_wins_over_that_of_its_provider() -> None:
    _, _, outputs = made(provider(), VPC, {"cidrBlock": "10.0.0.0/16", "region": "us-east-1"})

    assert outputs["region"] == "us-east-1"
    assert ":us-east-1:" in outputs["arn"]


def test_every_output_that_the_sdk_promises_is_there() -> None:
    from tools.offline.providers.aws.identities import IDENTITIES
    from tools.offline.providers.aws.outputs import Place, computed
    from tools.offline.providers.aws.sdk import find

    missing: dict[str, set[str]] = {}
    for token in IDENTITIES:
        kind = find(token)
        assert kind is not None, f"{token} is not in the SDK"
        _, outputs = computed(kind, resource(token).urn, {}, Place("eu-central-1", "123456789012", {}), "")
        promised = {name for name, found in kind.outputs.items() if found.required and name not in kind.inputs}
        missing[token] = {name for name in promised if outputs.get(name) is None}
    assert {token: names for token, names in missing.items() if names} == {}


def test_the_tables_name_only_what_the_sdk_has() -> None:
    from tools.offline.providers.aws.immutable import _BY_TYPE, immutable_paths
    from tools.offline.providers.aws.sdk import find

    unknown: list[str] = []
    for token in _BY_TYPE:
        kind = find(token)
        assert kind is not None, f"{token} is not in the SDK"
        named = {path.split(".")[0] for path in immutable_paths(token)} - {"name", "namePrefix", "region"}
        unknown += [f"{token} {name}" for name in sorted(named - kind.inputs.keys())]
    assert unknown == []


def test_default_tags_are_among_all_tags_and_a_change_of_them_is_seen() -> None:
    before = provider(defaultTags={"tags": {"stack": "prod"}})
    old = made(before, VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"owner": "me"}})
    assert old[2]["tagsAll"] == {"stack": "prod", "owner": "me"}

    after = provider(defaultTags={"tags": {"stack": "prod", "cost": "1"}})
    assert diff(after, VPC, old, {"cidrBlock": "10.0.0.0/16", "tags": {"owner": "me"}}).changes == {
        "tagsAll": Change.UPDATE
    }


@pytest.mark.parametrize(
    ("token", "old", "new", "replaces"),
    [
        (
            SUBNET,
            {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"},
            {"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24"},
            ["cidrBlock"],
        ),
        (SUBNET, {"vpcId": "vpc-1"}, {"vpcId": UNKNOWN}, ["vpcId"]),
        (
            SUBNET,
            {"vpcId": "vpc-1", "availabilityZone": "eu-central-1a"},
            {"vpcId": "vpc-1", "availabilityZone": "eu-central-1b"},
            ["availabilityZone"],
        ),
        (VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}, []),
        (VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16", "region": "us-east-1"}, ["region"]),
        (
            DATABASE,
            {"engine": "aurora-mysql"},
            {"engine": "aurora-mysql", "storageEncrypted": True},
            ["storageEncrypted"],
        ),
        (DATABASE, {"engine": "aurora-mysql"}, {"engine": "aurora-mysql", "backupRetentionPeriod": 14}, []),
        (ROLE, {"assumeRolePolicy": "{}", "name": "a"}, {"assumeRolePolicy": "{}", "name": "b"}, ["name"]),
    ],
)
def test_what_cannot_be_changed_in_place_replaces(
    token: str, old: Properties, new: Properties, replaces: list[str]
) -> None:
    aws = provider()

    assert diff(aws, token, made(aws, token, old), new).replaces == replaces


def test_the_same_in_other_words_is_no_change() -> None:
    aws = provider()
    policy = {"assumeRolePolicy": '{"a": 1, "b": [2]}', "managedPolicyArns": ["arn:aws:iam::aws:policy/A", "arn:b"]}
    same = {"assumeRolePolicy": '{"b":[2],"a":1}', "managedPolicyArns": ["arn:b", "arn:aws:iam::aws:policy/A"]}

    assert diff(aws, ROLE, made(aws, ROLE, policy), same).changes == {}


def test_a_name_is_filled_in_kept_and_makes_a_replacement_delete_first_only_when_it_was_given() -> None:
    aws = provider()
    automatic = made(aws, CLUSTER, {"roleArn": "arn:aws:iam::1:role/a", "vpcConfig": {"subnetIds": ["s"]}})
    assert automatic[0].startswith("main-")
    new_role = {"roleArn": "arn:aws:iam::1:role/b", "vpcConfig": {"subnetIds": ["s"]}}
    replaced = diff(aws, CLUSTER, automatic, new_role)
    assert replaced.replaces == ["roleArn"]
    assert not replaced.delete_first

    given = made(aws, CLUSTER, {**new_role, "name": "shop"})
    assert diff(aws, CLUSTER, given, {**new_role, "name": "shop", "roleArn": "arn:aws:iam::1:role/a"}).delete_first


def test_the_engines_proposal_of_a_name_is_taken() -> None:
    inputs, _ = provider().check(
        resource(ROLE), {}, {"assumeRolePolicy": "{}"}, b"", Autonaming("shop-main", "ENFORCE")
    )

    assert inputs["name"] == "shop-main"


def test_a_preview_knows_what_was_said_and_not_what_aws_will_answer() -> None:
    _, outputs = provider().create(resource(VPC), {"cidrBlock": "10.0.0.0/16"}, 0, preview=True)

    assert outputs["cidrBlock"] == "10.0.0.0/16"
    assert outputs["arn"] is UNKNOWN
    assert outputs["region"] == "eu-central-1"


def test_an_update_keeps_what_aws_answered_before() -> None:
    aws = provider()
    resource_id, _, outputs = made(aws, VPC, {"cidrBlock": "10.0.0.0/16"})
    news = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}

    updated = aws.update(resource(VPC, resource_id=resource_id), outputs, news, 0, [], preview=False)

    assert updated == {**outputs, **news, "tagsAll": {"a": "b"}}


def test_a_secret_stays_one() -> None:
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    _, _, outputs = made(provider(), token, {"secretId": "arn:aws:secretsmanager:x", "secretString": Secret("pw")})

    assert outputs["secretString"] == Secret("pw")
    assert "pw" not in repr(outputs)


def test_a_zone_or_a_key_of_another_region_is_refused() -> None:
    aws = provider()
    with pytest.raises(ProviderError, match=r"Value \(us-east-1a\) for parameter availabilityZone is invalid"):
        aws.create(resource(SUBNET), {"vpcId": "vpc-1", "availabilityZone": "us-east-1a"}, 0, preview=True)
    key = {"engine": "aurora-mysql", "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1"}
    with pytest.raises(ProviderError, match=r"kmsKeyId .* is in us-east-1, not in eu-central-1"):
        aws.create(resource(DATABASE), key, 0, preview=False)


def test_what_is_protected_in_aws_is_not_deleted() -> None:
    aws = provider()
    protected = made(aws, DATABASE, {"engine": "aurora-mysql", "deletionProtection": True})
    unsaved = made(aws, DATABASE, {"engine": "aurora-mysql"})

    with pytest.raises(ProviderError, match="deletionProtection has to be false"):
        aws.delete(resource(DATABASE, resource_id=protected[0]), protected[2], 0)
    with pytest.raises(ProviderError, match="finalSnapshotIdentifier is required"):
        aws.delete(resource(DATABASE, resource_id=unsaved[0]), unsaved[2], 0)


@pytest.mark.parametrize(
    ("config", "path", "reason"),
    [
        ({}, "region", "unable to find AWS region"),
        ({"region": "eu-middle-1"}, "region", "invalid AWS Region"),
        ({"region": "eu-central-1", "regoin": "x"}, "regoin", "Invalid or unknown key"),
        (
            {"region": "eu-central-1", "allowedAccountIds": '["111111111111"]'},
            "allowedAccountIds",
            "AWS account ID not allowed: 123456789012",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(config: Properties, path: str, reason: str) -> None:
    (failure,) = AwsProvider().check_config(config)

    assert failure.property == path
    assert reason in failure.reason


def test_another_region_of_the_provider_replaces_everything_in_it() -> None:
    assert provider().diff_config({"region": "eu-central-1"}, {"region": "eu-west-1"}).replaces == ["region"]


def test_functions_answer_for_the_account_and_region_and_others_are_refused() -> None:
    aws = provider()

    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})["names"][0] == "eu-central-1a"
    statement = {"actions": ["s3:Get"], "resources": ["*"], "principals": [{"type": "*", "identifiers": ["*"]}]}
    document = aws.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]})["json"]
    assert json.loads(document)["Statement"] == [
        {"Effect": "Allow", "Action": "s3:Get", "Resource": "*", "Principal": "*"}
    ]
    with pytest.raises(ProviderError, match="asks an AWS account, and this is a rehearsal without one"):
        aws.invoke("aws:ec2/getAmi:getAmi", {})


def test_faults_strike_as_often_as_they_are_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "faults.json"
    fail = {"type": "aws:ec2/*", "fault": "fail", "message": "InsufficientFreeAddresses", "times": 1}
    file.write_text(json.dumps([fail, {"type": ROLE, "fault": "throttle", "times": 3}]))
    monkeypatch.setenv("GOSTACK_AWS_FAULTS", str(file))

    with pytest.raises(ProviderError, match="InsufficientFreeAddresses"):
        made(provider(), VPC, {"cidrBlock": "10.0.0.0/16"})
    # As after a new start of the engine, which starts the plugin anew.
    assert made(provider(), VPC, {"cidrBlock": "10.0.0.0/16"})[0].startswith("vpc-")
    told, aws = Told(), AwsProvider()
    aws.configure({"region": "eu-central-1"}, told)
    made(aws, ROLE, {"assumeRolePolicy": "{}"})
    assert len([line for line in told.lines if "Rate exceeded" in line]) == 3


def test_the_journal_tells_what_was_done_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOSTACK_AWS_JOURNAL", str(tmp_path / "journal"))
    aws = provider()
    resource_id, _, outputs = made(aws, VPC, {"cidrBlock": "10.0.0.0/16"})
    aws.delete(resource(VPC, resource_id=resource_id), outputs, 0)

    lines = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]

    assert [(line["operation"], line["name"], line["id"], line["region"]) for line in lines] == [
        ("create", "main", resource_id, "eu-central-1"),
        ("delete", "main", resource_id, "eu-central-1"),
    ]
    assert lines[0]["finished"] <= lines[1]["started"]


def test_the_cluster_of_a_region_leads_to_the_local_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "current-context: local\ncontexts: [{name: local, context: {cluster: local, user: me}}]\n"
        "clusters: [{name: local, cluster: {server: 'https://127.0.0.1:6443', certificate-authority-data: QQ==}}]\n"
        "users: [{name: me, user: {token: t}}]\n"
    )
    monkeypatch.setenv("GOSTACK_EKS_KUBECONFIG", f"eu-central-1={kubeconfig}#local")
    cluster = {"roleArn": "arn:aws:iam::1:role/a", "vpcConfig": {"subnetIds": ["s"]}}

    _, _, local = made(provider(), CLUSTER, cluster)
    _, _, other = made(provider("us-east-1"), CLUSTER, cluster)

    assert plain(local)["endpoint"] == "https://127.0.0.1:6443"
    assert plain(local)["certificateAuthority"]["data"] == "QQ=="
    assert other["endpoint"].endswith(".us-east-1.eks.amazonaws.com")
