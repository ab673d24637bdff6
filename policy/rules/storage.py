"""Nothing that is stored is public."""

from __future__ import annotations

from policy.resource import Graph, Marker, Resource
from policy.rule import Finding, Findings, resource_rule, stack_rule

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")


@stack_rule("public-bucket")
def public_bucket(graph: Graph) -> Findings:
    """Every S3 bucket refuses public access, in all four ways."""
    blocks = graph.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    for block in blocks:
        for key in _BLOCKS:
            if block.at(key) not in (True, Marker.UNKNOWN):
                yield Finding(block, key, "is not true: the bucket can be made public", "set it to True")
    blocked = frozenset[str]().union(*(item.dependencies for item in blocks))
    for bucket in graph.of_type(*_BUCKETS):
        if bucket.urn not in blocked:
            yield Finding(bucket, "public access", "is not blocked", "add an aws.s3.BucketPublicAccessBlock")


@resource_rule("public-acl")
def public_acl(resource: Resource) -> Findings:
    """No bucket has an access list for everybody."""
    acl = resource.at("acl")
    if resource.package == "aws" and "s3/" in resource.type and isinstance(acl, str) and acl.startswith("public-"):
        yield Finding(resource, "acl", f"is {acl}", "remove it")


@resource_rule("private-snapshot")
def private_snapshot(resource: Resource) -> Findings:
    """No snapshot or image is shared with everybody."""
    if resource.package == "aws" and resource.at("group") == "all" and "Permission" in resource.kind:
        yield Finding(resource, "group", "is all: everybody can copy the disk", "name the accounts")
