"""The image of a Go service, built from its source by the Docker engine of this machine and pushed to a registry."""

import os

import pulumi
import pulumi_docker as docker

from components.args import ServiceImageArgs
from components.build_context import content_digest, project_path
from components.rendering.nginx_tracks import STABLE


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
        build_arguments = {"GOLANG_IMAGE": args["golang_image"], "MAIN_PACKAGE": args["main_package"]}
        digest = content_digest(args["context"], args["dockerfile"], build_arguments)
        self.version = digest[:12]
        suffix = "" if args["track"] == STABLE else f"-{args['track']}"
        repository = f"{args.get('registry', '')}/{args['labels']['gostack.stack']}-{args['service']}{suffix}"
        image = docker.RemoteImage(
            f"{name}-image",
            name=f"{repository}:{self.version}",
            build=docker.RemoteImageBuildArgs(
                context=project_path(args["context"]),
                # The engine's provider looks for it from the context.
                dockerfile=os.path.relpath(args["dockerfile"], args["context"]),
                build_args={**build_arguments, "VERSION": self.version},
                label={**args["labels"], "gostack.service": args["service"]},
            ),
            triggers={"source": digest},
            force_remove=True,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        pushed = docker.RegistryImage(
            f"{name}-push",
            name=image.name,
            # Another environment may have promoted it: the registry's own rules decide how long it stays.
            keep_remotely=True,
            triggers={"source": digest},
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=[image]),
        )
        self.image_id = pulumi.Output.concat(repository, "@", pushed.sha256_digest)
        self.reference = self.image_id
        self.register_outputs({"image_id": self.image_id, "reference": self.reference, "version": self.version})
