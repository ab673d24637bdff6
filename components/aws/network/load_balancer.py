"""The way from the internet into a region: a network load balancer in front of Nginx."""

from collections.abc import Sequence
from functools import partial

import pulumi
import pulumi_aws as aws

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import AlarmedArgs
from components.aws.tags import named
from components.ingress import HEALTH_PATH, HTTP_PORT, HTTPS_PORT
from components.names import shortened
from components.options import register_declared

ANYONE = "0.0.0.0/0"
HTTPS, HTTP = 443, 80
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.2 and 1.3 with forward secrecy, as Nginx itself accepts."""

NAME_LENGTH = 24
"""Characters of which Pulumi makes the name of a load balancer or a target group: AWS takes 32, and eight are a hyphen
and Pulumi's own."""


class NetworkLoadBalancerArgs(AlarmedArgs):
    """Inputs of a load balancer."""

    vpc_id: pulumi.Input[str]
    """Identity of the region's VPC."""

    subnet_ids: pulumi.Input[Sequence[str]]
    """Public subnets, one for each zone."""

    cluster_name: str
    """Name of the cluster with the pods; its controller may use target groups that carry it as a tag."""

    pod_security_group_id: pulumi.Input[str]
    """Security group of the pods, which let this load balancer in and nobody else from outside."""

    certificate_arn: pulumi.Input[str]
    """`PublicCertificate.arn`."""

    protect: bool
    """True refuses to delete it: clients hold its address for a while."""


class NetworkLoadBalancer(pulumi.ComponentResource):
    """Ports 443 and 80 of a region, the only ones that the internet reaches. It speaks TLS with clients and again TLS
    with Nginx, which sees their addresses."""

    dns_name: pulumi.Output[str]
    """Host name of the load balancer."""

    zone_id: pulumi.Output[str]
    """Hosted zone of that name, for an alias record."""

    https_target_group_arn: pulumi.Output[str]
    """ARN of the target group that leads to Nginx's TLS port."""

    http_target_group_arn: pulumi.Output[str]
    """ARN of the target group that leads to the port that redirects to TLS."""

    def __init__(self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:NetworkLoadBalancer", name, {}, opts)
        self._name, self._args = name, args
        group = self._security_groups()
        balancer = aws.lb.LoadBalancer(
            shortened(f"{name}-nlb", NAME_LENGTH),
            load_balancer_type="network",
            internal=False,
            subnets=args["subnet_ids"],
            security_groups=[group.id],
            # A zone without a pod sends its clients to the others.
            enable_cross_zone_load_balancing=True,
            enable_zonal_shift=True,
            enable_deletion_protection=args["protect"],
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
        )
        https = self._targets("https", "TLS", HTTPS_PORT, "HTTPS")
        http = self._targets("http", "TCP", HTTP_PORT, "HTTP")
        aws.lb.Listener(
            f"{name}-https-listener",
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="TLS",
            ssl_policy=TLS_POLICY,
            alpn_policy="HTTP2Preferred",
            certificate_arn=args["certificate_arn"],
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=https.arn)],
            tags=named(args["tags"], f"{name}-https"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.lb.Listener(
            f"{name}-http-listener",
            load_balancer_arn=balancer.arn,
            port=HTTP,
            protocol="TCP",
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=http.arn)],
            tags=named(args["tags"], f"{name}-http"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._alarms(balancer, https)
        self.dns_name, self.zone_id = balancer.dns_name, balancer.zone_id
        self.https_target_group_arn, self.http_target_group_arn = https.arn, http.arn
        register_declared(self)

    def _security_groups(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args["vpc_id"],
            description="The load balancer, asked from anywhere",
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for label, port in (("https", HTTPS), ("http", HTTP)):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{label}-from-anyone",
                security_group_id=group.id,
                description=f"Port {port} from anywhere",
                cidr_ipv4=ANYONE,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=named(args["tags"], f"{name}-{label}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
        for label, port in (("https", HTTPS_PORT), ("http", HTTP_PORT)):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{label}-to-pods",
                security_group_id=group.id,
                referenced_security_group_id=args["pod_security_group_id"],
                description="Nginx",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=named(args["tags"], f"{name}-{label}-to-pods"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-pods-{label}",
                security_group_id=args["pod_security_group_id"],
                referenced_security_group_id=group.id,
                description="Nginx, from the load balancer",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=named(args["tags"], f"{name}-pods-{label}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
        return group

    def _targets(self, label: str, protocol: str, port: int, health_protocol: str) -> aws.lb.TargetGroup:
        args = self._args
        return aws.lb.TargetGroup(
            shortened(f"{self._name}-{label}", NAME_LENGTH),
            vpc_id=args["vpc_id"],
            target_type="ip",
            protocol=protocol,
            port=port,
            # Rate limits and logs need the client's own address.
            preserve_client_ip="true",
            # A pod that goes finishes what it has begun.
            deregistration_delay=30,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                protocol=health_protocol,
                path=HEALTH_PATH,
                matcher="200",
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            tags={**named(args["tags"], f"{self._name}-{label}"), "eks:eks-cluster-name": args["cluster_name"]},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _alarms(self, balancer: aws.lb.LoadBalancer, targets: aws.lb.TargetGroup) -> None:
        dimensions = {"LoadBalancer": balancer.arn_suffix, "TargetGroup": targets.arn_suffix}
        figure = partial(AlarmSpec, namespace="AWS/NetworkELB", dimensions=dimensions)
        figures = {
            "unhealthy": figure(
                metric="UnHealthyHostCount",
                threshold=0,
                statistic="Maximum",
                description=f"{self._name}: an ingress pod does not answer its health check for 5 minutes.",
            ),
            "empty": figure(
                metric="HealthyHostCount",
                threshold=1,
                comparison="LessThanThreshold",
                statistic="Minimum",
                periods=2,
                missing="breaching",
                description=f"{self._name}: no ingress pod is healthy. Clients of this region are sent to another one.",
            ),
        }
        metric_alarms(self._name, figures, self._args, self)
