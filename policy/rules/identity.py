"""Rights: nobody may do everything, and nobody is trusted without a condition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policy.resource import Marker, Resource, listing, mapping
from policy.rule import SHARED, Finding, Findings, resource_rule

_POLICIES = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
}
"""Type to the input with a document of rights."""

_RESOURCE_POLICIES = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
}
"""Type to the input with a document that says who may."""

_ALMIGHTY = frozenset({"AdministratorAccess", "PowerUserAccess", "IAMFullAccess"})
_LONG_LIVED = frozenset({"aws:iam/user:User", "aws:iam/accessKey:AccessKey"})


@resource_rule("iam-wildcard")
def iam_wildcard(resource: Resource) -> Findings:
    """A policy names its actions, and what writes or reads data names its resources."""
    for path, statement in _statements(resource, _POLICIES):
        if statement.get("Effect") != "Allow":
            continue
        actions = [str(action) for action in _many(statement.get("Action"))]
        broad = [action for action in actions if action == "*" or action.endswith(":*")]
        if broad or statement.get("NotAction"):
            yield Finding(
                resource, path, f"allows {', '.join(broad) or 'all but some actions'}", "name the actions that are used"
            )
        elif "*" in _many(statement.get("Resource")) and not statement.get("Condition"):
            risky = [action for action in actions if not _only_looks(action)]
            if risky:
                yield Finding(
                    resource,
                    path,
                    f"allows {', '.join(risky)} on every resource",
                    "name the resources, or add a Condition",
                )


@resource_rule("iam-administrator")
def iam_administrator(resource: Resource) -> Findings:
    """No role has AWS's policies for administrators."""
    arns = [resource.at("policyArn")] if "PolicyAttachment" in resource.kind else []
    if resource.type == "aws:iam/role:Role":
        arns += listing(resource.at("managedPolicyArns"))
    for arn in arns:
        if isinstance(arn, str) and arn.rsplit("/", 1)[-1] in _ALMIGHTY:
            yield Finding(resource, "policyArn", f"is {arn.rsplit('/', 1)[-1]}", "write a policy of what is needed")


@resource_rule("trusted-by-name")
def trusted_by_name(resource: Resource) -> Findings:
    """A role, key, bucket, topic or registry trusts principals by name, and everybody only under a condition."""
    for path, statement in _statements(resource, _RESOURCE_POLICIES):
        if statement.get("Effect") != "Allow" or statement.get("Condition"):
            continue
        principal = statement.get("Principal")
        named = mapping(principal)
        everybody = principal == "*" or any("*" in _many(value) for value in named.values())
        if everybody:
            yield Finding(resource, path, "trusts everybody", "name the principals, or add a Condition")
        elif "Federated" in named:
            yield Finding(
                resource, path, "trusts every identity of a provider", "add a Condition on its subject and audience"
            )


@resource_rule("no-long-lived-keys", environments=SHARED)
def no_long_lived_keys(resource: Resource) -> Findings:
    """There is no IAM user and no access key: programs take roles, people come by single sign-on."""
    if resource.type in _LONG_LIVED:
        yield Finding(resource, "type", "is an identity with a key that never ends", "use a role")


@resource_rule("rbac-wildcard")
def rbac_wildcard(resource: Resource) -> Findings:
    """A role of a cluster names verbs and resources; nobody but an administrator is bound to cluster-admin."""
    if resource.package != "kubernetes":
        return
    if resource.kind in ("Role", "ClusterRole"):
        for index, rule in enumerate(listing(resource.at("rules"))):
            for key in ("verbs", "resources", "apiGroups"):
                if "*" in listing(mapping(rule).get(key)):
                    yield Finding(resource, f"rules.{index}.{key}", "holds *", "name what is used")
            reads = {"get", "list", "watch"} & set(listing(mapping(rule).get("verbs")))
            secrets = "secrets" in listing(mapping(rule).get("resources"))
            if secrets and reads and not mapping(rule).get("resourceNames"):
                yield Finding(
                    resource, f"rules.{index}", "reads every secret of the namespace", "name them in resourceNames"
                )
    if resource.kind in ("RoleBinding", "ClusterRoleBinding") and resource.at("roleRef.name") == "cluster-admin":
        yield Finding(resource, "roleRef.name", "is cluster-admin", "bind a role of what is needed")


@resource_rule("instance-metadata", environments=SHARED)
def instance_metadata(resource: Resource) -> Findings:
    """Nodes give their identity to who asks with a token alone (IMDSv2), and not to pods behind a hop."""
    if resource.type not in ("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"):
        return
    if resource.at("metadataOptions.httpTokens") not in ("required", Marker.UNKNOWN):
        yield Finding(
            resource,
            "metadataOptions.httpTokens",
            "is not required: a forged request gets the node's rights",
            'set it to "required"',
        )
    hops = resource.at("metadataOptions.httpPutResponseHopLimit", 1)
    if isinstance(hops, int) and hops > 1:
        yield Finding(
            resource, "metadataOptions.httpPutResponseHopLimit", f"is {hops}: pods get the node's rights", "set it to 1"
        )


def _statements(resource: Resource, places: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    place = places.get(resource.type)
    documents = [(place, resource.at(place))] if place is not None else []
    if resource.type == "aws:iam/role:Role" and places is _POLICIES:
        documents = [
            (f"inlinePolicies.{index}.policy", mapping(item).get("policy"))
            for index, item in enumerate(listing(resource.at("inlinePolicies")))
        ]
    for path, document in documents:
        if isinstance(document, str) and not isinstance(document, Marker):
            try:
                document = json.loads(document)
            except ValueError:
                continue
        for index, statement in enumerate(_many(mapping(document).get("Statement"))):
            yield f"{path}.Statement.{index}", mapping(statement)


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return listing(value) if isinstance(value, list | tuple) else [value]


def _only_looks(action: str) -> bool:
    """Whether an action reads descriptions alone, or one that AWS gives for all resources only."""
    verb = action.partition(":")[2]
    return verb.startswith(("Describe", "List")) or action in (
        "ecr:GetAuthorizationToken",
        "cloudwatch:PutMetricData",
        "sts:GetCallerIdentity",
        "ec2:CreateTags",
        "secretsmanager:GetRandomPassword",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "logs:PutResourcePolicy",
    )
