"""The schedules of a service in one region: a pod that runs the service's program when it is due."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_docker as docker

from components.consul.docker_agent import ConsulAgent, ConsulAgentArgs, agent_spec
from components.docker.container import ContainerSpec, content_digest, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import volume_labels, volume_mounts
from components.microservice.docker_folders import disk_folders
from components.microservice.replica import replica_environment
from components.options import after
from components.scheduled_tasks.args import ScheduledTasksArgs

FOLDER = "/run/gostack/scheduler"
"""Where the scheduler is in a container of the service's image."""

USUAL_PROGRAM = ["/service"]
"""The program in an image that `services/Dockerfile` built."""

SCHEDULER_MIB = 32
"""What the scheduler itself needs, in MiB, beside the program that it runs."""


class DockerScheduledTasksArgs(ScheduledTasksArgs):
    """Inputs of the schedules of a service on Docker."""

    regions: Sequence[str]
    """All regions that have the schedules, in the order in which their Consul keeps who runs what."""


class ScheduledTasks(pulumi.ComponentResource):
    """A container of the service's image, in which a scheduler begins the service's program when it is due.

    Each region has one, and for each time one of them gets the run, by a key in Consul: the first region's, or where
    that gives no answer for 20 s, the next one's. It has no socket of the engine.
    """

    names: pulumi.Output[list[str]]
    """Names of the schedules."""

    def __init__(self, name: str, args: DockerScheduledTasksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ScheduledTasks", name, {}, opts)
        region, image = args["region"], args.get("scheduler_image", "")
        # Without a track, which replicas have.
        labels = {**args["labels"], "gostack.region": region["region"], "gostack.service": args["service"]}
        kept = volume_mounts(args.get("region_volumes", {}))
        found = file_mounts(
            name, args.get("given_files", {}), image=args["consul"]["image"], labels=labels, parent=self
        )
        program = replace(_program_spec(name, args, labels), volumes=[*kept, *found])
        registration: ConsulAgentArgs = {
            "network_mode": "",
            "node": name,
            "region": region,
            "consul": args["consul"],
            "services": [],
            "drain_seconds": 0,
            "start_seconds": args["workload"].startup_timeout_seconds,
            "replaced_with_pod": True,
            "labels": labels,
        }
        identity = pulumi.Output.concat(content_digest(program, agent_spec(registration)), ":", image)
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "identity": identity,
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        folders = disk_folders(
            name, args["workload"], image=args["consul"]["image"], identity=identity, labels=labels, parent=self
        )
        agent = ConsulAgent(
            f"{name}-registration",
            {**registration, "network_mode": pod.network_mode},
            pulumi.ResourceOptions(parent=self),
        )
        container = hardened_container(
            f"{name}-scheduler",
            replace(program, volumes=[self._scheduler(name, image, labels), *folders, *program.volumes]),
            parent=self,
            network_mode=after(pod.network_mode, agent.node),
            create_first=True,
        )
        self.names = container.id.apply(lambda _: sorted(args["schedules"]))
        self.register_outputs({"names": self.names})

    def _scheduler(self, name: str, image: pulumi.Input[str], labels: Mapping[str, str]) -> docker.ContainerVolumeArgs:
        """The scheduler's file as a mount: an image of a stranger need not hold it."""
        volume = docker.Volume(
            f"{name}-program",
            driver="local",
            labels=volume_labels(labels),
            opts=pulumi.ResourceOptions(parent=self, replacement_trigger=image),
        )
        # The engine copies what an image has in a folder into an empty volume that is mounted there.
        filling = hardened_container(
            f"{name}-filling",
            ContainerSpec(
                image=image,
                role="job",
                labels=labels,
                memory_mib=SCHEDULER_MIB,
                command=["--there"],
                volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path="/app")],
                one_shot=True,
            ),
            parent=self,
            network_mode="none",
            create_first=True,
        )
        filled = after(volume.name, filling.id)
        return docker.ContainerVolumeArgs(volume_name=filled, container_path=FOLDER, read_only=True)


def _program_spec(name: str, args: DockerScheduledTasksArgs, labels: Mapping[str, str]) -> ContainerSpec:
    workload, limits = args["workload"], args["workload"].limits("docker")
    grace = workload.termination_grace_period_seconds
    schedules = {
        schedule: {
            "cron": wanted.cron,
            "time_zone": wanted.time_zone,
            "args": args["tasks"][wanted.task].args,
            "concurrency": wanted.concurrency,
            "deadline_seconds": wanted.deadline_seconds,
        }
        for schedule, wanted in sorted(args["schedules"].items())
    }
    document = {
        "service": args["service"],
        "regions": list(args["regions"]),
        "program": workload.command or USUAL_PROGRAM,
        "grace_seconds": grace,
        "schedules": schedules,
    }
    return ContainerSpec(
        image=args["image"],
        role="scheduler",
        labels=labels,
        memory_mib=limits.memory_mib + SCHEDULER_MIB,
        cpus=limits.cpus,
        user=workload.user,
        entrypoint=[f"{FOLDER}/service"],
        # As a replica has.
        capabilities=["NET_BIND_SERVICE"] if workload.binds_privileged else [],
        memory_folders={path: folder.size_mib for path, folder in workload.writable.items() if not folder.disk},
        environment={
            **args["environment"],
            **args["secrets"],
            **replica_environment(args),
            "INSTANCE_ID": name,
            "GOSTACK_SCHEDULES": json.dumps(document, sort_keys=True),
        },
        # A run that goes on has its time to end.
        stop_seconds=grace + 5,
    )
