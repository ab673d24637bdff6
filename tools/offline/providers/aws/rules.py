"""What AWS refuses beyond types: as data, by type and property."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tools.offline.providers.plugin.values import UNKNOWN, Properties

_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
    il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1
    us-west-1 us-west-2
"""
REGIONS = frozenset(_REGIONS.split())

# One of these has to be said, and only one.
_EXACTLY_ONE: dict[str, str] = {
    "aws:ec2/route:Route": "destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId"
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "subnetId gatewayId",
}

# Not together.
_CONFLICTS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws:rds/cluster:Cluster": (
        ("masterPassword", "manageMasterUserPassword"),
        ("clusterIdentifier", "clusterIdentifierPrefix"),
        ("masterPassword", "masterPasswordWo"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (("secretString", "secretBinary"),),
    "aws:iam/role:Role": (("name", "namePrefix"),),
    "aws:ec2/securityGroup:SecurityGroup": (("name", "namePrefix"),),
}

_CIDR = re.compile(r"cidr", re.IGNORECASE)
_PROTECTION = {
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:eks/cluster:Cluster": "deletionProtection",
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:rds/globalCluster:GlobalCluster": "deletionProtection",
    "aws:rds/instance:Instance": "deletionProtection",
}


def refused_values(token: str, inputs: Properties) -> list[tuple[str, str]]:
    """The properties whose value AWS would not take, with the reason."""
    found: list[tuple[str, str]] = []
    one_of = _EXACTLY_ONE.get(token, "").split()
    if one_of:
        given = [name for name in one_of if inputs.get(name) is not None]
        if len(given) != 1:
            said = f"but {', '.join(given)} were specified" if given else "but none was specified"
            reason = f"Invalid combination of arguments: one of {', '.join(one_of)} must be specified, {said}"
            found.append((one_of[0], reason))
    for first, second in _CONFLICTS.get(token, ()):
        if inputs.get(first) is not None and inputs.get(second) not in (None, False):
            found.append((first, f'Conflicting configuration arguments: "{first}" conflicts with "{second}"'))
    for name, value in inputs.items():
        found += [(name, reason) for reason in _refused(name, value)]
    region = inputs.get("region")
    if isinstance(region, str) and region not in REGIONS:
        found.append(("region", f'invalid AWS Region: "{region}"'))
    return found


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


def _refused(name: str, value: Any) -> list[str]:
    if value is UNKNOWN or value in (None, ""):
        return []
    if isinstance(value, list):
        return [reason for item in value for reason in _refused(name.removesuffix("s"), item)]
    if not isinstance(value, str):
        return []
    if _CIDR.search(name) and "/" not in name:
        return _refused_network(name, value)
    if name.endswith("Arn") and not value.startswith("arn:"):
        return [f'"{name}" ({value}) is an invalid ARN: arn: invalid prefix']
    return []


def _refused_network(name: str, value: str) -> list[str]:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        return [f'expected "{name}" to contain a valid network Value, got: {value} with err: {error}']
    return []
