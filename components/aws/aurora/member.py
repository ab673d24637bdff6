"""The database of one region: the cluster that takes writes, or a copy of it that readers ask."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.aws.args import LoggedArgs, StoreArgs
from components.aws.aurora.alarms import DatabaseAlarms
from components.aws.aurora.parameters import ADMINISTRATOR, LOG_EXPORTS, PORT, cluster_parameters, log_groups
from components.aws.network.addresses import partition
from components.aws.network.security_groups import open_to_pods
from components.aws.policies import service_trust
from components.aws.roles import role
from components.aws.tags import named
from components.options import after, given_dependencies

FAMILY = "aurora-mysql8.0"
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"


class DatabaseMemberArgs(LoggedArgs, StoreArgs):
    """Inputs of a region's database."""

    identifier: str
    """Name of the cluster, which stays the same."""

    global_cluster: pulumi.Input[str]
    """`Database.global_cluster`."""

    administrator_password: NotRequired[pulumi.Input[str]]
    """`Database.administrator_password`, for the region that takes writes and for no other (secret)."""

    engine_version: str
    """Version of Aurora MySQL with which it is made; upgrades are those of the global cluster."""

    instance_class: str
    """Class of the instances, for example "db.r8g.large"."""

    instances: int
    """Instances, each in another zone as far as there are zones; with two the loss of one is a short failover."""

    backup_retention_days: int
    """Days back to any second of which the data can be restored."""


class DatabaseMember(pulumi.ComponentResource):
    """An encrypted Aurora MySQL cluster in subnets without a way out, reached over TLS from the region's pods alone."""

    writer_host: pulumi.Output[str]
    """Host of the instance that takes writes; it answers only in the region that does."""

    reader_host: pulumi.Output[str]
    """Host of the readers; what is written there is forwarded to the region that takes writes."""

    def __init__(self, name: str, args: DatabaseMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DatabaseMember", name, {}, opts)
        self._name, self._args = name, args
        before = given_dependencies(opts)
        logs = self._log_groups()
        writes = "administrator_password" in args
        cluster = aws.rds.Cluster(
            f"{name}-cluster",
            cluster_identifier=args["identifier"],
            global_cluster_identifier=args["global_cluster"],
            engine="aurora-mysql",
            engine_version=args["engine_version"],
            master_username=ADMINISTRATOR if writes else None,
            master_password=pulumi.Output.secret(args.get("administrator_password")) if writes else None,
            db_subnet_group_name=self._subnet_group().name,
            vpc_security_group_ids=[open_to_pods(name, "The database", "MySQL", PORT, args, self).id],
            db_cluster_parameter_group_name=self._parameters().name,
            storage_encrypted=True,
            kms_key_id=args["key_arn"],
            backup_retention_period=args["backup_retention_days"],
            preferred_backup_window="02:00-03:00",
            preferred_maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            # On the cluster that takes writes it takes effect when another one does.
            enable_global_write_forwarding=True,
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            deletion_protection=args["protect"],
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{args['identifier']}-final",
            tags=named(args["tags"], args["identifier"]),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args["protect"],
                delete_before_replace=True,
                depends_on=[*logs, *before],
                # A switchover changes who is whose copy, and the global cluster upgrades its members.
                ignore_changes=["replicationSourceIdentifier", "engineVersion", "masterUsername"],
            ),
        )
        role = self._monitoring_role()
        instances = [self._instance(index, cluster, role) for index in range(args["instances"])]
        DatabaseAlarms(
            f"{name}-alarms",
            {
                "cluster_identifier": args["identifier"],
                "copy": not writes,
                "topic_arn": args["topic_arn"],
                "tags": args["tags"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )
        # A cluster answers when it has an instance.
        ready = [instance.endpoint for instance in instances]
        self.writer_host, self.reader_host = after(cluster.endpoint, *ready), after(cluster.reader_endpoint, *ready)
        self.register_outputs({"writer_host": self.writer_host, "reader_host": self.reader_host})

    def _log_groups(self) -> list[aws.cloudwatch.LogGroup]:
        args = self._args
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}-{export}-log",
                # Aurora would make groups without retention and key if there were none.
                name=group,
                retention_in_days=args["log_retention_days"],
                kms_key_id=args["logs_key_arn"],
                tags=named(args["tags"], group),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for export, group in log_groups(args["identifier"]).items()
        ]

    def _subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            description="Subnets without a way out",
            subnet_ids=self._args["subnet_ids"],
            tags=named(self._args["tags"], self._name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        return aws.rds.ClusterParameterGroup(
            f"{self._name}-parameters",
            family=FAMILY,
            description="TLS or no connection, UTF-8, audit",
            parameters=[
                # Taken over at the next restart where it cannot be at once.
                aws.rds.ClusterParameterGroupParameterArgs(name=key, value=value, apply_method="pending-reboot")
                for key, value in cluster_parameters().items()
            ],
            tags=named(self._args["tags"], self._name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _monitoring_role(self) -> pulumi.Output[str]:
        name = f"{self._name}-monitoring"
        made = role(name, service_trust("monitoring.rds.amazonaws.com"), self._args["tags"], self)
        policy = f"arn:{partition(self._args['region'])}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-policy", role=made.name, policy_arn=policy, opts=pulumi.ResourceOptions(parent=self)
        )
        return after(made.arn, attachment.id)

    def _instance(
        self, index: int, cluster: aws.rds.Cluster, monitoring_role: pulumi.Input[str]
    ) -> aws.rds.ClusterInstance:
        args = self._args
        return aws.rds.ClusterInstance(
            f"{self._name}-{index}",
            identifier=f"{args['identifier']}-{index}",
            cluster_identifier=cluster.id,
            engine=aws.rds.EngineType.AURORA_MYSQL,
            instance_class=args["instance_class"],
            publicly_accessible=False,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            # All can take over at once; the first one does so first.
            promotion_tier=index,
            auto_minor_version_upgrade=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args["key_arn"],
            performance_insights_retention_period=7,
            monitoring_interval=60,
            monitoring_role_arn=monitoring_role,
            tags=named(args["tags"], f"{args['identifier']}-{index}"),
            # An instance holds no data, and its name is taken while it is there.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, protect=args["protect"]),
        )
