"""`gostack images`: what is in the images of a stack, what is wrong with it, and who says so."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from components.images.signatures import UnsignedImageError, require_signature
from tools.gostack.environment.progress import Progress
from tools.gostack.gate.vulnerabilities import load_exceptions, refusals
from tools.gostack.images.format import Format
from tools.gostack.images.inspection import contents, sbom, vulnerabilities
from tools.gostack.images.signing import sign_image
from tools.gostack.images.stack_images import StackImage, chosen_images
from tools.gostack.images.tags import image_of, tag_image, tags_of
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.crane import crane_of
from tools.gostack.releases.history import deployed_commit
from tools.offline.toolchain.programs import cosign


def print_sbom(workspace: Workspace, name: str, kind: Format) -> int:
    """Print the software bill of materials of the digest that runs, and return the exit code."""
    (image,) = chosen_images(workspace, name)
    sys.stdout.write(sbom(workspace.project, contents(workspace.project, image), kind))
    return 0


def scan(workspace: Workspace, name: str | None, database: Path | None) -> int:
    """Tell what is known to be wrong with images, and return 1 when something stands in the way of a signature."""
    refused = False
    for image in chosen_images(workspace, name):
        refused |= not _passes(workspace, image, contents(workspace.project, image), database)
    return int(refused)


def sign(workspace: Workspace, name: str | None, key: str | None, database: Path | None) -> int:
    """Sign the images that the stack builds, or one, each after it was scanned, and return the exit code."""
    for image in chosen_images(workspace, name, built=True):
        held = contents(workspace.project, image)
        if not _passes(workspace, image, held, database):
            return 1
        sign_image(workspace, image, held, key)
        print(f"{image.name}: {image.reference} is signed, with what it holds and where it comes from")
    return 0


def verify(workspace: Workspace, name: str | None) -> int:
    """Say of each image whether its signature counts; raises PulumiError at the first whose does not."""
    signatures = workspace.settings.signatures
    if signatures is None:
        raise PulumiError(f"gostack:signatures of {workspace.stack} names no signer: write public_key or identity.")
    command = str(cosign(workspace.project, Progress()))
    # Images of accessories are others': what is pinned of them is their digest.
    others = workspace.settings.accessories
    for image in chosen_images(workspace, name):
        if image.name in others and name is None:
            continue
        try:
            require_signature(image.reference, signatures, command)
        except UnsignedImageError as error:
            raise PulumiError(str(error)) from None
        print(f"{image.name}: {image.reference} is signed by {signatures.public_key or signatures.identity}")
    return 0


def tag(workspace: Workspace, name: str | None) -> int:
    """Call the images that the stack builds, or one, by the commit that is checked out, its versions and `latest`, and
    return the exit code.

    Where the stack runs another commit, the versions go to what has the commit's tag, and `latest` stays where it is.
    """
    commit, *versions = tags_of(workspace.project)
    run = crane_of(workspace)
    # A digest that is named need not be what runs.
    current = "@" not in (name or "") and commit == deployed_commit(workspace)
    tags = [commit, *versions, "latest"] if current else versions
    if not tags:
        raise PulumiError(
            f"the stack {workspace.stack} was not brought up from the commit {commit[:9]}, and no tag of Git gives it "
            "a version: there is nothing to tag."
        )
    images = chosen_images(workspace, name, built=True)
    for image in images if current else [image_of(run, one, commit) for one in images]:
        tag_image(run, image, tags)
        print(f"{image.name}: {image.reference} is tagged {', '.join(tags)}")
    return 0


def _passes(workspace: Workspace, image: StackImage, held: str, database: Path | None) -> bool:
    """Tell how many vulnerabilities an image has, and what stands in its way."""
    found = vulnerabilities(workspace.project, held, database)
    print(f"{image.name}: {image.reference} has {len(found)} known vulnerabilities")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    sentences = list(refusals(found, load_exceptions(), today))
    for sentence in sentences:
        print(f"error: {image.name}: {sentence}.", file=sys.stderr)
    return not sentences
