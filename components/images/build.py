"""A service's image as it is built from its source, by the Docker engine of this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import pulumi
import pulumi_docker as docker

from components.images.args import ServiceImageArgs
from components.images.build_context import PROJECT, content_digest, ignored, project_path
from components.images.build_options import DEFAULT_DOCKERFILE, BuildOptions
from components.images.go_module import module_folder
from components.images.staging import Staging
from components.ingress.tracks import STABLE

_FROM_THE_DEFAULT = re.compile(r"^\s*ARG\s+GOLANG_IMAGE\b", re.MULTILINE | re.IGNORECASE)


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


def service_build(
    name: str, args: ServiceImageArgs, prefix: str, parent: pulumi.Resource, *, keep: bool = False
) -> ServiceBuild:
    """Build the image of a service under a name that begins with `prefix`; `keep` leaves it on the engine when another
    one takes its place."""
    build_arguments = _build_arguments(args)
    # Not what they are, but where: a build with others replaces the one before, and must not have its name.
    places = {f"secret {name}": secret.file or f"${secret.env}" for name, secret in args["build"].secrets.items()}
    digest = content_digest(args["context"], args["dockerfile"], {**build_arguments, **places})
    version = digest[:12]
    stack = args["labels"]["gostack.stack"]
    suffix = "" if args["track"] == STABLE else f"-{args['track']}"
    repository = f"{prefix}/{stack}-{args['service']}{suffix}"
    staging = Staging.of(stack, args["service"], suffix)
    dockerfile = PROJECT / args["dockerfile"]
    if _is_default(args["dockerfile"]):
        dockerfile = staging.dockerfile(dockerfile, ignored(args["context"], args["dockerfile"]))
    image = docker.RemoteImage(
        f"{name}-image",
        name=f"{repository}:{version}",
        build=docker.RemoteImageBuildArgs(
            context=project_path(args["context"]),
            # The engine's provider looks for it from the context.
            dockerfile=os.path.relpath(dockerfile, PROJECT / args["context"]),
            build_args={**build_arguments, **_version_argument(build_arguments, version)},
            label={**args["labels"], "gostack.service": args["service"]},
            build_log_file=staging.log,
            secrets=_secrets(args["build"], staging),
        ),
        triggers={"source": digest},
        keep_locally=True if keep else None,
        # Its containers are gone before it; one left by hand must not keep the stack from going.
        force_remove=True,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=False),
    )
    return ServiceBuild(image, repository, version, digest)


def _is_default(dockerfile: str) -> bool:
    return (PROJECT / dockerfile).resolve() == PROJECT / DEFAULT_DOCKERFILE


def _build_arguments(args: ServiceImageArgs) -> dict[str, str]:
    """Those of the settings, and for a Dockerfile that is ours, or was copied from it, ours."""
    build = args["build"]
    if not _is_default(args["dockerfile"]):
        if not _FROM_THE_DEFAULT.search((PROJECT / args["dockerfile"]).read_text(encoding="utf-8")):
            return build.args
        return {**build.args, "GOLANG_IMAGE": args["golang_image"], "MAIN_PACKAGE": args["main_package"]}
    module = module_folder(PROJECT / args["context"], args["main_package"]) or "."
    package = PurePosixPath(args["main_package"]).relative_to(module)
    given = {
        "MODULE": "" if module == "." else module,
        "GO_VERSION": build.go or "",
        "CGO": "" if build.cgo is None else str(int(build.cgo)),
        "TAGS": " ".join(build.tags),
        "ASSETS": " ".join(build.assets),
    }
    return {
        **build.args,
        "GOLANG_IMAGE": args["golang_image"],
        "MAIN_PACKAGE": "." if package == PurePosixPath() else f"./{package}",
        **{key: value for key, value in given.items() if value},
    }


def _version_argument(build_arguments: dict[str, str], version: str) -> dict[str, str]:
    return {"VERSION": version} if "GOLANG_IMAGE" in build_arguments else {}


def _secrets(build: BuildOptions, staging: Staging) -> list[docker.RemoteImageBuildSecretArgs] | None:
    """Where the values are, never what they are."""
    files = staging.secret_files(build.secrets)
    return [
        docker.RemoteImageBuildSecretArgs(id=name, src=files.get(name), env=secret.env)
        for name, secret in sorted(build.secrets.items())
    ] or None
