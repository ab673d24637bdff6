"""Who may do what in a cluster: AWS decides, by entries that are resources like any other."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import TaggedArgs
from components.aws.network.addresses import partition
from components.aws.tags import named


class ClusterAccessArgs(TaggedArgs):
    """Inputs of the access to a cluster."""

    cluster_name: pulumi.Input[str]
    """Name of the cluster."""

    region: str
    """AWS region of the cluster."""

    administrators: Sequence[str]
    """ARNs of the roles that may do everything in it."""


class ClusterAccess(pulumi.ComponentResource):
    """Access entries of a cluster; nobody else has access, whoever made it."""

    principals: pulumi.Output[list[str]]
    """ARNs of those who have access."""

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ClusterAccess", name, {}, opts)
        administrator = "cluster-access-policy/AmazonEKSClusterAdminPolicy"
        policy = f"arn:{partition(args['region'])}:eks::aws:{administrator}"
        entries: list[aws.eks.AccessEntry] = []
        # Somebody who is named twice has access once.
        for principal in dict.fromkeys(args["administrators"]):
            role = principal.partition(":role/")[2].replace("/", "-")
            entry = aws.eks.AccessEntry(
                f"{name}-{role}",
                cluster_name=args["cluster_name"],
                principal_arn=principal,
                type="STANDARD",
                tags=named(args["tags"], f"{name}-{role}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.eks.AccessPolicyAssociation(
                f"{name}-{role}-administrator",
                cluster_name=args["cluster_name"],
                principal_arn=entry.principal_arn,
                policy_arn=policy,
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            entries.append(entry)
        self.principals = pulumi.Output.all(*(entry.principal_arn for entry in entries)).apply(
            lambda found: [str(item) for item in found]
        )
        self.register_outputs({"principals": self.principals})
