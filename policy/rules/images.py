"""What runs is exactly what was tested: images are named by what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.kubernetes import containers
from policy.resource import Marker, Resource, listing, mapping
from policy.rule import PROD_ALONE, STAGING_ALONE, Finding, Findings, Level, resource_rule

_DIGEST = re.compile(r"(^|@)sha256:[0-9a-f]{64}$")
_IDENTITY = re.compile(r"^sha256:\S+$")


@resource_rule("rehearsed-image", level=Level.ADVISORY, environments=STAGING_ALONE)
def rehearsed_image(resource: Resource) -> Findings:
    """In staging a container names its image by digest too: prod runs what was rehearsed."""
    yield from _without_digest(resource)


@resource_rule("pinned-image", environments=PROD_ALONE)
def pinned_image(resource: Resource) -> Findings:
    """Every container of Kubernetes names its image by digest, so that a restart runs the same bytes everywhere."""
    yield from _without_digest(resource)


def _without_digest(resource: Resource) -> Findings:
    for path, image in _kubernetes_images(resource):
        if not _DIGEST.search(image):
            yield Finding(
                resource,
                path,
                f'is "{image}", which can become another image',
                "write it as repository@sha256:<digest>",
            )


@resource_rule("pinned-container")
def pinned_container(resource: Resource) -> Findings:
    """Every Docker container names its image by identity or digest: a tag may mean another image tomorrow."""
    if resource.package != "docker" or resource.kind != "Container":
        return
    image = resource.at("image", "")
    if isinstance(image, Marker) or _IDENTITY.match(image) or _DIGEST.search(image):
        return
    yield Finding(
        resource, "image", f'is "{image}", which can become another image', "take the image_id of a RemoteImage"
    )


@resource_rule("no-latest")
def no_latest(resource: Resource) -> Findings:
    """No image is asked for by the moving tag `latest`, nor without a tag."""
    for path, image in [*_kubernetes_images(resource), *_docker_images(resource)]:
        if _moving(image):
            yield Finding(resource, path, f'is "{image}": nobody knows what it will be', "write a version or a digest")


@resource_rule("immutable-tags")
def immutable_tags(resource: Resource) -> Findings:
    """A registry takes each tag once and scans what is pushed."""
    if resource.type != "aws:ecr/repository:Repository":
        return
    if resource.at("imageTagMutability") not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", Marker.UNKNOWN):
        yield Finding(resource, "imageTagMutability", "lets a tag be pushed again", 'set it to "IMMUTABLE"')
    if resource.at("imageScanningConfiguration.scanOnPush") not in (True, Marker.UNKNOWN):
        yield Finding(
            resource, "imageScanningConfiguration.scanOnPush", "is not true: known holes are not told", "set it to True"
        )


def _moving(image: str) -> bool:
    if image.startswith("sha256:") or "@" in image:
        return False
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return tag in ("", "latest")


def _kubernetes_images(resource: Resource) -> Iterator[tuple[str, str]]:
    for container in containers(resource):
        image = container.manifest.get("image", "")
        if not isinstance(image, Marker):
            yield f"{container.path}.image", str(image)


def _docker_images(resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.package != "docker":
        return
    key = {"Container": "image", "RemoteImage": "name", "RegistryImage": "name", "Image": "imageName"}.get(
        resource.kind
    )
    value = resource.at(key) if key else None
    if isinstance(value, str) and not isinstance(value, Marker):
        yield str(key), value
    if resource.kind == "Service":
        image = resource.at("taskSpec.containerSpec.image")
        if isinstance(image, str) and not isinstance(image, Marker):
            yield "taskSpec.containerSpec.image", image
    for index, tag in enumerate(listing(mapping(resource.at("build")).get("tags"))):
        # What is built here carries `latest` beside its own tag for people; nothing is started by it.
        if not isinstance(tag, Marker) and ":" not in str(tag).rsplit("/", 1)[-1]:
            yield f"build.tags.{index}", str(tag)
