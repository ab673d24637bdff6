"""Images on the Docker engine: third-party, prebuilt, and built from source."""

import pulumi
import pulumi_docker as docker

from components.images.args import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.images.build import service_build
from components.images.reference import image_version


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


class ServiceImage(pulumi.ComponentResource):
    """An image whose tag is the digest of what it was built from: the same source is the same image.

    The engine keeps it when another one takes its place, so that `gostack rollback` finds it; `up` removes old ones.
    """

    image_id: pulumi.Output[str]
    """Identity of the image; what runs is pinned by it."""

    reference: pulumi.Output[str]
    """Name and tag."""

    version: str
    """The tag: the first digits of the source's digest."""

    def __init__(self, name: str, args: ServiceImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceImage", name, {}, opts)
        build = service_build(name, args, "gostack", self, keep=True)
        self.version = build.version
        self.image_id = build.image.image_id
        self.reference = build.image.name
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
