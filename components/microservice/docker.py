"""One track of a service in one region: its replicas and their registration."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_docker as docker

from components.consul.docker_agent import ConsulAgent, ConsulAgentArgs, agent_spec
from components.docker.container import ContainerSpec, content_digest, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import volume_mounts
from components.microservice.args import MicroserviceArgs
from components.microservice.docker_folders import disk_folders
from components.microservice.docker_worker import command_check, lived_on, port_check
from components.microservice.replica import replica_environment, replica_instances, tracing_environment
from components.microservice.volumes import released_in_place
from components.options import after


class Microservice(pulumi.ComponentResource):
    """Replicas that never change: a new one is up, healthy and registered before an old one is deregistered, drained
    and stopped. That order is the dependency graph's: registration depends on its replica, and what depends goes first.

    Replicas with volumes of their own are replaced one after the other, each of them delete-first.
    """

    replicas: pulumi.Output[int]
    """Number of replicas that are registered and healthy."""

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Microservice", name, {}, opts)
        files = file_mounts(
            name, args.get("given_files", {}), image=args["consul"]["image"], labels=_labels(args), parent=self
        )
        nodes: list[pulumi.Output[str]] = []
        before: list[pulumi.Resource] = []
        for index in range(args["replicas"]):
            agent = self._replica(f"{name}-{index}", index, args, files, before)
            nodes.append(agent.node)
            # One goes while the others serve.
            before = [agent] if _in_place(args) else []
        self.replicas = pulumi.Output.all(*nodes).apply(len)
        self.register_outputs({"replicas": self.replicas})

    def _replica(
        self,
        name: str,
        index: int,
        args: MicroserviceArgs,
        files: Sequence[docker.ContainerVolumeArgs],
        before: Sequence[pulumi.Resource],
    ) -> ConsulAgent:
        in_place = _in_place(args)
        kept = volume_mounts(args.get("region_volumes", {}))
        if in_place and "replica_volumes" in args:
            kept += volume_mounts(args["replica_volumes"][index])
        labels = {**_labels(args), "gostack.instance": name}
        application = replace(_application_spec(name, args, labels), volumes=[*kept, *files])
        registration: ConsulAgentArgs = {
            "network_mode": "",
            "node": name,
            "region": args["region"],
            "consul": args["consul"],
            "services": replica_instances(args, name),
            # No request is on its way to a worker.
            "drain_seconds": args["workload"].drain_seconds if args["workload"].kind == "service" else 0,
            "start_seconds": args["workload"].startup_timeout_seconds,
            "replaced_with_pod": not in_place,
            "labels": labels,
        }
        check = port_check(args)
        if check is not None:
            registration["check"] = check
        # Whatever changes in a replica, the whole pod is replaced by a new one beside it. Other files are in a volume
        # with another name.
        identity = content_digest(application, agent_spec(registration))
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [args["region"]["network"], args["region"]["backbone_network"]],
                "pause_image": args["region"]["pause_image"],
                "identity": identity,
                "delete_first": in_place,
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self, depends_on=list(before) or None),
        )
        folders = disk_folders(
            name,
            args["workload"],
            image=args["consul"]["image"],
            identity=identity,
            labels=labels,
            parent=self,
        )
        application = replace(application, volumes=[*folders, *application.volumes])
        container = hardened_container(
            f"{name}-application", application, parent=self, network_mode=pod.network_mode, create_first=not in_place
        )
        registration["network_mode"] = pod.network_mode
        if args["workload"].judged_by is None:
            lives = lived_on(f"{name}-settling", container, args, labels, self)
            registration["network_mode"] = after(pod.network_mode, lives)
        return ConsulAgent(
            f"{name}-registration", registration, pulumi.ResourceOptions(parent=self, depends_on=[container])
        )


def _in_place(args: MicroserviceArgs) -> bool:
    return released_in_place(args["workload"].volumes, "docker")


def _application_spec(name: str, args: MicroserviceArgs, labels: Mapping[str, str]) -> ContainerSpec:
    workload = args["workload"]
    limits = workload.limits("docker")
    return ContainerSpec(
        image=args["image"],
        role="application",
        labels=labels,
        memory_mib=limits.memory_mib,
        cpus=limits.cpus,
        user=workload.user,
        entrypoint=workload.command,
        command=args.get("arguments", workload.args),
        memory_folders={path: folder.size_mib for path, folder in workload.writable.items() if not folder.disk},
        environment={
            **tracing_environment(args, name),
            **args["environment"],
            **args["secrets"],
            **replica_environment(args),
            "INSTANCE_ID": name,
        },
        # The engine lets every user listen there; but a file that has the capability is not run without it.
        capabilities=["NET_BIND_SERVICE"] if workload.binds_privileged else [],
        health=command_check(workload),
        stop_seconds=workload.termination_grace_period_seconds,
    )


def _labels(args: MicroserviceArgs) -> dict[str, str]:
    return {
        **args["labels"],
        "gostack.region": args["region"]["region"],
        "gostack.service": args["service"],
        "gostack.track": args["track"],
    }
