"""The image of a Go service, built from its source by the engine."""

import pulumi

from components.args import ServiceImageArgs
from components.service_build import service_build


class ServiceImage(pulumi.ComponentResource):
    """An image whose tag is the digest of what it was built from: the same source is the same image."""

    image_id: pulumi.Output[str]
    """Identity of the image; what runs is pinned by it."""

    reference: pulumi.Output[str]
    """Name and tag."""

    version: str
    """The tag: the first digits of the source's digest."""

    def __init__(self, name: str, args: ServiceImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceImage", name, {}, opts)
        build = service_build(name, args, "gostack", self)
        self.version = build.version
        self.image_id = build.image.image_id
        self.reference = build.image.name
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
