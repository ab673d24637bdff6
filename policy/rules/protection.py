"""Data outlives mistakes: deletion takes more than one wrong command, and there is a backup."""

from __future__ import annotations

from policy.resource import Graph, Marker, Resource, listing, mapping
from policy.rule import (
    PROD_ALONE,
    SHARED,
    Context,
    Environment,
    Finding,
    Findings,
    context_rule,
    resource_rule,
    stack_rule,
)

_DATA = frozenset(
    {
        "aws:rds/cluster:Cluster",
        "aws:rds/clusterInstance:ClusterInstance",
        "aws:rds/globalCluster:GlobalCluster",
        "aws:rds/instance:Instance",
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:dynamodb/table:Table",
        "aws:efs/fileSystem:FileSystem",
        "aws:secretsmanager/secret:Secret",
    }
)
"""Types on AWS whose deletion loses what cannot be made again."""

_DELETION_PROTECTION = {
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:rds/globalCluster:GlobalCluster": "deletionProtection",
    "aws:rds/instance:Instance": "deletionProtection",
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:eks/cluster:Cluster": "deletionProtection",
}
"""Type to the input by which AWS itself refuses the deletion."""

_BACKUP_DAYS = {
    "aws:rds/cluster:Cluster": "backupRetentionPeriod",
    "aws:rds/instance:Instance": "backupRetentionPeriod",
}
LEAST_BACKUP_DAYS = 7
_RETENTION = "spec.persistentVolumeClaimRetentionPolicy"


@context_rule("protected-data")
def protected_data(resource: Resource, context: Context) -> Findings:
    """Pulumi refuses to delete what holds data; in dev and staging it is enough that a volume outlives what uses it."""
    is_claim = resource.package == "kubernetes" and resource.kind == "PersistentVolumeClaim"
    holds_data = resource.type in _DATA or _is_data_volume(resource) or is_claim or _has_claims(resource)
    if not holds_data or resource.options.protect:
        return
    if context.environment is not Environment.PROD and _has_claims(resource):
        if resource.at(f"{_RETENTION}.whenDeleted", "Retain") != "Retain":
            yield Finding(resource, f"{_RETENTION}.whenDeleted", "deletes the data with the pods", 'set it to "Retain"')
        return
    if context.environment is Environment.DEV or (context.environment is not Environment.PROD and is_claim):
        if resource.options.retain_on_delete is False:
            yield Finding(
                resource,
                "retain_on_delete",
                "is not set: `destroy` deletes the data",
                "set it, or protect the resource",
            )
        return
    yield Finding(resource, "protect", "is not set: one wrong name in the program deletes the data", "set protect=True")


@resource_rule("deletion-protection", environments=SHARED)
def deletion_protection(resource: Resource) -> Findings:
    """AWS itself refuses to delete databases, clusters and load balancers, also by hand."""
    key = _DELETION_PROTECTION.get(resource.type)
    if key is not None and resource.at(key) not in (True, Marker.UNKNOWN):
        yield Finding(resource, key, "is not true: it can be deleted in the console", "set it to True")
    if resource.type in ("aws:ecr/repository:Repository", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"):
        force = "forceDelete" if "ecr" in resource.type else "forceDestroy"
        if resource.at(force) is True:
            yield Finding(resource, force, "is true: it is deleted with everything in it", "remove it")


@resource_rule("backups", environments=SHARED)
def backups(resource: Resource) -> Findings:
    """A database keeps at least seven days of backups, and takes a last one before it goes."""
    key = _BACKUP_DAYS.get(resource.type)
    if key is None:
        return
    days = resource.at(key, 1)
    if isinstance(days, int) and days < LEAST_BACKUP_DAYS:
        yield Finding(
            resource, key, f"is {days}: a mistake that is found after a week cannot be undone", "set it to 7 or more"
        )
    if resource.at("skipFinalSnapshot") is True:
        yield Finding(resource, "skipFinalSnapshot", "is true: nothing is left after a deletion", "set it to False")


@resource_rule("secret-recovery", environments=SHARED)
def secret_recovery(resource: Resource) -> Findings:
    """A deleted secret can be brought back for at least a week."""
    if resource.type != "aws:secretsmanager/secret:Secret":
        return
    days = resource.at("recoveryWindowInDays", 30)
    if isinstance(days, int) and days < 7:
        yield Finding(resource, "recoveryWindowInDays", f"is {days}: a deleted secret is gone", "set it to 30")


@stack_rule("bucket-versions", environments=SHARED)
def bucket_versions(graph: Graph) -> Findings:
    """A bucket keeps earlier versions of its objects."""
    versioned = frozenset[str]().union(
        *(
            item.dependencies
            for item in graph.of_type(
                "aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"
            )
            if item.at("versioningConfiguration.status") in ("Enabled", Marker.UNKNOWN)
        )
    )
    for bucket in graph.of_type("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"):
        if bucket.urn not in versioned:
            yield Finding(
                bucket, "versions", "are not kept: what is overwritten is gone", "add an aws.s3.BucketVersioning"
            )


@resource_rule("retained-claims", environments=PROD_ALONE)
def retained_claims(resource: Resource) -> Findings:
    """Volumes outlive the StatefulSet and the claim that asked for them."""
    if resource.package != "kubernetes":
        return
    if resource.kind == "StatefulSet" and _has_claims(resource):
        for key in ("whenDeleted", "whenScaled"):
            if resource.at(f"{_RETENTION}.{key}", "Retain") != "Retain":
                yield Finding(resource, f"{_RETENTION}.{key}", "deletes the data with the pods", 'set it to "Retain"')
    if resource.kind == "StorageClass" and resource.at("reclaimPolicy", "Delete") not in ("Retain", Marker.UNKNOWN):
        yield Finding(resource, "reclaimPolicy", "deletes the disk with its claim", 'set it to "Retain"')


def _is_data_volume(resource: Resource) -> bool:
    if resource.type != "docker:index/volume:Volume":
        return False
    labels = {mapping(item).get("label") for item in listing(resource.at("labels"))}
    return "gostack.data" in labels


def _has_claims(resource: Resource) -> bool:
    return (
        resource.package == "kubernetes"
        and resource.kind == "StatefulSet"
        and bool(listing(resource.at("spec.volumeClaimTemplates")))
    )
