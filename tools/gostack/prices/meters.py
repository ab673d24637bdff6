"""What is charged by the hour or the month, however much it is used, and by which rows of AWS's price list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["hour", "month", "GiB-month"]

WORLDWIDE = "aws-global"
"""What the price list calls the region of services that have none."""


@dataclass(frozen=True)
class Meter:
    """One thing that AWS charges for."""

    key: str
    """Its name in the tables; with `by`, the first part of it."""

    title: str
    """What people call it."""

    offer: str
    """Code of the service whose price list has it."""

    usage: str
    """Its usage type, without the prefix that stands for a region; with `by`, how its usage types begin."""

    unit: Unit

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other columns that tell its rows from those with the same usage type."""

    by: str = ""
    """Column whose value has a price of its own each; empty when there is one price."""

    worldwide: bool = False
    """True for what has one price for the whole world."""


METERS: dict[str, Meter] = {
    meter.key: meter
    for meter in (
        Meter("eks-cluster", "EKS control plane", "AmazonEKS", "AmazonEKS-Hours:perCluster", "hour"),
        Meter(
            "aurora-mysql",
            "Aurora MySQL",
            "AmazonRDS",
            # Storage that is I/O-optimised has usage types of its own.
            "InstanceUsage:",
            "hour",
            {"Database Engine": "Aurora MySQL"},
            by="Instance Type",
        ),
        Meter(
            "valkey",
            "Valkey",
            "AmazonElastiCache",
            "NodeUsage:",
            "hour",
            {"Cache Engine": "Valkey"},
            by="Instance Type",
        ),
        Meter("nat-gateway", "NAT gateway", "AmazonEC2", "NatGateway-Hours", "hour"),
        Meter("gp3-storage", "gp3 disks, GiB", "AmazonEC2", "EBS:VolumeUsage.gp3", "GiB-month"),
        Meter("interface-endpoint", "interface endpoint, zones", "AmazonVPC", "VpcEndpoint-Hours", "hour"),
        Meter("public-ipv4", "public IPv4 address", "AmazonVPC", "PublicIPv4:InUseAddress", "hour"),
        Meter(
            "network-load-balancer",
            "Network Load Balancer",
            "AWSELB",
            "LoadBalancerUsage",
            "hour",
            {"operation": "LoadBalancing:Network"},
        ),
        Meter("kms-key", "KMS key", "awskms", "KMS-Keys", "month"),
        Meter("secret", "secret and its replicas", "AWSSecretsManager", "AWSSecretsManager-Secrets", "month"),
        Meter("alarm", "alarm, metrics", "AmazonCloudWatch", "CW:AlarmMonitorUsage", "month"),
        Meter("health-check", "health check", "AmazonRoute53", "Health-Check-Non-AWS", "month", worldwide=True),
        Meter(
            "health-check-option",
            "health check, options",
            "AmazonRoute53",
            "Health-Check-Option-Non-AWS",
            "month",
            worldwide=True,
        ),
    )
}
"""By key."""


def meter_of(price: str) -> Meter:
    """Return the meter of a price, which may be one of several of it ("aurora-mysql/db.r8g.large")."""
    return METERS[price.split("/", 1)[0]]


def title_of(price: str) -> str:
    """Return what people call what has a price."""
    _, _, one = price.partition("/")
    return f"{meter_of(price).title} {one}".rstrip()
