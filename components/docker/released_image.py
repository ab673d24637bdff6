"""The image of a service that was built elsewhere."""

import pulumi
import pulumi_docker as docker

from components.args import ReleasedImageArgs
from components.rendering.images import image_version


class ReleasedImage(pulumi.ComponentResource):
    """An image that the engine has, or pulls once. It stays when the stack goes: others may use it."""

    image_id: pulumi.Output[str]
    """Identity of the image; what runs is pinned by it."""

    reference: pulumi.Output[str]
    """Name and tag."""

    version: str
    """The tag, or the first digits of the digest."""

    def __init__(self, name: str, args: ReleasedImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ReleasedImage", name, {}, opts)
        self.version = image_version(args["reference"])
        image = docker.RemoteImage(
            f"{name}-image", name=args["reference"], keep_locally=True, opts=pulumi.ResourceOptions(parent=self)
        )
        self.image_id = image.image_id
        self.reference = image.name
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
