"""The database of all regions and of one, in AWS, one component at a time.

Does not prove that Aurora fails over: nothing is created.
"""

from __future__ import annotations

import json

import pytest

from components.aws.aurora.alarms import DatabaseAlarms
from components.aws.aurora.database import Database
from components.aws.aurora.member import DatabaseMember
from tests.components.alone import BEFORE, NAME, Secret, alone, children, only
from tests.graph.recorder import Graph, names


@pytest.fixture(scope="module")
def writer() -> Graph:
    return alone(DatabaseMember, administrator_password=Secret("correct-horse"), protect=True, instances=2)


def test_the_administrators_password_is_made_here_and_secret() -> None:
    graph = alone(Database, told=lambda made: {"password": made.administrator_password, "cluster": made.global_cluster})
    assert graph.outputs["password"]["secret"] is True
    password = graph.outputs["password"]["value"]
    assert len(password) >= 32
    assert [name for name, text in graph.in_plain().items() if password in text] == []
    version = graph.resources[f"{NAME}-administrator-version"]
    assert version.is_secret("secretString")
    assert json.loads(version.plain("secretString"))["password"] == password


def test_the_global_database_and_its_secret_are_protected_and_encrypted() -> None:
    graph = alone(Database, protect=True)
    cluster, secret = (graph.resources[f"{NAME}-{part}"] for part in ("global", "administrator"))
    assert cluster.protect
    assert secret.protect
    assert cluster.plain("deletionProtection") is cluster.plain("storageEncrypted") is True
    assert secret.plain("kmsKeyId")
    assert [item["region"] for item in secret.plain("replicas")] == ["us-east-1"]


def test_a_rotation_makes_another_password() -> None:
    first = alone(Database, password_rotation=1)
    assert f"{NAME}-password" in alone(Database, password_rotation=2, kept=first).changed(first)
    assert alone(Database, password_rotation=1, kept=first).changed(first) == set()


def test_the_writer_has_the_password_and_a_copy_has_none(writer: Graph) -> None:
    copy = alone(DatabaseMember).resources[f"{NAME}-cluster"]
    cluster = writer.resources[f"{NAME}-cluster"]
    assert cluster.is_secret("masterPassword")
    assert [name for name, text in writer.in_plain().items() if "correct-horse" in text] == []
    assert "masterPassword" not in copy.inputs
    assert "masterUsername" not in copy.inputs


def test_rows_are_encrypted_protected_and_kept_when_the_cluster_goes(writer: Graph) -> None:
    cluster = writer.resources[f"{NAME}-cluster"]
    assert cluster.protect
    assert cluster.plain("storageEncrypted") is cluster.plain("deletionProtection") is True
    assert cluster.plain("skipFinalSnapshot") is False
    assert cluster.plain("finalSnapshotIdentifier")
    assert cluster.plain("backupRetentionPeriod") == 7
    assert cluster.plain("kmsKeyId")


def test_a_switchover_and_an_upgrade_change_nothing_of_a_member(writer: Graph) -> None:
    ignored = set(writer.resources[f"{NAME}-cluster"].ignore_changes)
    assert {"replicationSourceIdentifier", "engineVersion", "masterUsername"} <= ignored


def test_a_cluster_is_made_after_its_log_groups_and_what_it_waits_for(writer: Graph) -> None:
    groups = names(writer.of_type("aws:cloudwatch/logGroup:LogGroup"))
    assert groups
    assert {*groups, BEFORE} <= writer.resources[f"{NAME}-cluster"].dependencies


def test_pods_alone_reach_it_and_over_tls_alone(writer: Graph) -> None:
    rule = only(writer, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule.plain("referencedSecurityGroupId"), rule.plain("fromPort"), rule.plain("toPort")) == (
        "sg-1",
        3306,
        3306,
    )
    assert rule.plain("cidrIpv4") is None
    parameters = {
        item["name"]: item["value"]
        for item in only(writer, "aws:rds/clusterParameterGroup:ClusterParameterGroup").plain("parameters")
    }
    assert parameters["require_secure_transport"] == "ON"


def test_instances_are_private_patched_by_hand_and_take_over_in_order(writer: Graph) -> None:
    instances = [writer.resources[f"{NAME}-{index}"] for index in range(2)]
    assert [item.plain("promotionTier") for item in instances] == [0, 1]
    for item in instances:
        assert item.plain("publiclyAccessible") is False
        assert item.plain("autoMinorVersionUpgrade") is False
        assert item.protect
        assert item.delete_before_replace is True


def test_whoever_uses_the_database_waits_for_an_instance(writer: Graph) -> None:
    graph = alone(DatabaseMember, told=lambda made: {"writer": made.writer_host, "reader": made.reader_host})
    assert graph.outputs["writer"]["value"] == "test.cluster.example.com"
    assert graph.outputs["reader"]["value"] == "test.cluster-ro.example.com"
    assert "alarms" in children(writer)


@pytest.mark.parametrize("copy", [True, False])
def test_lag_is_an_alarm_where_there_can_be_any(copy: bool) -> None:
    graph = alone(DatabaseAlarms, copy=copy)
    found = children(graph)
    assert {"cpu", "memory", "storage", "deadlocks", "failed-logins"} <= found
    assert ("replication-lag" in found) is copy
    if copy:
        # No figure means that nothing arrives at all.
        assert graph.resources[f"{NAME}-replication-lag"].plain("treatMissingData") == "breaching"
