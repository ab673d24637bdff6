"""What AWS refuses beyond types, as far as a rehearsal of a change needs it: another region's, and what is protected.

Whether AWS takes the values themselves is judged by its own models (tests/aws).
"""

from __future__ import annotations

import re

from tools.offline.providers.plugin.values import Properties

_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
    il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1
    us-west-1 us-west-2
"""
REGIONS = frozenset(_REGIONS.split())

_PROTECTION = {
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:eks/cluster:Cluster": "deletionProtection",
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:rds/globalCluster:GlobalCluster": "deletionProtection",
    "aws:rds/instance:Instance": "deletionProtection",
}


def refused_in_region(region: str, inputs: Properties) -> str | None:
    """Why AWS would not make this in the region: a zone or a key of another one."""
    zone = inputs.get("availabilityZone")
    if isinstance(zone, str) and not re.fullmatch(re.escape(region) + "[a-z]", zone):
        return f"InvalidParameterValue: Value ({zone}) for parameter availabilityZone is invalid in {region}"
    for name, value in inputs.items():
        if not isinstance(value, str) or not re.match(r"arn:[\w-]+:(kms|acm):", value):
            continue
        where = value.split(":")[3]
        if where and where != region:
            return f"InvalidParameterValue: {name} {value} is in {where}, not in {region}"
    return None


def refused_deletion(token: str, inputs: Properties) -> str | None:
    """Why AWS would not delete this."""
    protection = _PROTECTION.get(token)
    if protection and inputs.get(protection) is True:
        return f"it is protected: {protection} has to be false, and applied, before it can be deleted"
    if token in ("aws:rds/cluster:Cluster", "aws:rds/instance:Instance"):
        member = token.endswith("Instance") and inputs.get("replicateSourceDb")
        if not (inputs.get("skipFinalSnapshot") or inputs.get("finalSnapshotIdentifier") or member):
            return "finalSnapshotIdentifier is required when skipFinalSnapshot is false"
    return None
