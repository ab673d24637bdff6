"""The image of a Go service, built from its source by the engine."""

import os

import pulumi
import pulumi_docker as docker

from components.args import ServiceImageArgs
from components.build_context import content_digest, project_path
from components.rendering.nginx_tracks import STABLE


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
        build_arguments = {"GOLANG_IMAGE": args["golang_image"], "MAIN_PACKAGE": args["main_package"]}
        digest = content_digest(args["context"], args["dockerfile"], build_arguments)
        self.version = digest[:12]
        stack = args["labels"]["gostack.stack"]
        suffix = "" if args["track"] == STABLE else f"-{args['track']}"
        image = docker.RemoteImage(
            f"{name}-image",
            name=f"gostack/{stack}-{args['service']}{suffix}:{self.version}",
            build=docker.RemoteImageBuildArgs(
                context=project_path(args["context"]),
                # The engine's provider looks for it from the context.
                dockerfile=os.path.relpath(args["dockerfile"], args["context"]),
                build_args={**build_arguments, "VERSION": self.version},
                label={**args["labels"], "gostack.service": args["service"]},
            ),
            triggers={"source": digest},
            # Its containers are gone before it; one left by hand must not keep the stack from going.
            force_remove=True,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        self.image_id = image.image_id
        self.reference = image.name
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
