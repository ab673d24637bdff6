"""Every wrong property of what a stack registers is found by a rule, and every stack file that no rule allows."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from policy.judge import judge
from policy.resource import Graph
from policy.rule import Environment
from tests.support import graphs
from tests.support.dotted_paths import REMOVED, set_at
from tests.support.settings import Document
from tests.support.stacks import recorded, stack_graph

_USERS = "users-eu-central-1-deployment"
_CONTAINER = "spec.template.spec.containers.0"

PROPERTIES: list[tuple[str, str, str, Any]] = [
    ("dev", "users-east-0-application", "volumes", [{"hostPath": "/var/run/docker.sock"}]),
    ("dev", "ingress-east-nginx", "privileged", True),
    ("dev", "mysql-east-server", "capabilities", REMOVED),
    ("dev", "users-east-0-application", "memory", REMOVED),
    ("dev", "ingress-west-nginx", "image", "nginx:1.30"),
    ("dev", "mysql-west-data", "options.retain_on_delete", False),
    ("dev", "consul-east-server-0", "ports", [{"internal": 8500, "external": 8500, "ip": "0.0.0.0"}]),
    ("dev", "ingress-east-nginx", "wait", False),
    ("staging", "east-deny", "", REMOVED),
    ("staging", "mysql-east-paths", "spec.ingress.0", {}),
    ("staging", "east-namespace", "metadata.labels.pod-security.kubernetes.io/enforce", "privileged"),
    ("staging", "ingress-east-files", "data.password.txt", "correct-horse-battery"),
    ("staging", "mysql-east-server", "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Delete"),
    ("staging", "users-east-deployment", "provider", ""),
    ("staging", "users-east-deployment", "spec.replicas", 2),
    ("staging", "ingress-east-deployment", f"{_CONTAINER}.readinessProbe", REMOVED),
    ("staging", "ingress-east-files", "data.nginx.conf", "listen 8443 ssl;\n ssl_protocols TLSv1 TLSv1.2;\n"),
    ("prod", _USERS, f"{_CONTAINER}.livenessProbe", REMOVED),
    ("prod", _USERS, f"{_CONTAINER}.resources.limits", REMOVED),
    ("prod", _USERS, f"{_CONTAINER}.securityContext.runAsUser", 0),
    ("prod", _USERS, f"{_CONTAINER}.securityContext.readOnlyRootFilesystem", False),
    ("prod", _USERS, "spec.template.spec.hostNetwork", True),
    ("prod", _USERS, "spec.template.spec.automountServiceAccountToken", REMOVED),
    ("prod", _USERS, f"{_CONTAINER}.env.0", {"name": "GITHUB_TOKEN", "value": "not-even-random"}),
    ("prod", _USERS, f"{_CONTAINER}.image", "registry.example.com/users:1.4.2"),
    ("prod", "users-eu-central-1-budget", "", REMOVED),
    ("prod", "users-eu-central-1-autoscaler", "spec.minReplicas", 1),
    ("prod", _USERS, "spec.strategy.rollingUpdate.maxUnavailable", 1),
    ("prod", _USERS, "provider", "urn:pulumi:prod::gostack::pulumi:providers:kubernetes::kubernetes-us-east-1"),
    ("prod", "database-eu-central-1-from-pods", "cidrIpv4", "0.0.0.0/0"),
    ("prod", "entry-eu-central-1-https-from-anyone", "toPort", 8443),
    ("prod", "database-eu-central-1-0", "publiclyAccessible", True),
    ("prod", "database-eu-central-1-cluster", "storageEncrypted", False),
    ("prod", "database-eu-central-1-cluster", "deletionProtection", False),
    ("prod", "database-eu-central-1-cluster", "options.protect", False),
    ("prod", "database-eu-central-1-parameters", "parameters", []),
    ("prod", "database-eu-central-1-cluster", "tags.cost-centre", ""),
    ("prod", "registry-eu-central-1-gostack-users", "imageTagMutability", "MUTABLE"),
    ("prod", "data-eu-central-1-key", "enableKeyRotation", False),
    ("prod", "cluster-eu-central-1-logs", "retentionInDays", REMOVED),
    ("prod", "cluster-eu-central-1-control-plane", "enabledClusterLogTypes", ["api"]),
    ("prod", "cluster-eu-central-1-control-plane", "encryptionConfig", REMOVED),
    ("prod", "network-eu-central-1-flow-logs-log", "", REMOVED),
    ("prod", "database-eu-central-1-alarms-cpu", "alarmActions", []),
    (
        "prod",
        "network-eu-central-1-flow-logs-policy",
        "policy",
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    ),
    ("prod", "dns-eu-central-1-health", "type", "HTTP"),
    ("prod", "entry-eu-central-1-https-listener", "sslPolicy", "ELBSecurityPolicy-2016-08"),
    ("prod", "network-eu-central-1-vpc", "provider", "urn:pulumi:prod::gostack::pulumi:providers:aws::aws-us-east-1"),
]
"""Stack, resource, property (empty: the resource is not there), value."""

SETTINGS: list[tuple[str, str, Any, str]] = [
    (
        "dev",
        "services.users.environment.SMTP_PASSWORD",
        "correct-horse",
        'what its name "SMTP_PASSWORD" calls a secret',
    ),
    ("dev", "services.users.environment.UPLOAD", "AKIAIOSFODNN7EXAMPLE", "holds an AWS access key in plain text"),
    ("dev", "regions.west.bind_address", "0.0.0.0", "is every address of the machine"),
    ("prod", "services.users.replicas", 1, "is 1: one lost pod is an outage"),
    ("prod", "aws.protect", False, "one wrong name in the program deletes the data"),
    ("prod", "aws.database.backup_retention_days", 1, "is 1: a mistake that is found after a week cannot be undone"),
    ("prod", "aws.log_retention_days", 1, "is 1: incidents are found later"),
]
"""Stack, setting, value (right on another stack), what a rule says of it."""


@cache
def refused(stack: str) -> str:
    """What the rules say of a stack with all of these settings."""

    def change(document: Document) -> None:
        for where, path, value, _ in SETTINGS:
            if where == stack:
                set_at(document, path, value)

    return "\n".join(refusals(recorded(stack, change), stack))


def refusals(graph: Graph, stack: str) -> set[str]:
    return {item.finding.message for item in judge(graph, Environment(stack)) if item.blocks}


@cache
def known(stack: str) -> set[str]:
    """What the rules find in a stack as it is published."""
    return refusals(stack_graph(stack), stack)


@pytest.mark.parametrize(
    ("stack", "name", "path", "value"), PROPERTIES, ids=[" ".join(item[1:3]) for item in PROPERTIES]
)
def test_the_rules_catch_a_wrong_property(stack: str, name: str, path: str, value: Any) -> None:
    before = stack_graph(stack)
    after = graphs.changed(before, name, path, value) if path else graphs.without(before, name)
    assert refusals(after, stack) - known(stack)


@pytest.mark.parametrize(("stack", "path", "value", "says"), SETTINGS, ids=[item[1] for item in SETTINGS])
def test_the_rules_refuse_what_the_settings_accept(stack: str, path: str, value: Any, says: str) -> None:
    assert says in refused(stack)
    assert not any(says in text for text in known(stack))
