"""The volumes of a service in one region: engine volumes with fixed names, which outlive the stack."""

from collections.abc import Mapping, Sequence

import pulumi

from components.docker.volumes import kept_volume, opened_volume
from components.microservice.volumes import SHARED_LABEL, ServiceVolume
from components.service_volumes.args import ServiceVolumesArgs, kept_volumes


class ServiceVolumes(pulumi.ComponentResource):
    """One volume for all replicas, or one for each of them, that every user may write to."""

    volumes: pulumi.Output[dict[str, str]]
    """Name by which each is kept to who shares it, `region` or `replica`."""

    def __init__(self, name: str, args: ServiceVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceVolumes", name, {}, opts)
        given = sorted(args["volumes"].items())
        self._of_region = {
            volume.path: self._volume(f"{name}-{called}", args, called, volume)
            for called, volume in given
            if volume.shared == "region"
        }
        self._of_replicas = [
            {
                volume.path: self._volume(f"{name}-{called}.{index}", args, called, volume, f".{index}")
                for called, volume in given
                if volume.shared == "replica"
            }
            for index in range(args["replicas"])
        ]
        self.volumes = pulumi.Output.from_input(kept_volumes(args))
        self.register_outputs({"volumes": self.volumes})

    @property
    def of_region(self) -> Mapping[str, pulumi.Input[str]]:
        """Path to the engine volume that all programs of the service in the region share."""
        return self._of_region

    @property
    def of_replicas(self) -> Sequence[Mapping[str, pulumi.Input[str]]]:
        """For each replica, path to the engine volume that is its own."""
        return self._of_replicas

    def _volume(
        self, resource: str, args: ServiceVolumesArgs, name: str, volume: ServiceVolume, ending: str = ""
    ) -> pulumi.Output[str]:
        region, kept = args["region"]["region"], volume.kept_name(args["service"], name)
        # Of the kept name alone: the engine never changes the labels of a volume that exists.
        labels = {**args["labels"], "gostack.region": region, "gostack.service": kept.partition(".")[0]}
        made = kept_volume(
            resource,
            f"{args['volume_prefix']}-{kept}-{region}{ending}",
            kept,
            {**labels, SHARED_LABEL: volume.shared},
            self,
            protect=volume.protect or None,
        )
        return opened_volume(resource, made, args["consul"]["image"], labels, self, kept=True)
