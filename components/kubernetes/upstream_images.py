"""The images that others publish, as nodes pull them."""

import pulumi

from components.args import UpstreamImagesArgs


class UpstreamImages(pulumi.ComponentResource):
    """References that nodes pull: nothing is made here, and what is pulled goes when a node wants room."""

    image_ids: dict[str, pulumi.Output[str]]
    """Short name to reference, with a digest where the settings or the registry give one."""

    def __init__(self, name: str, args: UpstreamImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:UpstreamImages", name, {}, opts)
        self.image_ids = {short: pulumi.Output.from_input(reference) for short, reference in args["references"].items()}
        self.register_outputs({"image_ids": self.image_ids})
