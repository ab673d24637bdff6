"""One region in AWS: key, network, EKS cluster and load balancer, in the order in which they come up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.aws.alarms.topic import AlarmTopic
from components.aws.args import AccountArgs, LoggedArgs
from components.aws.dns.public_certificate import PublicCertificate
from components.aws.eks.cluster import Cluster
from components.aws.eks.defaults import ClusterDefaults
from components.aws.encryption_key import EncryptionKey
from components.aws.network.load_balancer import NetworkLoadBalancer
from components.aws.network.network import Network
from components.names import cluster_name
from infra.settings.aws import AwsSettings

LOG_WRITERS = ("cloudwatch.amazonaws.com",)


@dataclass(frozen=True)
class Shared:
    """What all regions have in common."""

    stack: str
    """Name of the stack."""

    settings: AwsSettings
    """The stack's AWS settings."""

    tags: Mapping[str, str]
    """Tags that every object carries."""


@dataclass(frozen=True)
class Alerts:
    """The key of a region's logs, and the topic that tells people of its alarms."""

    logs_key: EncryptionKey
    """Key of logs and messages."""

    topic: AlarmTopic
    """Topic of alarms."""


@dataclass(frozen=True)
class RegionInfra:
    """What runs a region: its network, its cluster, its load balancer, and the providers that lead to them."""

    region: str
    network: Network
    cluster: Cluster
    load_balancer: NetworkLoadBalancer
    alerts: Alerts
    data_key: EncryptionKey
    provider: aws.Provider
    """Provider of the region's AWS resources."""

    kubernetes: kubernetes.Provider
    """Provider of what runs in the region's cluster."""


def create_region(
    shared: Shared,
    region: str,
    provider: aws.Provider,
    alerts: Alerts,
    certificate: PublicCertificate,
    before: Sequence[pulumi.Resource],
) -> RegionInfra:
    """Create a region, after `before`."""
    settings, tags = shared.settings, {**shared.tags, "region": region}
    protect = settings.protected(region)
    inside = pulumi.ResourceOptions(provider=provider)
    here: AccountArgs = {"account": settings.account, "region": region, "tags": tags}
    logged: LoggedArgs = {
        "logs_key_arn": alerts.logs_key.arn,
        "log_retention_days": settings.log_retention_days,
        "tags": tags,
    }
    data_key = EncryptionKey(
        f"data-{region}",
        {**here, "purpose": f"Rows, backups and passwords in {region}", "services": [], "protect": protect},
        inside,
    )
    network = Network(
        f"network-{region}",
        {
            **here,
            **logged,
            "cidr": settings.regions[region].cidr,
            "availability_zones": settings.zones(region),
            "single_nat": settings.sizing().single_nat,
            "interface_endpoints": settings.sizing().interface_endpoints,
            "protect": protect,
        },
        pulumi.ResourceOptions(provider=provider, depends_on=list(before)),
    )
    cluster = Cluster(
        f"cluster-{region}",
        {
            **here,
            **logged,
            "cluster_name": cluster_name(shared.stack, region),
            "version": settings.kubernetes_version,
            "subnet_ids": network.private_subnet_ids,
            "public_access_cidrs": settings.api_access,
            "deploy_role_arn": settings.deploy_role,
            "administrators": settings.administrators,
            "insights": settings.insights,
            "topic_arn": alerts.topic.arn,
            "protect": protect,
        },
        # Nodes need their way to the registry before they are there.
        pulumi.ResourceOptions(provider=provider, depends_on=[network]),
    )
    inside_cluster = kubernetes.Provider(
        f"kubernetes-{region}",
        kubeconfig=cluster.kubeconfig,
        # What runs in a cluster is made anew only when it is another cluster, not when its kubeconfig is rewritten.
        cluster_identifier=cluster.endpoint,
        # What somebody edited by hand is put right by the next `up`, and no reason for it to fail.
        enable_patch_force=True,
        # Whoever uses it may need what belongs to the cluster: access, and figures to scale by.
        opts=pulumi.ResourceOptions(depends_on=[cluster]),
    )
    ClusterDefaults(
        f"defaults-{region}",
        {"key_arn": cluster.key_arn, "tags": tags},
        pulumi.ResourceOptions(provider=inside_cluster),
    )
    load_balancer = NetworkLoadBalancer(
        f"entry-{region}",
        {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.public_subnet_ids,
            "cluster_name": cluster_name(shared.stack, region),
            "pod_security_group_id": cluster.security_group_id,
            "certificate_arn": certificate.arn,
            "topic_arn": alerts.topic.arn,
            "protect": protect,
            "tags": tags,
        },
        pulumi.ResourceOptions(provider=provider, depends_on=[network]),
    )
    return RegionInfra(region, network, cluster, load_balancer, alerts, data_key, provider, inside_cluster)


def create_alerts(shared: Shared, name: str, region: str, provider: aws.Provider) -> Alerts:
    """Make the key of a region's logs and messages, and the topic of its alarms."""
    settings = shared.settings
    here: AccountArgs = {"account": settings.account, "region": region, "tags": {**shared.tags, "region": region}}
    inside = pulumi.ResourceOptions(provider=provider)
    key = EncryptionKey(
        f"logs-{name}",
        {
            **here,
            "purpose": f"Logs and alarms in {region}",
            "services": [f"logs.{region}.amazonaws.com", *LOG_WRITERS, "budgets.amazonaws.com"],
            "protect": settings.protected(region) if region in settings.regions else settings.protect,
        },
        inside,
    )
    topic = AlarmTopic(f"alarms-{name}", {**here, "key_arn": key.arn, "emails": settings.alarm_emails}, inside)
    return Alerts(key, topic)
