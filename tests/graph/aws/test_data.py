"""What holds data: encrypted, kept, backed up; nothing is deleted or replaced by accident."""

from __future__ import annotations

from tests.graph.aws.regions import provider_region
from tests.graph.recorder import Graph


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
