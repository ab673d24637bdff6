"""A pod: containers that share one address, as in Kubernetes."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, hardened_container
from components.options import given_dependencies


class PodArgs(TypedDict):
    """Inputs of a pod."""

    networks: Sequence[pulumi.Input[str]]
    """Networks that the pod joins."""

    pause_image: pulumi.Input[str]
    """Image of the process that does nothing but hold the network namespace."""

    host_names: NotRequired[Sequence[str]]
    """Names under which those networks know the pod."""

    local_names: NotRequired[Sequence[str]]
    """Names under which the first network alone knows it: each region has a pod of these names."""

    ports: NotRequired[Sequence[docker.ContainerPortArgs]]
    """Ports of this machine that lead into the pod."""

    identity: NotRequired[pulumi.Input[str]]
    """Digest of everything in the pod. With it, a pod whose content changes is replaced as a whole by a new one beside
    it; without it, the pod stays and its containers are replaced inside."""

    delete_first: NotRequired[bool]
    """True for a pod with an identity that goes before the new one comes: two of them would fight for a volume."""

    labels: Mapping[str, str]
    """Labels of the pod's containers."""


class Pod(pulumi.ComponentResource):
    """Address and network namespace that outlive the containers inside: each of them can restart by itself."""

    network_mode: pulumi.Output[str]
    """`network_mode` of a container that joins the pod."""

    def __init__(self, name: str, args: PodArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Pod", name, {}, opts)
        names = list(args.get("host_names", []))
        identity = args.get("identity")
        sandbox = hardened_container(
            f"{name}-sandbox",
            ContainerSpec(
                image=args["pause_image"],
                role="sandbox",
                labels=args["labels"],
                memory_mib=16,
                environment={"POD_IDENTITY": identity} if identity is not None else {},
                stop_seconds=2,
            ),
            parent=self,
            create_first=identity is not None and not args.get("delete_first", False),
            depends_on=given_dependencies(opts),
            networks=[
                docker.ContainerNetworksAdvancedArgs(
                    name=network, aliases=[*names, *args.get("local_names", [])] if index == 0 else names
                )
                for index, network in enumerate(args["networks"])
            ],
            ports=sorted(args.get("ports", ()), key=_as_the_engine_tells_them),
        )
        self.network_mode = pulumi.Output.concat("container:", sandbox.id)
        self.register_outputs({"network_mode": self.network_mode})


def _as_the_engine_tells_them(port: docker.ContainerPortArgs) -> str:
    # The provider compares ports by their place in the list: a pod whose ports come back in another order would be
    # replaced by every update, and the ingress with it. They come by number, and all have four digits.
    return str(port.internal)
