"""The image of a Go service, built from its source by the Docker engine of this machine and pushed to a registry."""

import pulumi
import pulumi_docker as docker

from components.args import ServiceImageArgs
from components.service_build import service_build


class ServiceImage(pulumi.ComponentResource):
    """An image whose tag is the digest of what it was built from: the same source is the same image."""

    image_id: pulumi.Output[str]
    """Name and digest, as nodes pull it; what runs is pinned by it, and what other environments promote."""

    reference: pulumi.Output[str]
    """The same."""

    version: str
    """The tag: the first digits of the source's digest."""

    def __init__(self, name: str, args: ServiceImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceImage", name, {}, opts)
        build = service_build(name, args, args.get("registry", ""), self)
        self.version = build.version
        pushed = docker.RegistryImage(
            f"{name}-push",
            name=build.image.name,
            # Another environment may have promoted it: the registry's own rules decide how long it stays.
            keep_remotely=True,
            triggers={"source": build.digest},
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=[build.image]),
        )
        self.image_id = pulumi.Output.concat(build.repository, "@", pushed.sha256_digest)
        self.reference = self.image_id
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
