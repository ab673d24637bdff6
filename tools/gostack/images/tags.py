"""Tags by which people find an image: its commit, its version, `latest`. What runs is named by its digest alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tools.gostack.environment.processes import capture
from tools.gostack.images.stack_images import StackImage
from tools.gostack.lifecycle.workspace import PulumiError
from tools.gostack.release.crane import Crane

# Without what may follow a "+": no tag of a registry has that sign.
_VERSION = re.compile(r"v?(?P<version>(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?)")


def tags_of(project: Path) -> list[str]:
    """Return the tags of what is built from a checkout: its commit, and the semantic versions that Git's own tags give
    that commit; raises PulumiError for what no commit has."""
    git = ["git", "-C", str(project)]
    commit = capture([*git, "rev-parse", "HEAD"])
    if not commit:
        raise PulumiError(f"{project} is no checkout of Git: an image is called by its commit.")
    if capture([*git, "status", "--porcelain", "--untracked-files=no"]):
        raise PulumiError("there are changes that no commit has, by which an image could be called: commit them first.")
    given = (capture([*git, "tag", "--points-at", "HEAD"]) or "").splitlines()
    versions = [found["version"] for one in given if (found := _VERSION.fullmatch(one))]
    return [commit, *versions]


def image_of(run: Crane, image: StackImage, commit: str) -> StackImage:
    """Return what the registry of an image has under a commit's tag; raises PulumiError for nothing."""
    repository = _repository(image)
    try:
        digest = run(["digest", f"{repository}:{commit}"], "").strip()
    except PulumiError as error:
        raise PulumiError(
            f"the stack does not run {image.name} of the commit {commit[:9]}, and {repository} has no image of that "
            f"name ({error}): tag the others one by one, or check out the commit of the last `gostack up`."
        ) from None
    return replace(image, reference=f"{repository}@{digest}")


def tag_image(run: Crane, image: StackImage, tags: Sequence[str]) -> None:
    """Give an image that a registry has these tags; raises PulumiError when the registry does not take one."""
    _repository(image)
    for one in tags:
        run(["tag", image.reference, one], "")


def _repository(image: StackImage) -> str:
    repository, found, _ = image.reference.partition("@")
    if not found:
        raise PulumiError(f"{image.name} is on this machine's engine alone: only what a registry has gets a tag.")
    return repository
