"""The schedules of a service: CronJobs in one region, which run for all of them."""

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.job import JobGround, job_ground, job_spec
from components.kubernetes.names import JOB, workload_labels
from components.kubernetes.scope import Scope
from components.microservice.kubernetes_hook import task_job
from components.names import cron_job_name
from components.options import given_dependencies
from components.scheduled_tasks.args import ScheduledTasksArgs

LATE_SECONDS = 600
"""Time in seconds by which a run may begin late, after the cluster could not begin any."""


class ScheduledTasks(pulumi.ComponentResource):
    """Runs each task at its times. A run that goes on is left alone by a release; the next one has the new image."""

    names: pulumi.Output[list[str]]
    """Names of the schedules."""

    def __init__(self, name: str, args: ScheduledTasksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ScheduledTasks", name, {}, opts)
        labels = workload_labels(
            args["labels"], region=args["region"]["region"], service=args["service"], role=JOB, member=name
        )
        some = next(iter(args["schedules"].values()))
        scope = Scope(args["region"]["network"], labels, self)
        ground = job_ground(scope, name, task_job(args["tasks"][some.task], args, some.deadline_seconds))
        made = [self._cron_job(f"{name}-{schedule}", schedule, args, ground, opts) for schedule in args["schedules"]]
        self.names = pulumi.Output.all(*(one.id for one in made)).apply(lambda _: sorted(args["schedules"]))
        self.register_outputs({"names": self.names})

    def _cron_job(
        self,
        name: str,
        schedule: str,
        args: ScheduledTasksArgs,
        ground: JobGround,
        opts: pulumi.ResourceOptions | None,
    ) -> k8s.batch.v1.CronJob:
        wanted = args["schedules"][schedule]
        job = task_job(args["tasks"][wanted.task], args, wanted.deadline_seconds)
        return k8s.batch.v1.CronJob(
            name,
            metadata=ground.scope.metadata(cron_job_name(args["service"], schedule)),
            spec=k8s.batch.v1.CronJobSpecArgs(
                schedule=wanted.cron,
                time_zone=wanted.time_zone,
                concurrency_policy=wanted.concurrency.capitalize(),
                starting_deadline_seconds=LATE_SECONDS,
                successful_jobs_history_limit=3,
                failed_jobs_history_limit=3,
                job_template=k8s.batch.v1.JobTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=dict(ground.scope.labels)), spec=job_spec(job, ground)
                ),
            ),
            opts=ground.scope.options(ground.policy, *given_dependencies(opts)),
        )
