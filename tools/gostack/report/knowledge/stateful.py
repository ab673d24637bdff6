"""Types whose deletion or replacement loses something that no update brings back."""

from __future__ import annotations

STATEFUL = frozenset(
    """
    docker:index/volume:Volume
    kubernetes:core/v1:PersistentVolumeClaim kubernetes:core/v1:PersistentVolume kubernetes:core/v1:Namespace
    kubernetes:apps/v1:StatefulSet kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition
    aws:rds/cluster:Cluster aws:rds/instance:Instance aws:rds/globalCluster:GlobalCluster aws:docdb/cluster:Cluster
    aws:neptune/cluster:Cluster aws:redshift/cluster:Cluster aws:dynamodb/table:Table
    aws:dynamodb/globalTable:GlobalTable aws:elasticache/replicationGroup:ReplicationGroup
    aws:elasticache/cluster:Cluster aws:memorydb/cluster:Cluster aws:opensearch/domain:Domain
    aws:s3/bucket:Bucket aws:s3/bucketV2:BucketV2 aws:ebs/volume:Volume aws:efs/fileSystem:FileSystem
    aws:ecr/repository:Repository aws:sqs/queue:Queue aws:kinesis/stream:Stream aws:msk/cluster:Cluster
    aws:cloudwatch/logGroup:LogGroup aws:backup/vault:Vault
    aws:kms/key:Key aws:kms/replicaKey:ReplicaKey aws:secretsmanager/secret:Secret aws:cognito/userPool:UserPool
    aws:route53/zone:Zone aws:eks/cluster:Cluster
    """.split()  # noqa: SIM905  # a table
)

STATEFUL_LABEL = "gostack.data"
"""Label of the Docker volumes that hold data; others of a stack are made again from what is elsewhere."""


def stateful(resource_type: str) -> bool:
    """Whether resources of a type hold data."""
    return resource_type in STATEFUL or resource_type.startswith("aws:fsx/")
