"""The images that others publish, each pinned by its identity."""

import pulumi
import pulumi_docker as docker

from components.args import UpstreamImagesArgs


class UpstreamImages(pulumi.ComponentResource):
    """Images that the engine has, or pulls once. They stay when the stack goes: other stacks may use them."""

    image_ids: dict[str, pulumi.Output[str]]
    """Short name to identity of the image."""

    def __init__(self, name: str, args: UpstreamImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:UpstreamImages", name, {}, opts)
        self.image_ids = {
            short: docker.RemoteImage(
                f"{name}-{short}", name=reference, keep_locally=True, opts=pulumi.ResourceOptions(parent=self)
            ).image_id
            for short, reference in args["references"].items()
        }
        self.register_outputs({"image_ids": self.image_ids})
