"""Tags by which people find an image: its commit, its version, `latest`. What runs is named by its digest alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.gostack.environment.processes import capture
from tools.gostack.images.stack_images import StackImage
from tools.gostack.lifecycle.workspace import PulumiError
from tools.gostack.release.crane import Crane

# Without what may follow a "+": no tag of a registry has that sign.
_VERSION = re.compile(r"v?(?P<version>(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?)")


def tags_of(project: Path) -> list[str]:
    """Return the tags of what is built from a checkout: its commit, the semantic versions that Git's own tags give that
    commit, and `latest`; raises PulumiError where an image would be called by a commit that it is not."""
    git = ["git", "-C", str(project)]
    commit = capture([*git, "rev-parse", "HEAD"])
    if not commit:
        raise PulumiError(f"{project} is no checkout of Git: an image is called by its commit.")
    if capture([*git, "status", "--porcelain", "--untracked-files=no"]):
        raise PulumiError("there are changes that no commit has, by which an image could be called: commit them first.")
    given = (capture([*git, "tag", "--points-at", "HEAD"]) or "").splitlines()
    versions = [found["version"] for one in given if (found := _VERSION.fullmatch(one))]
    return [commit, *versions, "latest"]


def tag_image(run: Crane, image: StackImage, tags: Sequence[str]) -> None:
    """Give an image that a registry has these tags; raises PulumiError when the registry does not take one."""
    if "@" not in image.reference:
        raise PulumiError(f"{image.name} is on this machine's engine alone: only what a registry has gets a tag.")
    for one in tags:
        run(["tag", image.reference, one], "")
