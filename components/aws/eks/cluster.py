"""The Kubernetes cluster of a region: EKS in Auto Mode, on private nodes."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import AccountArgs, AlarmedArgs, LoggedArgs
from components.aws.eks.access import ClusterAccess
from components.aws.eks.insights import ClusterInsights
from components.aws.eks.kubeconfig import eks_kubeconfig
from components.aws.eks.roles import ClusterRoles
from components.aws.encryption_key import EncryptionKey
from components.aws.network.addresses import CLUSTER_SERVICES
from components.aws.tags import named
from components.options import given_dependencies, register_declared

CONTROL_PLANE_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

NODE_POOLS = ["general-purpose", "system"]
"""Node pools that come with Auto Mode."""


class ClusterArgs(AccountArgs, AlarmedArgs, LoggedArgs):
    """Inputs of a cluster."""

    cluster_name: str
    """Name of the cluster, which stays the same: its log group is named by it."""

    version: str
    """Version of Kubernetes, for example "1.36"; a higher one is upgraded to in place."""

    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets of the nodes."""

    public_access_cidrs: Sequence[str]
    """Networks from which the API server is reached over the internet; empty closes it to all but the VPC."""

    deploy_role_arn: str
    """ARN of the role that deploys; only it and the administrators may do anything in the cluster."""

    administrators: Sequence[str]
    """ARNs of the roles of people who may do everything in the cluster."""

    insights: bool
    """True collects metrics and container logs of the nodes, from which alarms are made."""

    protect: bool
    """True refuses to delete or replace the cluster."""


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose secrets are encrypted with its own key, and whose nodes AWS makes, patches and replaces."""

    cluster_name: pulumi.Output[str]
    """Name of the cluster; whoever uses it waits until the cluster is there."""

    security_group_id: pulumi.Output[str]
    """Security group of nodes and pods."""

    endpoint: pulumi.Output[str]
    """URL of the API server; another cluster has another one."""

    kubeconfig: pulumi.Output[str]
    """Kubeconfig as JSON. It holds no credential: the AWS CLI gives a token to whoever may take the deploy role."""

    key_arn: pulumi.Output[str]
    """Key of the cluster's secrets and disks."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Cluster", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        before = given_dependencies(opts)
        roles = ClusterRoles(f"{name}-roles", {"region": args["region"], "tags": args["tags"]}, inside)
        key = EncryptionKey(
            f"{name}-secrets",
            {
                "purpose": f"Secrets and disks of the cluster {args['cluster_name']}",
                "account": args["account"],
                "region": args["region"],
                "services": [],
                "roles": [roles.cluster_role_arn],
                "protect": args["protect"],
                "tags": args["tags"],
            },
            inside,
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            # EKS writes here, and would make a group without retention and key if there were none.
            name=f"/aws/eks/{args['cluster_name']}/cluster",
            retention_in_days=args["log_retention_days"],
            kms_key_id=args["logs_key_arn"],
            tags=named(args["tags"], name),
            opts=inside,
        )
        cluster = aws.eks.Cluster(
            f"{name}-control-plane",
            name=args["cluster_name"],
            version=args["version"],
            role_arn=roles.cluster_role_arn,
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API",
                # Who happened to create the cluster is no administrator of it for ever.
                bootstrap_cluster_creator_admin_permissions=False,
            ),
            # Auto Mode: nodes, disks and network come with the cluster.
            bootstrap_self_managed_addons=False,
            compute_config=aws.eks.ClusterComputeConfigArgs(
                enabled=True, node_pools=NODE_POOLS, node_role_arn=roles.node_role_arn
            ),
            storage_config=aws.eks.ClusterStorageConfigArgs(
                block_storage=aws.eks.ClusterStorageConfigBlockStorageArgs(enabled=True)
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                elastic_load_balancing=aws.eks.ClusterKubernetesNetworkConfigElasticLoadBalancingArgs(enabled=True),
                ip_family="ipv4",
                service_ipv4_cidr=CLUSTER_SERVICES,
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn), resources=["secrets"]
            ),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=args["subnet_ids"],
                endpoint_private_access=True,
                endpoint_public_access=bool(args["public_access_cidrs"]),
                public_access_cidrs=list(args["public_access_cidrs"]) or None,
            ),
            enabled_cluster_log_types=CONTROL_PLANE_LOGS,
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            # A zone in trouble can be left without touching the stack.
            zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=True),
            deletion_protection=args["protect"],
            tags=named(args["tags"], args["cluster_name"]),
            opts=pulumi.ResourceOptions(
                parent=self, protect=args["protect"], depends_on=[logs, roles, *before], delete_before_replace=True
            ),
        )
        ClusterAccess(
            f"{name}-access",
            {
                "cluster_name": cluster.name,
                "region": args["region"],
                "administrators": [args["deploy_role_arn"], *args["administrators"]],
                "tags": args["tags"],
            },
            inside,
        )
        self.endpoint = cluster.endpoint
        self.kubeconfig = pulumi.Output.all(cluster.endpoint, cluster.certificate_authority.data).apply(
            lambda found: eks_kubeconfig(
                cluster=args["cluster_name"],
                region=args["region"],
                endpoint=found[0],
                authority=found[1],
                role_arn=args["deploy_role_arn"],
            )
        )
        self._add_on(f"{name}-metrics-server", "metrics-server", cluster.name, args)
        if args["insights"]:
            ClusterInsights(
                f"{name}-insights",
                {
                    "cluster_name": cluster.name,
                    "region": args["region"],
                    "logs_key_arn": args["logs_key_arn"],
                    "log_retention_days": args["log_retention_days"],
                    "topic_arn": args["topic_arn"],
                    "tags": args["tags"],
                },
                inside,
            )
        self.cluster_name = pulumi.Output.from_input(cluster.name)
        self.security_group_id = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id or "")
        self.key_arn = key.arn
        register_declared(self)

    def _add_on(self, name: str, add_on: str, cluster: pulumi.Input[str], args: ClusterArgs) -> None:
        """Install what Auto Mode does not bring: the figures by which replicas are scaled."""
        aws.eks.Addon(
            name,
            cluster_name=cluster,
            addon_name=add_on,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
