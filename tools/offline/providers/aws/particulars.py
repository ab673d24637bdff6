"""Outputs that only one type has, or that follow from its inputs: endpoints, certificates' records, addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.offline.providers.aws import local_cluster

Words = dict[str, str]
Inputs = dict[str, Any]

# The zone in which Amazon's own names of a region's load balancers are.
_BALANCER_ZONE = "Z3F0SRJ5LGBH90"


def particulars(token: str, words: Words, inputs: Inputs) -> dict[str, Any]:
    """The particular outputs of a type."""
    special = _SPECIAL.get(token)
    return special(words, inputs) if special else {}


def _eks_cluster(words: Words, inputs: Inputs) -> dict[str, Any]:
    region, digits = words["region"], words["hex16"].upper()
    cluster = local_cluster.of_region(region)
    endpoint = cluster.server if cluster else f"https://{digits}.gr7.{region}.eks.amazonaws.com"
    return {
        "endpoint": endpoint,
        "certificateAuthority": {"data": cluster.authority if cluster else local_cluster.SOME_AUTHORITY},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{digits}"}]}],
        "platformVersion": "eks.1",
        "status": "ACTIVE",
        "clusterId": "",
        "vpcConfig": {"clusterSecurityGroupId": f"sg-{words['hex17']}", "vpcId": f"vpc-{words['hex17']}"},
        "version": "1.36",
    }


def _rds_cluster(words: Words, inputs: Inputs) -> dict[str, Any]:
    name, region = words["id"], words["region"]
    outputs: dict[str, Any] = {
        "endpoint": f"{name}.cluster-{words['hex8']}.{region}.rds.amazonaws.com",
        "readerEndpoint": f"{name}.cluster-ro-{words['hex8']}.{region}.rds.amazonaws.com",
        "clusterResourceId": f"cluster-{words['upper13']}",
        "engineVersionActual": inputs.get("engineVersion") or "8.0.mysql_aurora.3.10.1",
        "port": 5432 if "postgres" in str(inputs.get("engine")) else 3306,
        "masterUserSecrets": [],
        "masterUsername": "admin",
        "availabilityZones": [f"{region}{letter}" for letter in "abc"],
        "engineMode": "provisioned",
        "clusterMembers": [],
        "iamRoles": [],
        "storageType": "",
        "databaseName": "",
        "dbClusterParameterGroupName": "default.aurora-mysql8.0",
        "dbSubnetGroupName": "default",
        "vpcSecurityGroupIds": [],
        "kmsKeyId": "",
    }
    if inputs.get("manageMasterUserPassword"):
        secret = (
            f"arn:{words['partition']}:secretsmanager:{region}:{words['account']}:secret:rds!cluster-{words['uuid']}"
        )
        key = inputs.get("masterUserSecretKmsKeyId") or f"arn:aws:kms:{region}:{words['account']}:key/{words['uuid']}"
        outputs["masterUserSecrets"] = [{"secretArn": secret, "kmsKeyId": key, "secretStatus": "active"}]
    return outputs


def _rds_instance(words: Words, inputs: Inputs) -> dict[str, Any]:
    name = inputs.get("identifier") or words["id"]
    address = f"{name}.{words['hex8']}.{words['region']}.rds.amazonaws.com"
    return {
        "address": address,
        "endpoint": f"{address}:3306" if words["title"] == "instance" else address,
        "port": 3306,
        "dbiResourceId": f"db-{words['upper13']}",
        "availabilityZone": f"{words['region']}a",
        "writer": False,
        "status": "available",
    }


def _global_cluster(words: Words, inputs: Inputs) -> dict[str, Any]:
    name = words["id"]
    return {
        "endpoint": f"{name}.global-{words['hex8']}.global.rds.amazonaws.com",
        "globalClusterResourceId": f"cluster-{words['hex16']}",
        "engine": "aurora-mysql",
        "engineVersionActual": inputs.get("engineVersion") or "8.0.mysql_aurora.3.10.1",
        "globalClusterMembers": [],
    }


def _replication_group(words: Words, inputs: Inputs) -> dict[str, Any]:
    name = f"{words['id']}.{words['hex8']}.{words['region']}.cache.amazonaws.com"
    return {"primaryEndpointAddress": f"master.{name}", "readerEndpointAddress": f"replica.{name}"}


def _certificate(words: Words, inputs: Inputs) -> dict[str, Any]:
    names = dict.fromkeys([inputs.get("domainName"), *(inputs.get("subjectAlternativeNames") or [])])
    options = [
        {
            "domainName": name,
            "resourceRecordName": f"_{words['hex16']}.{str(name).removeprefix('*.')}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"_{words['hex17']}.acm-validations.aws.",
        }
        for name in names
        if name
    ]
    return {
        "domainValidationOptions": options,
        "status": "PENDING_VALIDATION",
        "type": "AMAZON_ISSUED",
        "renewalEligibility": "INELIGIBLE",
        "keyAlgorithm": "RSA_2048",
        "notBefore": "2026-01-01T00:00:00Z",
        "notAfter": "2026-07-18T00:00:00Z",
    }


def _load_balancer(words: Words, inputs: Inputs) -> dict[str, Any]:
    kind = "app" if inputs.get("loadBalancerType") in (None, "application") else "net"
    arn = (
        words["arn"]
        .replace(":loadbalancer/net/", f":loadbalancer/{kind}/")
        .replace("loadbalancer/app/", f"loadbalancer/{kind}/")
    )
    return {
        "arn": arn,
        "arnSuffix": arn.split(":loadbalancer/")[-1],
        "dnsName": f"{words['name']}-{words['hex16']}.elb.{words['region']}.amazonaws.com",
        "zoneId": _BALANCER_ZONE,
    }


def _target_group(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"arnSuffix": words["arn"].rsplit(":", 1)[-1]}


def _zone(words: Words, inputs: Inputs) -> dict[str, Any]:
    servers = [
        f"ns-{number}.awsdns-{number % 64:02}.{end}" for number, end in zip((11, 522, 1033, 1544), _ENDS, strict=True)
    ]
    return {"zoneId": words["id"], "nameServers": servers, "primaryNameServer": servers[0]}


_ENDS = ("com", "net", "org", "co.uk")


def _record(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"fqdn": str(inputs.get("name") or "").rstrip(".")}


def _repository(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {
        "repositoryUrl": f"{words['account']}.dkr.ecr.{words['region']}.amazonaws.com/{words['id']}",
        "registryId": words["account"],
    }


def _elastic_ip(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"allocationId": words["id"], "domain": "vpc", "associationId": "", "instance": "", "networkInterface": ""}


def _key(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"keyId": words["id"], "isEnabled": True}


def _alias(words: Words, inputs: Inputs) -> dict[str, Any]:
    target = str(inputs.get("targetKeyId") or "")
    where = f"arn:{words['partition']}:kms:{words['region']}:{words['account']}:key/"
    return {"targetKeyArn": target if target.startswith("arn:") else f"{where}{target}"}


def _subnet(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"availabilityZone": f"{words['region']}a", "availabilityZoneId": f"{words['region']}-az1"}


def _rule(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"securityGroupRuleId": words["id"]}


def _secret_version(words: Words, inputs: Inputs) -> dict[str, Any]:
    secret = words["secretId"]
    return {"versionId": words["uuid"], "versionStages": ["AWSCURRENT"], "arn": secret, "secretArn": secret}


def _bucket(words: Words, inputs: Inputs) -> dict[str, Any]:
    name, region = words["id"], words["region"]
    return {
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
    }


def _association(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"associationId": words["id"], "associationArn": words["arn"], "externalId": "", "targetRoleArn": ""}


def _endpoint(words: Words, inputs: Inputs) -> dict[str, Any]:
    name = f"{words['id']}-{words['hex8']}.{str(inputs.get('serviceName') or '').rsplit('.', 1)[-1]}"
    entries = [{"dnsName": f"{name}.{words['region']}.vpce.amazonaws.com", "hostedZoneId": f"Z{words['upper13']}"}]
    interface = inputs.get("vpcEndpointType") == "Interface"
    return {
        "dnsEntries": entries if interface else [],
        "prefixListId": "" if interface else f"pl-{words['hex8']}",
        "state": "available",
    }


def _topic(words: Words, inputs: Inputs) -> dict[str, Any]:
    return {"owner": words["account"]}


def _subscription(words: Words, inputs: Inputs) -> dict[str, Any]:
    # Somebody has to open a mail and confirm.
    return {
        "arn": words["id"],
        "pendingConfirmation": inputs.get("protocol") in ("email", "email-json", "http", "https"),
    }


_SPECIAL: dict[str, Callable[[Words, Inputs], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:alb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/eip:Eip": _elastic_ip,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:ecr/repository:Repository": _repository,
    "aws:eks/cluster:Cluster": _eks_cluster,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _association,
    "aws:elasticache/replicationGroup:ReplicationGroup": _replication_group,
    "aws:kms/alias:Alias": _alias,
    "aws:kms/key:Key": _key,
    "aws:kms/replicaKey:ReplicaKey": _key,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/targetGroup:TargetGroup": _target_group,
    "aws:rds/cluster:Cluster": _rds_cluster,
    "aws:rds/clusterInstance:ClusterInstance": _rds_instance,
    "aws:rds/globalCluster:GlobalCluster": _global_cluster,
    "aws:rds/instance:Instance": _rds_instance,
    "aws:route53/record:Record": _record,
    "aws:route53/zone:Zone": _zone,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secretVersion:SecretVersion": _secret_version,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule,
}
