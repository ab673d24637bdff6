"""What a cluster and its nodes may do in the account: the policies that AWS publishes for exactly that."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import TaggedArgs
from components.aws.network.addresses import partition
from components.aws.policies import service_trust
from components.aws.roles import role

CLUSTER_POLICIES = (
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")


class ClusterRolesArgs(TaggedArgs):
    """Inputs of a cluster's roles."""

    region: str
    """AWS region of the cluster."""


class ClusterRoles(pulumi.ComponentResource):
    """The role of the control plane and the one of the nodes. Pods have neither: they get roles by Pod Identity."""

    cluster_role_arn: pulumi.Output[str]
    """ARN of the control plane's role; whoever uses it waits until the role may do what it must."""

    node_role_arn: pulumi.Output[str]
    """ARN of the nodes' role; they may pull images, and nothing else."""

    def __init__(self, name: str, args: ClusterRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ClusterRoles", name, {}, opts)
        self._partition, self._tags = partition(args["region"]), args["tags"]
        self.cluster_role_arn = self._role(
            f"{name}-cluster", service_trust("eks.amazonaws.com", "sts:TagSession"), CLUSTER_POLICIES
        )
        self.node_role_arn = self._role(f"{name}-node", service_trust("ec2.amazonaws.com"), NODE_POLICIES)
        self.register_outputs({"cluster_role_arn": self.cluster_role_arn, "node_role_arn": self.node_role_arn})

    def _role(self, name: str, trust: str, policies: Sequence[str]) -> pulumi.Output[str]:
        made = role(name, trust, self._tags, self)
        for policy in policies:
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=made.name,
                policy_arn=f"arn:{self._partition}:iam::aws:policy/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        return made.arn
