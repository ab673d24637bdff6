"""Images as nodes pull them: third-party, prebuilt, and built from source by this machine's engine and pushed."""

from typing import NotRequired

import pulumi
import pulumi_docker as docker

from components.images.args import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.images.build import service_build
from components.images.reference import image_version
from components.images.signatures import Signatures, signed


class KubernetesServiceImageArgs(ServiceImageArgs):
    """Inputs of a service's image that is pushed to a registry."""

    registry: NotRequired[str]
    """Where the image is pushed, host[:port]/prefix."""

    signatures: NotRequired[Signatures]
    """Whose signature it needs before anything runs it; nobody's when it is not given."""


class UpstreamImages(pulumi.ComponentResource):
    """References that nodes pull: nothing is made here, and what is pulled goes when a node wants room."""

    image_ids: dict[str, pulumi.Output[str]]
    """Short name to reference, with a digest where the settings or the registry give one."""

    def __init__(self, name: str, args: UpstreamImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:UpstreamImages", name, {}, opts)
        self.image_ids = {short: pulumi.Output.from_input(reference) for short, reference in args["references"].items()}
        self.register_outputs({"image_ids": self.image_ids})


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


class ServiceImage(pulumi.ComponentResource):
    """An image whose tag is the digest of what it was built from: the same source is the same image."""

    image_id: pulumi.Output[str]
    """Name and digest, as nodes pull it; what runs is pinned by it, and what other environments promote."""

    reference: pulumi.Output[str]
    """The same."""

    version: str
    """The tag: the first digits of the source's digest."""

    def __init__(self, name: str, args: KubernetesServiceImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
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
        self.reference = pulumi.Output.concat(build.repository, "@", pushed.sha256_digest)
        self.image_id = signed(self.reference, args.get("signatures"))
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
