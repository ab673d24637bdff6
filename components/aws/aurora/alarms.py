"""What somebody must know of a region's database before its clients do."""

from functools import partial

import pulumi

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import AlarmedArgs

GIB = 1024**3


class DatabaseAlarmsArgs(AlarmedArgs):
    """Inputs of a database's alarms."""

    cluster_identifier: str
    """Name of the region's cluster."""

    copy: bool
    """True for a region that follows another one: then it may lag behind."""


class DatabaseAlarms(pulumi.ComponentResource):
    """Alarms on load, memory, connections and lag of a cluster."""

    names: list[str]
    """Names of the alarms."""

    def __init__(self, name: str, args: DatabaseAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DatabaseAlarms", name, {}, opts)
        watched = _watched(args["cluster_identifier"], copy=args["copy"])
        metric_alarms(name, watched, args, self)
        self.names = [f"{name}-{key}" for key in watched]
        self.register_outputs({"names": self.names})


def _watched(cluster: str, *, copy: bool) -> dict[str, AlarmSpec]:
    figure = partial(AlarmSpec, namespace="AWS/RDS", dimensions={"DBClusterIdentifier": cluster})
    least = partial(figure, comparison="LessThanThreshold", statistic="Minimum")
    lag = figure(
        metric="AuroraGlobalDBReplicationLag",
        threshold=5000,
        statistic="Maximum",
        # No figure means that nothing arrives at all.
        missing="breaching",
        description=(
            f"{cluster}: more than 5 s behind the region that takes writes. A failover now would lose that much."
        ),
    )
    return {
        "cpu": figure(
            metric="CPUUtilization",
            threshold=80,
            description=(
                f"{cluster}: CPU above 80 % for 5 minutes. Look at Performance Insights, or take larger instances."
            ),
        ),
        "memory": least(
            metric="FreeableMemory",
            threshold=GIB,
            description=f"{cluster}: less than 1 GiB of memory is free. Take larger instances before it restarts.",
        ),
        "storage": least(
            metric="FreeLocalStorage",
            threshold=5 * GIB,
            description=f"{cluster}: less than 5 GiB for temporary tables and logs is free on an instance.",
        ),
        "deadlocks": figure(
            metric="Deadlocks",
            threshold=1,
            missing="notBreaching",
            description=(
                f"{cluster}: more than one deadlock a second for 5 minutes: two transactions wait for each other."
            ),
        ),
        "failed-logins": figure(
            metric="LoginFailures",
            threshold=1,
            missing="notBreaching",
            description=(
                f"{cluster}: logins fail for 5 minutes: a wrong password after a rotation, or somebody who tries."
            ),
        ),
        **({"replication-lag": lag} if copy else {}),
    }
