"""What AWS would answer, as far as another resource of the stack uses it; whatever is missing resolves to nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"


def aws_outputs(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Computed outputs of one resource; its inputs are there already."""
    kind = type_.rsplit(":", 1)[-1]
    named = {} if "name" in inputs else {"name": f"{name}-1234567"}
    arn = {"arn": f"arn:aws:{kind.lower()}:::{name}"}
    match type_:
        case "aws:eks/cluster:Cluster":
            return {
                **arn,
                "endpoint": f"https://{name}.example.com",
                "certificateAuthority": {"data": base64.b64encode(name.encode()).decode()},
                "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": f"sg-of-{name}"},
            }
        case "aws:ec2/eip:Eip":
            return {"allocationId": f"allocation-of-{name}"}
        case "aws:kms/key:Key":
            return {**arn, "keyId": f"key-of-{name}"}
        case "aws:ecr/repository:Repository":
            return {**arn, "repositoryUrl": f"{ACCOUNT}.dkr.ecr.example.com/{inputs['name']}"}
        case "aws:acm/certificate:Certificate":
            proof = {
                "domainName": inputs["domainName"],
                "resourceRecordName": "_proof.example.com",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_proof.acm-validations.aws",
            }
            return {**arn, "domainValidationOptions": [proof]}
        case "aws:lb/loadBalancer:LoadBalancer":
            host = f"{name}.elb.example.com"
            return {**arn, **named, "dnsName": host, "zoneId": "ZNLB", "arnSuffix": f"net/{name}/1"}
        case "aws:lb/targetGroup:TargetGroup":
            return {**arn, **named, "arnSuffix": f"targetgroup/{name}/1"}
        case "aws:rds/cluster:Cluster":
            identifier = inputs["clusterIdentifier"]
            return {
                **arn,
                "endpoint": f"{identifier}.cluster.example.com",
                "readerEndpoint": f"{identifier}.cluster-ro.example.com",
            }
        case "aws:rds/clusterInstance:ClusterInstance":
            return {**arn, "endpoint": f"{inputs['identifier']}.example.com"}
        case "aws:elasticache/replicationGroup:ReplicationGroup":
            return {**arn, "primaryEndpointAddress": f"master.{inputs['replicationGroupId']}.cache.example.com"}
        case "aws:route53/record:Record":
            return {"fqdn": inputs["name"]}
        case _:
            return {**arn, **named}
