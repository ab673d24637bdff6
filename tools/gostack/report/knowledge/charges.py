"""What is charged for a resource of AWS while it is there, read from its inputs; and what is charged by its use."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.aws.network.addresses import ZONES
from tools.gostack.documents import listing, mapping, mappings
from tools.gostack.kubernetes.quota import amount

Charge = tuple[str, int]
"""Key of a price, and how many of it."""

_GIB = 2.0**30
_CLASS = re.compile(r"(db|cache)\.[a-z][a-z0-9]{1,7}\.(nano|micro|small|medium|([0-9]{0,2}x)?large)")


def whole(value: Any, otherwise: int = 0) -> int:
    """Return the whole number that an input holds; `otherwise` when there is none, or none that is known yet."""
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return otherwise


def _one(price: str) -> Callable[[Mapping[str, Any]], Iterator[Charge]]:
    def charge(_inputs: Mapping[str, Any]) -> Iterator[Charge]:
        yield price, 1

    return charge


def _of_class(meter: str, name: str, number: str = "") -> Callable[[Mapping[str, Any]], Iterator[Charge]]:
    """One of a class that an input names, or as many as another input says."""

    def charge(inputs: Mapping[str, Any]) -> Iterator[Charge]:
        found = str(inputs.get(name))
        # An input is told when it has the shape of a class, and no other text.
        yield f"{meter}/{found if _CLASS.fullmatch(found) else 'of a class not known'}", whole(inputs.get(number), 1)

    return charge


def _zones(found: Any) -> int:
    # What is made by the same update is not known at its preview; a region of a stack has always as many zones.
    return len(listing(found)) or ZONES


def _endpoint(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    if inputs.get("vpcEndpointType") == "Interface":
        yield "interface-endpoint", _zones(inputs.get("subnetIds"))


def _balancer(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    yield "network-load-balancer", 1
    if not inputs.get("internal"):
        yield "public-ipv4", _zones(inputs.get("subnets"))


def _secret(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    yield "secret", 1 + len(listing(inputs.get("replicas")))


def _alarm(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    yield "alarm", sum("metric" in query for query in mappings(inputs.get("metricQueries"))) or 1


def _health_check(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    # It is asked by a domain name, like an address outside of AWS: the higher of two prices.
    yield "health-check", 1
    options = (
        str(inputs.get("type", "")).startswith("HTTPS"),
        whole(inputs.get("requestInterval"), 30) < 30,
        bool(inputs.get("measureLatency")),
        "searchString" in inputs,
    )
    if any(options):
        yield "health-check-option", sum(options)


def _claim(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    yield "gp3-storage", _gib(inputs.get("spec"))


def _claims(inputs: Mapping[str, Any]) -> Iterator[Charge]:
    spec = mapping(inputs.get("spec"))
    gib = sum(_gib(claim.get("spec")) for claim in mappings(spec.get("volumeClaimTemplates")))
    if gib:
        yield "gp3-storage", gib * whole(spec.get("replicas"), 1)


def _gib(claim: Any) -> int:
    requests = mapping(mapping(mapping(claim).get("resources")).get("requests"))
    try:
        return math.ceil(amount(str(requests.get("storage", "0"))) / _GIB)
    except (KeyError, ValueError):
        return 0


CHARGES: dict[str, Callable[[Mapping[str, Any]], Iterator[Charge]]] = {
    "aws:eks/cluster:Cluster": _one("eks-cluster"),
    "aws:rds/clusterInstance:ClusterInstance": _of_class("aurora-mysql", "instanceClass"),
    "aws:elasticache/replicationGroup:ReplicationGroup": _of_class("valkey", "nodeType", "numCacheClusters"),
    "aws:ec2/natGateway:NatGateway": _one("nat-gateway"),
    "aws:ec2/eip:Eip": _one("public-ipv4"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:kms/key:Key": _one("kms-key"),
    "aws:kms/replicaKey:ReplicaKey": _one("kms-key"),
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:route53/healthCheck:HealthCheck": _health_check,
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
    "kubernetes:apps/v1:StatefulSet": _claims,
}
"""Type to what is charged for a resource of it. Disks of a cluster are of its default class, gp3."""

BY_USE = {
    "aws:eks/cluster:Cluster": "nodes of EKS Auto Mode and their disks, by what pods request",
    "aws:ec2/natGateway:NatGateway": "data through NAT gateways",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "data through interface endpoints",
    "aws:lb/loadBalancer:LoadBalancer": "capacity units of load balancers, traffic to clients",
    "aws:rds/cluster:Cluster": "rows, requests to storage, replication and backups of Aurora",
    "aws:ecr/repository:Repository": "images in registries",
    "aws:cloudwatch/logGroup:LogGroup": "logs and Container Insights",
    "aws:route53/record:Record": "DNS queries",
}
"""Type to what is charged by its use, which no preview knows."""
