"""Every wrong property of what a stack registers is found by a rule, and every stack file that no rule allows."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from policy.judge import judge
from policy.resource import Graph
from policy.rule import Environment
from tests.support import graphs
from tests.support.graphs import REMOVED
from tests.support.stacks import recorded, stack_graph, with_setting

_USERS = "users-eu-central-1-deployment"
_CONTAINER = "spec.template.spec.containers.0"

PROPERTIES: list[tuple[str, str, str, str, Any]] = [
    (
        "a container with the engine's socket",
        "dev",
        "users-east-0-application",
        "volumes",
        [{"hostPath": "/var/run/docker.sock"}],
    ),
    ("a privileged container", "dev", "ingress-east-nginx", "privileged", True),
    ("a container with capabilities", "dev", "mysql-east-server", "capabilities", REMOVED),
    ("a container without a memory limit", "dev", "users-east-0-application", "memory", REMOVED),
    ("an image by tag", "dev", "ingress-west-nginx", "image", "nginx:1.30"),
    ("a volume that goes with the stack", "dev", "mysql-west-data", "options.retain_on_delete", False),
    (
        "Consul's interface for the whole network",
        "dev",
        "consul-east-server-0",
        "ports",
        [{"internal": 8500, "external": 8500, "ip": "0.0.0.0"}],
    ),
    ("a release that nobody waits for", "dev", "ingress-east-nginx", "wait", False),
    ("no default deny", "staging", "east-deny", "", REMOVED),
    ("a way in for everybody", "staging", "mysql-east-paths", "spec.ingress.0", {}),
    (
        "a namespace that takes any pod",
        "staging",
        "east-namespace",
        "metadata.labels.pod-security.kubernetes.io/enforce",
        "privileged",
    ),
    ("a password in a ConfigMap", "staging", "ingress-east-files", "data.password.txt", "correct-horse-battery"),
    (
        "a database's data that goes with its pods",
        "staging",
        "mysql-east-server",
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        "Delete",
    ),
    ("the ambient provider", "staging", "users-east-deployment", "provider", ""),
    ("replicas beside an autoscaler", "staging", "users-east-deployment", "spec.replicas", 2),
    ("a readiness probe dropped", "staging", "ingress-east-deployment", f"{_CONTAINER}.readinessProbe", REMOVED),
    (
        "TLS 1.0 in nginx.conf",
        "staging",
        "ingress-east-files",
        "data.nginx.conf",
        "server { listen 8443 ssl;\n ssl_protocols TLSv1 TLSv1.2;\n}\n",
    ),
    ("a liveness probe dropped", "prod", _USERS, f"{_CONTAINER}.livenessProbe", REMOVED),
    ("limits dropped", "prod", _USERS, f"{_CONTAINER}.resources.limits", REMOVED),
    ("a pod as root", "prod", _USERS, f"{_CONTAINER}.securityContext.runAsUser", 0),
    ("a writable root", "prod", _USERS, f"{_CONTAINER}.securityContext.readOnlyRootFilesystem", False),
    ("the node's network", "prod", _USERS, "spec.template.spec.hostNetwork", True),
    ("a token for the cluster's API", "prod", _USERS, "spec.template.spec.automountServiceAccountToken", REMOVED),
    (
        "a token in a variable",
        "prod",
        _USERS,
        f"{_CONTAINER}.env.0",
        {"name": "GITHUB_TOKEN", "value": "not-even-random"},
    ),
    ("an image by tag in prod", "prod", _USERS, f"{_CONTAINER}.image", "registry.example.com/users:1.4.2"),
    ("no disruption budget", "prod", "users-eu-central-1-budget", "", REMOVED),
    ("an autoscaler that goes down to one", "prod", "users-eu-central-1-autoscaler", "spec.minReplicas", 1),
    ("a release that takes pods away first", "prod", _USERS, "spec.strategy.rollingUpdate.maxUnavailable", 1),
    (
        "another region's cluster",
        "prod",
        _USERS,
        "provider",
        "urn:pulumi:prod::gostack::pulumi:providers:kubernetes::kubernetes-us-east-1",
    ),
    ("SSH from everywhere", "prod", "database-eu-central-1-from-pods", "cidrIpv4", "0.0.0.0/0"),
    ("another port of the load balancer", "prod", "entry-eu-central-1-https-from-anyone", "toPort", 8443),
    ("a public database", "prod", "database-eu-central-1-0", "publiclyAccessible", True),
    ("a database without encryption", "prod", "database-eu-central-1-cluster", "storageEncrypted", False),
    ("a database without deletion protection", "prod", "database-eu-central-1-cluster", "deletionProtection", False),
    ("an unprotected database", "prod", "database-eu-central-1-cluster", "options.protect", False),
    ("connections to the database in plain text", "prod", "database-eu-central-1-parameters", "parameters", []),
    ("a bill that nobody can split", "prod", "database-eu-central-1-cluster", "tags.cost-centre", ""),
    ("tags that move", "prod", "registry-eu-central-1-gostack-users", "imageTagMutability", "MUTABLE"),
    ("a key that stays for ever", "prod", "data-eu-central-1-key", "enableKeyRotation", False),
    ("logs for ever", "prod", "cluster-eu-central-1-logs", "retentionInDays", REMOVED),
    ("no audit of the control plane", "prod", "cluster-eu-central-1-control-plane", "enabledClusterLogTypes", ["api"]),
    ("secrets in etcd without a key", "prod", "cluster-eu-central-1-control-plane", "encryptionConfig", REMOVED),
    ("no flow logs", "prod", "network-eu-central-1-flow-logs-log", "", REMOVED),
    ("an alarm without a listener", "prod", "database-eu-central-1-alarms-cpu", "alarmActions", []),
    (
        "a role for everything",
        "prod",
        "network-eu-central-1-flow-logs-policy",
        "policy",
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    ),
    ("a health check in plain text", "prod", "dns-eu-central-1-health", "type", "HTTP"),
    (
        "TLS of 2016 at the load balancer",
        "prod",
        "entry-eu-central-1-https-listener",
        "sslPolicy",
        "ELBSecurityPolicy-2016-08",
    ),
    (
        "a network in the wrong region",
        "prod",
        "network-eu-central-1-vpc",
        "provider",
        "urn:pulumi:prod::gostack::pulumi:providers:aws::aws-us-east-1",
    ),
]
"""Title, stack, resource, property (empty: the resource is not there), value."""

SETTINGS: list[tuple[str, str, str, Any]] = [
    ("a password in plain text", "dev", "services.users.environment", {"SMTP_PASSWORD": "correct-horse"}),
    ("an access key in plain text", "dev", "services.users.environment", {"UPLOAD": "AKIAIOSFODNN7EXAMPLE"}),
    ("an ingress for the whole network", "dev", "regions.west.bind_address", "0.0.0.0"),
    ("one replica", "prod", "services.users.replicas", 1),
    ("data without protection", "prod", "aws.protect", False),
    ("one day of backups", "prod", "aws.database.backup_retention_days", 1),
    ("logs of one day", "prod", "aws.log_retention_days", 1),
]
"""Title, stack, setting, value: right on another stack."""


def refusals(graph: Graph, stack: str) -> set[str]:
    return {item.finding.message for item in judge(graph, Environment(stack)) if item.blocks}


@cache
def known(stack: str) -> set[str]:
    """What the rules find in a stack as it is published."""
    return refusals(stack_graph(stack), stack)


@pytest.mark.parametrize(("title", "stack", "name", "path", "value"), PROPERTIES, ids=[item[0] for item in PROPERTIES])
def test_the_rules_catch_a_wrong_property(title: str, stack: str, name: str, path: str, value: Any) -> None:
    before = stack_graph(stack)
    after = graphs.changed(before, name, path, value) if path else graphs.without(before, name)
    assert refusals(after, stack) - known(stack), title


@pytest.mark.parametrize(("title", "stack", "path", "value"), SETTINGS, ids=[item[0] for item in SETTINGS])
def test_the_rules_refuse_what_the_settings_accept(title: str, stack: str, path: str, value: Any) -> None:
    graph = recorded(stack, lambda document: with_setting(document, path, value))
    assert refusals(graph, stack), title
