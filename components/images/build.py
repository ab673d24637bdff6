"""A Go service's image as it is built from its source, by the Docker engine of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.images.args import ServiceImageArgs
from components.images.build_context import PROJECT, content_digest, project_path
from components.ingress.tracks import STABLE


@dataclass(frozen=True)
class ServiceBuild:
    """An image whose tag is the digest of what it was built from: the same source is the same image."""

    image: docker.RemoteImage
    """The image on the engine."""

    repository: str
    """Its name without the tag."""

    version: str
    """The tag: the first digits of the source's digest."""

    digest: str
    """Digest of the source and of how it is built."""


def service_build(name: str, args: ServiceImageArgs, prefix: str, parent: pulumi.Resource) -> ServiceBuild:
    """Build the image of a service under a name that begins with `prefix`."""
    build_arguments = {"GOLANG_IMAGE": args["golang_image"], "MAIN_PACKAGE": args["main_package"]}
    digest = content_digest(args["context"], args["dockerfile"], build_arguments)
    version = digest[:12]
    suffix = "" if args["track"] == STABLE else f"-{args['track']}"
    repository = f"{prefix}/{args['labels']['gostack.stack']}-{args['service']}{suffix}"
    image = docker.RemoteImage(
        f"{name}-image",
        name=f"{repository}:{version}",
        build=docker.RemoteImageBuildArgs(
            context=project_path(args["context"]),
            # The engine's provider looks for it from the context.
            dockerfile=os.path.relpath(PROJECT / args["dockerfile"], PROJECT / args["context"]),
            build_args={**build_arguments, "VERSION": version},
            label={**args["labels"], "gostack.service": args["service"]},
        ),
        triggers={"source": digest},
        # Its containers are gone before it; one left by hand must not keep the stack from going.
        force_remove=True,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=False),
    )
    return ServiceBuild(image, repository, version, digest)
