"""What is stored is encrypted, with a key of the stack's own where AWS takes one."""

from __future__ import annotations

import json

from policy.resource import Graph, Marker, Resource, listing, mapping
from policy.rule import PROD_ALONE, Finding, Findings, resource_rule, stack_rule

_SWITCHES = {
    "aws:rds/cluster:Cluster": "storageEncrypted",
    "aws:rds/instance:Instance": "storageEncrypted",
    "aws:rds/globalCluster:GlobalCluster": "storageEncrypted",
    "aws:ebs/volume:Volume": "encrypted",
    "aws:ec2/ebsVolume:EbsVolume": "encrypted",
    "aws:efs/fileSystem:FileSystem": "encrypted",
    "aws:elasticache/replicationGroup:ReplicationGroup": "atRestEncryptionEnabled",
}
"""Type to the input that turns encryption on."""

_KEYS = {
    "aws:rds/cluster:Cluster": "kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
    "aws:sqs/queue:Queue": "kmsMasterKeyId",
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
    "aws:backup/vault:Vault": "kmsKeyArn",
}
"""Type to the input that names the key."""

_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)


@resource_rule("encryption-at-rest")
def encryption_at_rest(resource: Resource) -> Findings:
    """Databases, disks, images and secrets of a cluster are stored encrypted."""
    switch = _SWITCHES.get(resource.type)
    # A replica takes it over from what it replicates.
    inherits = resource.at("replicateSourceDb") or resource.at("snapshotIdentifier")
    if switch is not None and not inherits and resource.at(switch) not in (True, "true", Marker.UNKNOWN):
        yield Finding(resource, switch, "is not true: what is stored can be read from its disk", "set it to True")
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        for index, device in enumerate(listing(resource.at("blockDeviceMappings"))):
            if mapping(mapping(device).get("ebs")).get("encrypted") not in (True, "true", Marker.UNKNOWN):
                yield Finding(
                    resource,
                    f"blockDeviceMappings.{index}.ebs.encrypted",
                    "is not true: the nodes' disks can be read",
                    'set it to "true"',
                )
    if resource.type == "aws:ecr/repository:Repository":
        kinds = [mapping(item).get("encryptionType") for item in listing(resource.at("encryptionConfigurations"))]
        if "KMS" not in kinds and Marker.UNKNOWN not in kinds:
            yield Finding(
                resource,
                "encryptionConfigurations",
                "does not name KMS: images are stored with a key that nobody here can revoke",
                'set encryption_type to "KMS" with the stack\'s key',
            )
    if resource.type == "aws:eks/cluster:Cluster":
        encrypted = listing(resource.at("encryptionConfig.resources"))
        if "secrets" not in encrypted and not isinstance(resource.at("encryptionConfig"), Marker):
            yield Finding(
                resource,
                "encryptionConfig",
                "does not encrypt secrets: they lie in etcd with the cluster's disk encryption alone",
                'set resources to ["secrets"] with the stack\'s key',
            )
    if resource.package == "kubernetes" and resource.kind == "StorageClass":
        driver = str(resource.at("provisioner", ""))
        on_ebs = driver.endswith("ebs.csi.aws.com") or driver == "ebs.csi.eks.amazonaws.com"
        if on_ebs and resource.at("parameters.encrypted") not in ("true", Marker.UNKNOWN):
            yield Finding(resource, "parameters.encrypted", 'is not "true": volumes can be read', 'set it to "true"')


@resource_rule("own-key", environments=PROD_ALONE)
def own_key(resource: Resource) -> Findings:
    """What holds data, messages, logs or secrets is encrypted with a KMS key of the stack, which can be revoked."""
    key = _KEYS.get(resource.type)
    if key is None:
        return
    if not resource.at(key) and not (resource.type.endswith("sqs/queue:Queue") and resource.at("sqsManagedSseEnabled")):
        yield Finding(resource, key, "is missing: no key of the stack encrypts it", "set it to the region's KMS key")
    elif str(resource.at(key)).startswith("alias/aws/"):
        yield Finding(resource, key, "is AWS's own key, which nobody here can revoke", "set it to the region's KMS key")


@stack_rule("bucket-encryption")
def bucket_encryption(graph: Graph) -> Findings:
    """Every S3 bucket says how its objects are encrypted."""
    encrypted = frozenset[str]().union(*(item.dependencies for item in graph.of_type(*_BUCKET_ENCRYPTION)))
    for bucket in graph.of_type(*_BUCKETS):
        if bucket.urn not in encrypted and not bucket.at("serverSideEncryptionConfiguration"):
            yield Finding(
                bucket,
                "encryption",
                "is not said",
                "add an aws.s3.BucketServerSideEncryptionConfiguration with the stack's KMS key",
            )


@resource_rule("key-rotation")
def key_rotation(resource: Resource) -> Findings:
    """A KMS key renews itself every year, and its deletion can be taken back for a month."""
    if resource.type != "aws:kms/key:Key":
        return
    if resource.at("enableKeyRotation") is not True and resource.at("customerMasterKeySpec") in (
        None,
        "SYMMETRIC_DEFAULT",
    ):
        yield Finding(resource, "enableKeyRotation", "is not true: the key stays the same for ever", "set it to True")
    window = resource.at("deletionWindowInDays", 30)
    if isinstance(window, int) and window < 30:
        yield Finding(
            resource,
            "deletionWindowInDays",
            f"is {window}: a deleted key takes all that it encrypted with it",
            "set it to 30",
        )


@stack_rule("bucket-refuses-plain-http")
def bucket_refuses_plain_http(graph: Graph) -> Findings:
    """A bucket refuses requests without TLS."""
    refusing = frozenset[str]()
    for policy in graph.of_type("aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucketPolicyV2:BucketPolicyV2"):
        text = policy.at("policy", "")
        if isinstance(text, Marker) or "aws:SecureTransport" in (text if isinstance(text, str) else json.dumps(text)):
            refusing |= policy.dependencies
    for bucket in graph.of_type(*_BUCKETS):
        if bucket.urn not in refusing:
            yield Finding(
                bucket,
                "policy",
                "accepts requests without TLS",
                "add a BucketPolicy that denies everything where aws:SecureTransport is false",
            )
