"""What somebody must know of a region's database before its clients do."""

import pulumi

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.tags import AlarmedArgs

GIB = 1024**3


class DatabaseAlarmsArgs(AlarmedArgs):
    """Inputs of a database's alarms."""

    cluster_identifier: str
    """Name of the region's cluster."""

    region: str
    """AWS region."""

    copy: bool
    """True for a region that follows another one: then it may lag behind."""


class DatabaseAlarms(pulumi.ComponentResource):
    """Alarms on load, memory, connections and lag of a cluster."""

    names: list[str]
    """Names of the alarms."""

    def __init__(self, name: str, args: DatabaseAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DatabaseAlarms", name, {}, opts)
        watched = _watched(args["cluster_identifier"])
        if args["copy"]:
            watched["replication-lag"] = _lag(args["cluster_identifier"])
        metric_alarms(name, watched, topic_arn=args["topic_arn"], tags=args["tags"], parent=self)
        self.names = [f"{name}-{key}" for key in watched]
        self.register_outputs({"names": self.names})


def _watched(cluster: str) -> dict[str, AlarmSpec]:
    dimensions = {"DBClusterIdentifier": cluster}
    return {
        "cpu": AlarmSpec(
            namespace="AWS/RDS",
            metric="CPUUtilization",
            dimensions=dimensions,
            threshold=80,
            description=(
                f"{cluster}: CPU above 80 % for 5 minutes. Look at Performance Insights, or take larger instances."
            ),
        ),
        "memory": AlarmSpec(
            namespace="AWS/RDS",
            metric="FreeableMemory",
            dimensions=dimensions,
            threshold=GIB,
            comparison="LessThanThreshold",
            statistic="Minimum",
            description=f"{cluster}: less than 1 GiB of memory is free. Take larger instances before it restarts.",
        ),
        "storage": AlarmSpec(
            namespace="AWS/RDS",
            metric="FreeLocalStorage",
            dimensions=dimensions,
            threshold=5 * GIB,
            comparison="LessThanThreshold",
            statistic="Minimum",
            description=f"{cluster}: less than 5 GiB for temporary tables and logs is free on an instance.",
        ),
        "deadlocks": AlarmSpec(
            namespace="AWS/RDS",
            metric="Deadlocks",
            dimensions=dimensions,
            threshold=1,
            missing="notBreaching",
            description=(
                f"{cluster}: more than one deadlock a second for 5 minutes: two transactions wait for each other."
            ),
        ),
        "failed-logins": AlarmSpec(
            namespace="AWS/RDS",
            metric="LoginFailures",
            dimensions=dimensions,
            threshold=1,
            missing="notBreaching",
            description=(
                f"{cluster}: logins fail for 5 minutes: a wrong password after a rotation, or somebody who tries."
            ),
        ),
    }


def _lag(cluster: str) -> AlarmSpec:
    return AlarmSpec(
        namespace="AWS/RDS",
        metric="AuroraGlobalDBReplicationLag",
        dimensions={"DBClusterIdentifier": cluster},
        threshold=5000,
        statistic="Maximum",
        # No figure means that nothing arrives at all.
        missing="breaching",
        description=(
            f"{cluster}: more than 5 s behind the region that takes writes. A failover now would lose that much."
        ),
    )
