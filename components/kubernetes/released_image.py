"""The image of a service that was built elsewhere."""

import pulumi

from components.args import ReleasedImageArgs
from components.rendering.images import image_version


class ReleasedImage(pulumi.ComponentResource):
    """An image that nodes pull by its digest: what runs in one environment is what ran in the one before."""

    image_id: pulumi.Output[str]
    """Name and digest; what runs is pinned by it."""

    reference: pulumi.Output[str]
    """The same."""

    version: str
    """The first digits of the digest."""

    def __init__(self, name: str, args: ReleasedImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ReleasedImage", name, {}, opts)
        self.version = image_version(args["reference"])
        self.image_id = pulumi.Output.from_input(args["reference"])
        self.reference = self.image_id
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
