"""Figures and container logs of a cluster: what alarms are made from, and what is read when one rings."""

import pulumi
import pulumi_aws as aws

from components.aws.args import AlarmedArgs, LoggedArgs
from components.aws.eks.alarms import ClusterAlarms
from components.aws.network.addresses import partition
from components.aws.policies import service_trust
from components.aws.roles import role
from components.aws.tags import named

AGENT_NAMESPACE, AGENT_ACCOUNT = "amazon-cloudwatch", "cloudwatch-agent"


class ClusterInsightsArgs(AlarmedArgs, LoggedArgs):
    """Inputs of a cluster's insights."""

    cluster_name: pulumi.Input[str]
    """Name of the cluster."""

    region: str
    """AWS region of the cluster."""


class ClusterInsights(pulumi.ComponentResource):
    """CloudWatch's agent on every node. It gets its rights by Pod Identity: no node and no other pod has them."""

    application_logs: pulumi.Output[str]
    """Name of the log group with what containers write."""

    def __init__(self, name: str, args: ClusterInsightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ClusterInsights", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        groups = {
            kind: aws.cloudwatch.LogGroup(
                f"{name}-{kind}",
                # The agent would make groups without retention and key if there were none.
                name=pulumi.Output.concat("/aws/containerinsights/", args["cluster_name"], "/", kind),
                retention_in_days=args["log_retention_days"],
                kms_key_id=args["logs_key_arn"],
                tags=named(args["tags"], f"{name}-{kind}"),
                opts=inside,
            )
            for kind in ("application", "dataplane", "host", "performance")
        }
        agent = role(name, service_trust("pods.eks.amazonaws.com", "sts:TagSession"), args["tags"], self)
        policy = aws.iam.RolePolicyAttachment(
            f"{name}-policy",
            role=agent.name,
            policy_arn=f"arn:{partition(args['region'])}:iam::aws:policy/CloudWatchAgentServerPolicy",
            opts=inside,
        )
        identity = aws.eks.PodIdentityAssociation(
            f"{name}-identity",
            cluster_name=args["cluster_name"],
            namespace=AGENT_NAMESPACE,
            service_account=AGENT_ACCOUNT,
            role_arn=agent.arn,
            tags=named(args["tags"], name),
            opts=inside,
        )
        aws.eks.Addon(
            f"{name}-agent",
            cluster_name=args["cluster_name"],
            addon_name="amazon-cloudwatch-observability",
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[identity, policy, *groups.values()]),
        )
        ClusterAlarms(
            f"{name}-alarms",
            {
                "cluster_name": args["cluster_name"],
                "application_logs": groups["application"].name,
                "topic_arn": args["topic_arn"],
                "tags": args["tags"],
            },
            inside,
        )
        self.application_logs = pulumi.Output.from_input(groups["application"].name)
        self.register_outputs({"application_logs": self.application_logs})
