"""What holds data: encrypted, kept, backed up; nothing is deleted or replaced by accident."""

from __future__ import annotations

from tests.graph.aws.regions import provider_region
from tests.graph.recorder import Graph, names

DATA = {
    "aws:rds/globalCluster:GlobalCluster",
    "aws:rds/cluster:Cluster",
    "aws:rds/clusterInstance:ClusterInstance",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
}


def test_everything_at_rest_is_encrypted_with_a_key_of_its_region(prod: Graph) -> None:
    expected = {
        "aws:rds/cluster:Cluster": "kmsKeyId",
        "aws:rds/clusterInstance:ClusterInstance": "performanceInsightsKmsKeyId",
        "aws:secretsmanager/secret:Secret": "kmsKeyId",
        "aws:sns/topic:Topic": "kmsMasterKeyId",
        "aws:ecr/repository:Repository": "encryptionConfigurations",
    }
    for type_, key in expected.items():
        found = prod.of_type(type_)
        assert found, type_
        for item in found:
            (used,) = item.property_dependencies[key]
            assert provider_region(prod, prod.resources[used]) == provider_region(prod, item), item.name
    for cluster in prod.of_type("aws:rds/cluster:Cluster") + prod.of_type("aws:rds/globalCluster:GlobalCluster"):
        assert cluster.plain("storageEncrypted") is True
    for key in prod.of_type("aws:kms/key:Key"):
        assert key.plain("enableKeyRotation") is True


def test_data_is_protected_here_and_in_aws(prod: Graph) -> None:
    assert names(item for item in prod.resources.values() if item.type in DATA and not item.protect) == set()
    for type_ in ("aws:rds/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster", "aws:eks/cluster:Cluster"):
        assert all(item.plain("deletionProtection") is True for item in prod.of_type(type_)), type_
    for cluster in prod.of_type("aws:rds/cluster:Cluster"):
        assert cluster.plain("skipFinalSnapshot") is False


def test_what_everything_stands_on_cannot_be_replaced_by_accident(prod: Graph) -> None:
    for type_ in (
        "aws:ec2/vpc:Vpc",
        "aws:ec2/subnet:Subnet",
        "aws:eks/cluster:Cluster",
        "aws:lb/loadBalancer:LoadBalancer",
    ):
        found = prod.of_type(type_)
        assert found
        assert names(item for item in found if not item.protect) == set()


def test_backups_reach_back_two_weeks_in_every_region(prod: Graph) -> None:
    assert [item.plain("backupRetentionPeriod") for item in prod.of_type("aws:rds/cluster:Cluster")] == [14, 14]
