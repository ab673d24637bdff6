"""What a new cluster lacks before anything runs in it: encrypted disks, and network policies that are enforced."""

import json
from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as kubernetes


class ClusterDefaultsArgs(TypedDict):
    """Inputs of a cluster's defaults."""

    key_arn: pulumi.Input[str]
    """Key that encrypts disks."""

    tags: Mapping[str, str]
    """Tags that every disk carries."""


class ClusterDefaults(pulumi.ComponentResource):
    """The default storage class of EKS Auto Mode, and the switch that makes it enforce network policies."""

    storage_class: pulumi.Output[str]
    """Name of the storage class."""

    def __init__(self, name: str, args: ClusterDefaultsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ClusterDefaults", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        pairs = [f"{key}={value}" for key, value in args["tags"].items()]
        tags = {f"tagSpecification_{index}": pair for index, pair in enumerate(pairs, start=1)}
        disks = kubernetes.storage.v1.StorageClass(
            f"{name}-disks",
            metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            provisioner="ebs.csi.eks.amazonaws.com",
            parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": args["key_arn"], **tags},
            # A disk is made in the zone in which its pod is.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            # A claim that is deleted by mistake leaves its disk.
            reclaim_policy="Retain",
            opts=inside,
        )
        kubernetes.core.v1.ConfigMap(
            f"{name}-network-policies",
            metadata={"namespace": "kube-system", "name": "amazon-vpc-cni"},
            data={"enable-network-policy-controller": json.dumps(True)},
            opts=inside,
        )
        self.storage_class = disks.metadata.apply(lambda metadata: metadata.name or "")
        self.register_outputs({"storage_class": self.storage_class})
