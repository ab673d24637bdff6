"""Examples of rights, providers and tags."""

from __future__ import annotations

import json
from typing import Any

from policy.resource import Graph
from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource

READ = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"]}
LOOK = {"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ecr:GetAuthorizationToken"], "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}
FEDERATED = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/x"},
    "Condition": {"StringEquals": {"x:sub": "system:serviceaccount:a:b"}},
}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def rights(*statements: Any) -> Graph:
    return graph(resource("aws:iam/policy:Policy", "rights", {"policy": document(*statements)}))


def trust(*statements: Any) -> Graph:
    return graph(resource("aws:iam/role:Role", "role", {"assumeRolePolicy": document(*statements)}))


ATTACHED = graph(
    resource(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "attached",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
    )
)
ROLES = graph(
    resource(
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        "role",
        {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]},
    ),
    resource(
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "binding", {"roleRef": {"kind": "Role", "name": "role"}}
    ),
)

TAGS = {"owner": "platform", "stack": "prod", "service": "users", "cost-centre": "users"}
FRANKFURT = resource(
    "pulumi:providers:aws",
    "aws-eu-central-1",
    {
        "region": "eu-central-1",
        "defaultTags": {"tags": {"owner": "platform", "stack": "prod", "cost-centre": "shared"}},
    },
)
IRELAND = resource("pulumi:providers:aws", "aws-eu-west-1", {"region": "eu-west-1", "defaultTags": {"tags": TAGS}})
INSIDE_CLUSTER = resource("pulumi:providers:kubernetes", "kubernetes-eu-west-1", {"kubeconfig": "…", "context": "x"})
AMBIENT = resource("pulumi:providers:aws", "default_7_51_1", {})
NETWORK = resource("gostack:index:Network", "network-eu-central-1")
VPC = resource(
    "aws:ec2/vpc:Vpc", "network-eu-central-1-vpc", {"tags": {"service": "network"}}, parent=NETWORK, provider=FRANKFURT
)
NAMESPACE = resource("kubernetes:core/v1:ConfigMap", "users-eu-west-1-settings", provider=INSIDE_CLUSTER)
PLACED = graph(FRANKFURT, IRELAND, INSIDE_CLUSTER, AMBIENT, NETWORK, VPC, NAMESPACE)

EXAMPLES = {
    "iam-wildcard": Example(
        rights(READ, LOOK),
        {
            "everything": rights({**READ, "Action": "*"}),
            "everything of a service": rights({**READ, "Action": ["s3:*"]}),
            "all but something": rights({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            "writes everywhere": rights({**READ, "Action": "s3:PutObject", "Resource": "*"}),
        },
    ),
    "iam-administrator": Example(
        ATTACHED,
        {"an administrator": changed(ATTACHED, "attached", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")},
    ),
    "trusted-by-name": Example(
        trust(TRUST, FEDERATED),
        {
            "everybody": trust({**TRUST, "Principal": "*"}),
            "every account": trust({**TRUST, "Principal": {"AWS": ["*"]}}),
            "every workload of a provider": trust({**FEDERATED, "Condition": {}}),
        },
    ),
    "no-long-lived-keys": Example(
        trust(TRUST),
        {
            "a user": graph(resource("aws:iam/user:User", "deploy")),
            "a key": graph(resource("aws:iam/accessKey:AccessKey", "key")),
        },
    ),
    "rbac-wildcard": Example(
        ROLES,
        {
            "every verb": changed(ROLES, "role", "rules.0.verbs", ["*"]),
            "every resource": changed(ROLES, "role", "rules.0.resources", ["*"]),
            "every secret": changed(ROLES, "role", "rules.0.resources", ["secrets"]),
            "an administrator": changed(ROLES, "binding", "roleRef.name", "cluster-admin"),
        },
    ),
    "explicit-provider": Example(
        PLACED,
        {
            "none": changed(PLACED, "network-eu-central-1-vpc", "provider", ""),
            "the default one": changed(PLACED, "network-eu-central-1-vpc", "provider", AMBIENT.urn),
            "none for Kubernetes": changed(PLACED, "users-eu-west-1-settings", "provider", ""),
        },
    ),
    "provider-region": Example(
        PLACED,
        {
            "the other region": changed(PLACED, "network-eu-central-1-vpc", "provider", IRELAND.urn),
            "another region's cluster": changed(
                PLACED, "kubernetes-eu-west-1", "kubeconfig", "https://x.eu-central-1.eks.amazonaws.com"
            ),
        },
    ),
    "pinned-provider": Example(
        PLACED,
        {
            "no region": changed(PLACED, "aws-eu-west-1", "region", REMOVED),
            "the ambient kubeconfig": changed(PLACED, "kubernetes-eu-west-1", "kubeconfig", REMOVED),
        },
    ),
    "tags": Example(
        PLACED,
        {
            "no service": changed(PLACED, "network-eu-central-1-vpc", "tags", REMOVED),
            "no owner": changed(PLACED, "aws-eu-central-1", "defaultTags.tags.owner", REMOVED),
            "another stack": changed(PLACED, "network-eu-central-1-vpc", "tags.stack", "staging"),
        },
    ),
    "cost-is-known": Example(
        graph(FRANKFURT, IRELAND),
        {"no default tags": changed(graph(FRANKFURT, IRELAND), "aws-eu-west-1", "defaultTags", REMOVED)},
    ),
}
