"""A region's cluster, its access, its registry and what somebody is told of it in AWS, one component at a time.

Does not prove that AWS accepts it: nothing is created.
"""

from __future__ import annotations

import json

import pytest

from components.aws.alarms.budget import Budget
from components.aws.alarms.topic import AlarmTopic
from components.aws.eks.access import ClusterAccess
from components.aws.eks.alarms import ClusterAlarms
from components.aws.eks.cluster import Cluster
from components.aws.eks.defaults import ClusterDefaults
from components.aws.eks.insights import ClusterInsights
from components.aws.eks.roles import ClusterRoles
from components.aws.encryption_key import EncryptionKey
from components.aws.registry import Registry
from tests.components.alone import BEFORE, NAME, alone, children, document, only
from tests.graph.recorder import Graph, names

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return alone(Cluster, public_access_cidrs=[], protect=True, told=lambda made: {"kubeconfig": made.kubeconfig})


def test_a_cluster_is_made_after_its_key_its_roles_and_its_logs(cluster: Graph) -> None:
    found = cluster.resources[f"{NAME}-control-plane"]
    assert {f"{NAME}-logs", f"{NAME}-secrets-key", BEFORE} <= cluster.reachable(found.name)
    policies = names(cluster.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"))
    assert {name for name in policies if "-roles-cluster-" in name} <= found.dependencies


def test_a_cluster_is_protected_closed_and_encrypted(cluster: Graph) -> None:
    found = cluster.resources[f"{NAME}-control-plane"]
    assert found.protect
    assert found.plain("deletionProtection") is True
    assert found.plain("vpcConfig")["endpointPublicAccess"] is False
    assert found.plain("vpcConfig")["endpointPrivateAccess"] is True
    assert found.plain("encryptionConfig")["resources"] == ["secrets"]
    assert {"api", "audit", "authenticator"} <= set(found.plain("enabledClusterLogTypes"))
    opened = alone(Cluster, public_access_cidrs=["203.0.113.0/24"]).resources[f"{NAME}-control-plane"]
    assert opened.plain("vpcConfig")["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_nobody_is_administrator_by_having_made_a_cluster(cluster: Graph) -> None:
    access = cluster.resources[f"{NAME}-control-plane"].plain("accessConfig")
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_a_kubeconfig_holds_no_credential(cluster: Graph) -> None:
    (user,) = json.loads(cluster.outputs["kubeconfig"]["value"])["users"]
    assert user["user"].keys() == {"exec"}


def test_access_is_given_to_each_administrator_once() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    graph = alone(ClusterAccess, administrators=[role, role])
    assert children(graph) == {"deploy", "deploy-administrator"}
    assert graph.resources[f"{NAME}-deploy-administrator"].plain("accessScope") == {"type": "cluster"}


def test_nodes_may_pull_images_and_nothing_else() -> None:
    graph = alone(ClusterRoles)
    policies = {
        item.plain("policyArn").rpartition("/")[2]
        for item in graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if "-node-" in item.name
    }
    assert policies == {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
    trust = document(graph, "node-role", "assumeRolePolicy")["Statement"][0]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_disks_are_encrypted_and_survive_their_claims_and_policies_are_enforced() -> None:
    graph = alone(ClusterDefaults)
    disks = graph.resources[f"{NAME}-disks"]
    assert children(graph) == {"disks", "network-policies"}
    assert disks.plain("parameters")["encrypted"] == "true"
    assert disks.plain("reclaimPolicy") == "Retain"
    assert disks.plain("volumeBindingMode") == "WaitForFirstConsumer"
    assert disks.plain("metadata")["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    switch = graph.resources[f"{NAME}-network-policies"].plain("data")
    assert switch == {"enable-network-policy-controller": "true"}


def test_an_agent_is_installed_when_it_may_write_and_its_logs_end() -> None:
    graph = alone(ClusterInsights, log_retention_days=30)
    agent = graph.resources[f"{NAME}-agent"]
    groups = graph.of_type("aws:cloudwatch/logGroup:LogGroup")
    assert {f"{NAME}-identity", f"{NAME}-policy", *names(groups)} <= agent.dependencies
    assert len(groups) == 4
    assert {group.plain("retentionInDays") for group in groups} == {30}
    assert all(group.plain("kmsKeyId") for group in groups)


def test_somebody_is_told_of_full_and_lost_nodes_and_of_failed_requests() -> None:
    graph = alone(ClusterAlarms)
    alarms = graph.of_type(ALARM)
    assert {item.name.removeprefix(f"{NAME}-") for item in alarms} == {"cpu", "memory", "failed-nodes", "errors"}
    for alarm in alarms:
        assert alarm.parent == NAME
        assert alarm.plain("alarmActions") == alarm.plain("okActions") != []
    pattern = only(graph, "aws:cloudwatch/logMetricFilter:LogMetricFilter").plain("pattern")
    assert "status >= 500" in pattern


def test_a_key_is_renewed_waits_when_it_is_deleted_and_is_protected() -> None:
    graph = alone(EncryptionKey, protect=True)
    key = graph.resources[f"{NAME}-key"]
    assert children(graph) == {"key", "alias"}
    assert key.protect
    assert key.plain("enableKeyRotation") is True
    assert key.plain("deletionWindowInDays") == 30
    assert BEFORE in key.dependencies


def test_services_of_aws_use_a_key_for_this_account_alone() -> None:
    statements = document(alone(EncryptionKey, services=["ecr.amazonaws.com"]), "key", "policy")["Statement"]
    (service,) = [item for item in statements if "Service" in item["Principal"]]
    assert "123456789012" in json.dumps(service["Condition"])


def test_releases_never_move_are_scanned_encrypted_and_protected() -> None:
    graph = alone(Registry, protect=True)
    own = graph.resources[f"{NAME}-gostack-users"]
    for repository in graph.of_type("aws:ecr/repository:Repository"):
        assert repository.plain("imageTagMutability") == "IMMUTABLE"
        assert repository.plain("imageScanningConfiguration")["scanOnPush"] is True
        assert repository.plain("encryptionConfigurations")[0]["encryptionType"] == "KMS"
    assert own.protect
    assert own.name in graph.resources[f"{NAME}-replication"].dependencies
    assert BEFORE in graph.resources[f"{NAME}-replication"].dependencies
    assert "replication" not in children(alone(Registry, replicated_to=[]))


def test_alarms_are_encrypted_and_told_to_everybody_who_is_named() -> None:
    graph = alone(AlarmTopic, emails=["a@example.com", "b@example.com"])
    assert children(graph) == {"topic", "policy", "a-at-example.com", "b-at-example.com"}
    assert graph.resources[f"{NAME}-topic"].plain("kmsMasterKeyId")
    assert "123456789012" in json.dumps(document(graph, "policy", "policy"))


def test_a_budget_tells_before_the_money_is_spent() -> None:
    budget = alone(Budget, monthly_usd=100).resources[f"{NAME}-month"]
    assert budget.plain("limitAmount") == "100"
    assert budget.plain("costFilters") == [{"name": "TagKeyValue", "values": ["user:stack$test"]}]
    assert {(item["notificationType"], item["threshold"]) for item in budget.plain("notifications")} == {
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    }
