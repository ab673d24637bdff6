"""A region on one machine: a network of its own, joined to the other regions by a backbone."""

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.args import StackArgs
from components.docker.addresses import assigned_range, gateway
from components.region.args import RegionReference


class BackboneArgs(StackArgs):
    """Inputs of the network between the regions."""

    cidr: str
    """Network in CIDR notation."""


class Backbone(pulumi.ComponentResource):
    """The network between the regions: what crosses a region's border goes this way."""

    network: pulumi.Output[str]
    """Name of the engine's network."""

    def __init__(self, name: str, args: BackboneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Backbone", name, {}, opts)
        network = _bridge(f"{name}-network", args["cidr"], args["labels"], self)
        self.network = network.name
        self.register_outputs({"network": self.network})


class RegionArgs(StackArgs):
    """Inputs of a region."""

    region: str
    """Name of the region."""

    cidr: str
    """Network of the region in CIDR notation, /16 to /24; must not overlap with another one."""

    backbone_network: pulumi.Input[str]
    """`Backbone.network`."""

    backbone_cidr: str
    """Network of the backbone in CIDR notation."""

    pause_image: pulumi.Input[str]
    """Image that holds the network namespace of the region's pods."""


class Region(pulumi.ComponentResource):
    """A failure domain: its network holds everything that runs there."""

    network: pulumi.Output[str]
    """Name of the engine's network."""

    reference: RegionReference
    """The region as the other components take it."""

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Region", name, {}, opts)
        labels = {**args["labels"], "gostack.region": args["region"]}
        network = _bridge(f"{name}-network", args["cidr"], labels, self)
        self.network = network.name
        self.reference = {
            "region": args["region"],
            "cidr": args["cidr"],
            "network": self.network,
            "backbone_cidr": args["backbone_cidr"],
            "backbone_network": args["backbone_network"],
            "pause_image": args["pause_image"],
        }
        self.register_outputs({"network": self.network})


def _bridge(name: str, cidr: str, labels: Mapping[str, str], parent: pulumi.Resource) -> docker.Network:
    return docker.Network(
        name,
        driver="bridge",
        ipam_configs=[
            docker.NetworkIpamConfigArgs(
                subnet=cidr,
                gateway=gateway(cidr),
                # The engine does not know of fixed addresses: it assigns from the upper half only.
                ip_range=assigned_range(cidr),
            )
        ],
        labels=[docker.NetworkLabelArgs(label=key, value=value) for key, value in sorted(labels.items())],
        # A network holds nothing, and two with the same range cannot stand side by side.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
