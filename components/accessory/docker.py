"""An accessory of a region: a pod that keeps its name and its disks while its container is replaced."""

import shlex
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from components.accessory.args import AccessoryArgs, accessory_values
from components.consul.check import Check
from components.consul.docker_agent import ConsulAgent
from components.consul.instances import ServiceInstance
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import kept_volume
from components.options import after
from components.region.args import RegionReference

FOLDER_MIB = 64
"""Size in MiB of a folder in memory."""


class Accessory(pulumi.ComponentResource):
    """Any image under one name in its region's network, or in all of them when it is the only one of its name.

    Its container is replaced delete-first, because two cannot write to one disk: clients must be able to come back.
    """

    address: pulumi.Output[str]
    """Name and port; whoever uses it waits until the accessory is healthy."""

    def __init__(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Accessory", name, {}, opts)
        region, accessory, port = args["region"], args["accessory"], args["ports"][0]
        # All regions share the backbone: one that is alone is found there, and of several each by its region.
        stack_wide = [accessory] if args["reachable_from"] else []
        if args["peers"]:
            stack_wide = [peer_name(accessory, region)]
        labels = {**args["labels"], "gostack.region": region["region"], "gostack.service": accessory}
        disks = {
            disk: kept_volume(
                f"{name}-{disk}",
                f"{args['volume_prefix']}-{accessory}-{disk}-{region['region']}",
                accessory,
                labels,
                self,
            )
            for disk in args["data"]
        }
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "host_names": stack_wide,
                "local_names": [] if args["reachable_from"] else [accessory],
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        files = file_mounts(
            name, args.get("given_files", {}), image=args["consul"]["image"], labels=labels, parent=self
        )
        program = hardened_container(
            f"{name}-program",
            _program_spec(args, labels, {disk: volume.name for disk, volume in disks.items()}, files),
            parent=self,
            network_mode=pod.network_mode,
            create_first=False,
        )
        agent = ConsulAgent(
            f"{name}-registration",
            {
                # The program's own registration: another program is registered, and waited for, anew.
                "network_mode": after(pod.network_mode, program.id),
                "node": name,
                "region": region,
                "consul": args["consul"],
                "services": [_instance(args)],
                "drain_seconds": 0,
                "start_seconds": args["start_seconds"],
                "replaced_with_pod": False,
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self, depends_on=[program]),
        )
        self.address = pulumi.Output.all(agent.node, program.id).apply(lambda _: f"{accessory}:{port}")
        self._values = accessory_values(args, self.address, [peer_name(accessory, peer) for peer in args["peers"]])
        self.register_outputs({"address": self.address})

    @property
    def values(self) -> Mapping[str, pulumi.Input[str]]:
        """What services may be told of it: `host`, `port`, `address`, `peers`, and what else it is known by."""
        return self._values


def peer_name(accessory: str, region: RegionReference) -> str:
    """Return the name by which other regions reach the accessory of a region that is not alone."""
    return f"{accessory}.{region['region']}"


def _program_spec(
    args: AccessoryArgs,
    labels: Mapping[str, str],
    disks: Mapping[str, pulumi.Input[str]],
    files: Sequence[docker.ContainerVolumeArgs],
) -> ContainerSpec:
    check = args["check"]
    return ContainerSpec(
        image=args["image"],
        role="accessory",
        labels=labels,
        memory_mib=args["memory_mib"],
        cpus=args["cpus"],
        user=str(args["user"]) if "user" in args else None,
        entrypoint=args.get("entrypoint"),
        command=args.get("arguments"),
        environment={**args["environment"], **args["secrets"]},
        volumes=[
            *(
                docker.ContainerVolumeArgs(volume_name=disks[disk], container_path=volume.path)
                for disk, volume in sorted(args["data"].items())
            ),
            *files,
        ],
        memory_folders=dict.fromkeys(args["writable"], FOLDER_MIB),
        capabilities=args["capabilities"],
        # An image need not have a shell: the agent beside it opens the connection.
        health=HealthCheck(
            test=["CMD-SHELL", shlex.join(check.command)],
            wait_seconds=args["start_seconds"],
            start_period_seconds=args["start_seconds"],
        )
        if check.protocol == "command"
        else None,
        stop_seconds=args["stop_seconds"],
    )


def _instance(args: AccessoryArgs) -> ServiceInstance:
    check = args["check"]
    judged = Check(protocol="http", path=check.path) if check.protocol == "http" else Check(protocol="tcp")
    region, port = args["region"]["region"], args["ports"][0]
    metadata = {"region": region}
    if "metrics" in args:
        metadata |= {"instance": f"{args['accessory']}-{region}", **args["metrics"].metadata(port)}
    return ServiceInstance(args["accessory"], port, judged, metadata=metadata)
