"""Types whose deletion or replacement loses something that no update brings back.

Type to what is lost, as it ends the sentence "… loses". A name that ends with * stands for all types that begin so.
"""

from __future__ import annotations

STATEFUL: dict[str, str] = {
    # Docker
    "docker:index/volume:Volume": "the files in it",
    # Kubernetes
    "kubernetes:core/v1:PersistentVolumeClaim": "the volume that it claims",
    "kubernetes:core/v1:PersistentVolume": "the volume",
    "kubernetes:core/v1:Namespace": "everything in it, volume claims among them",
    "kubernetes:apps/v1:StatefulSet": "the identity of its pods, and their volumes where their retention says so",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of that kind",
    # AWS: databases
    "aws:rds/cluster:Cluster": "the database",
    "aws:rds/instance:Instance": "the database",
    "aws:rds/globalCluster:GlobalCluster": "the replication between the regions",
    "aws:docdb/cluster:Cluster": "the database",
    "aws:neptune/cluster:Cluster": "the database",
    "aws:redshift/cluster:Cluster": "the warehouse",
    "aws:dynamodb/table:Table": "the table",
    "aws:dynamodb/globalTable:GlobalTable": "the table",
    "aws:elasticache/replicationGroup:ReplicationGroup": "what is cached, and what is kept nowhere else",
    "aws:elasticache/cluster:Cluster": "what is cached, and what is kept nowhere else",
    "aws:memorydb/cluster:Cluster": "the database",
    "aws:opensearch/domain:Domain": "the indexes",
    # AWS: files, queues, logs
    "aws:s3/bucket:Bucket": "the objects in it",
    "aws:s3/bucketV2:BucketV2": "the objects in it",
    "aws:ebs/volume:Volume": "the files in it",
    "aws:efs/fileSystem:FileSystem": "the files in it",
    "aws:fsx/*": "the files in it",
    "aws:ecr/repository:Repository": "the images in it",
    "aws:sqs/queue:Queue": "the messages in it",
    "aws:kinesis/stream:Stream": "the records in it",
    "aws:msk/cluster:Cluster": "the records in it",
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it",
    "aws:backup/vault:Vault": "the backups in it",
    # AWS: what other data cannot be read without
    "aws:kms/key:Key": "everything that is encrypted with it",
    "aws:kms/replicaKey:ReplicaKey": "everything in its region that is encrypted with it",
    "aws:secretsmanager/secret:Secret": "the secret's versions",
    "aws:cognito/userPool:UserPool": "the accounts in it",
    "aws:route53/zone:Zone": "the zone with all its records, and its name servers",
    "aws:eks/cluster:Cluster": "everything that runs in it",
}

STATEFUL_LABEL = "gostack.data"
"""Label of the Docker volumes that hold data; others of a stack are made again from what is elsewhere."""


def lost(table: dict[str, str], resource_type: str) -> str | None:
    """Return the entry of a type, exact ones first; None when there is none."""
    if resource_type in table:
        return table[resource_type]
    for pattern, value in table.items():
        if pattern.endswith("*") and resource_type.startswith(pattern[:-1]):
            return value
    return None
