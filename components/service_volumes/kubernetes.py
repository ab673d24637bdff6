"""The volumes of a service in one region: claims, which outlive the stack in its namespace."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import APPLICATION, workload_labels
from components.kubernetes.scope import NOT_AWAITED, Scope
from components.kubernetes.storage import claim_spec
from components.microservice.volumes import ServiceVolume
from components.options import given_dependencies
from components.service_volumes.args import ServiceVolumesArgs, kept_volumes


class ServiceVolumes(pulumi.ComponentResource):
    """One claim for each volume. A volume that a replica has for itself is one, too: such a service has one replica."""

    volumes: pulumi.Output[dict[str, str]]
    """Name by which each is kept to who shares it, `region` or `replica`."""

    def __init__(self, name: str, args: ServiceVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceVolumes", name, {}, opts)
        given = sorted(args["volumes"].items())
        claims = {called: self._claim(f"{name}-{called}", args, called, volume, opts) for called, volume in given}
        self._of_region = {volume.path: claims[called] for called, volume in given if volume.shared == "region"}
        self._of_replicas = [{volume.path: claims[called] for called, volume in given if volume.shared == "replica"}]
        self.volumes = pulumi.Output.from_input(kept_volumes(args))
        self.register_outputs({"volumes": self.volumes})

    @property
    def of_region(self) -> Mapping[str, pulumi.Input[str]]:
        """Path to the claim that all programs of the service in the region share."""
        return self._of_region

    @property
    def of_replicas(self) -> Sequence[Mapping[str, pulumi.Input[str]]]:
        """For the only replica, path to the claim that is its own."""
        return self._of_replicas

    def _claim(
        self,
        resource: str,
        args: ServiceVolumesArgs,
        name: str,
        volume: ServiceVolume,
        opts: pulumi.ResourceOptions | None,
    ) -> pulumi.Output[str]:
        region = args["region"]
        labels = workload_labels(
            args["labels"], region=region["region"], service=args["service"], role=APPLICATION, volume=name
        )
        scope = Scope(region["network"], {**labels, "gostack.data": args["service"]}, self)
        claim = k8s.core.v1.PersistentVolumeClaim(
            resource,
            # Where the disk is made for its first pod, that pod waits for the claim's name.
            metadata=scope.metadata(volume.kept_name(args["service"], name), NOT_AWAITED),
            spec=claim_spec(
                volume.size_gib,
                volume.storage_class or region.get("storage_class"),
                "ReadWriteMany" if volume.on_many_nodes else "ReadWriteOnce",
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                # A claim that is there, of a stack that was removed, is taken over with its files.
                retain_on_delete=True,
                protect=volume.protect or None,
                depends_on=given_dependencies(opts) or None,
            ),
        )
        return claim.metadata.apply(lambda found: str(found.name))
