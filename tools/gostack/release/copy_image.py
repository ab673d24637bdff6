"""`gostack copy-image`: the image that staging accepted, at the registry of another stack, with the same digest.

The copying is done by crane, which moves manifests as they are: a pull and a push by Docker would make another one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from infra.settings import require_service
from tools.gostack.documents import mapping
from tools.gostack.github.client import step_outputs
from tools.gostack.images.signing import ATTESTATIONS, SIGNATURE
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.crane import Crane, crane_of, log_in

_BY_DIGEST = re.compile(r"(?P<repository>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")


def copy_image(workspace: Workspace, service: str, release: Path, commit: str, run: Crane | None = None) -> int:
    """Copy the service's accepted image, and that of its SQL files, to the repositories of the stack's, and return the
    exit code.

    On GitHub, `image` and `migrations-image` become outputs of the step. Raises PulumiError when staging accepted no
    such image, or when what arrived is not what was accepted.
    """
    found = require_service(workspace.settings, service)
    migrations = found.migrations
    wanted = {
        "image": (accepted_image(release, service, commit), found.image, "image"),
        "migrations-image": (
            accepted_image(release, service, commit, "migrations"),
            migrations.image if migrations is not None else None,
            "database.migrations.image",
        ),
    }
    for output, (source, there, key) in wanted.items():
        if source and there is None:
            raise PulumiError(
                f"gostack:services.{service}.{key} of {workspace.stack} is missing: write an image once, by which its "
                "repository is known."
            )
        if not source or there is None:
            continue
        repository = _repository(there)
        if run is None:
            run = crane_of(workspace)
            log_in(run, repository.partition("/")[0])
        image = copied(run, source, repository)
        if workspace.settings.signatures is not None:
            copy_signatures(run, source, repository)
        print(f"{service}: {image} is what staging accepted")
        step_outputs(**{output: image})
    return 0


def accepted_image(release: Path, service: str, commit: str, kind: str = "services") -> str:
    """Return the image of a service, or of its `migrations`, that staging accepted at a commit; empty where it has no
    migrations. Raises PulumiError when it accepted none."""
    try:
        document = mapping(json.loads(release.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise PulumiError(f"{release.name} cannot be read ({error}): take the artifact of the accepted run.") from None
    if document.get("commit") != commit:
        raise PulumiError(f"{release.name} is of {document.get('commit')} and not of {commit}: take the right one.")
    image = str(mapping(document.get(kind)).get(service, ""))
    if not image and kind != "services":
        return ""
    if not image:
        raise PulumiError(f"staging accepted no image of {service} at {commit}.")
    if not _BY_DIGEST.fullmatch(image):
        raise PulumiError(
            f"staging ran {image}, which names no digest: nobody can say that another registry has the same."
        )
    return image


def copied(run: Crane, source: str, repository: str) -> str:
    """Copy an image by its digest into a repository and return its reference there; raises PulumiError."""
    known = _BY_DIGEST.fullmatch(source)
    if known is None:
        raise PulumiError(f"{source} names no digest.")
    digest = known["digest"]
    if _digest(run, f"{repository}@{digest}") != digest:
        # A registry may refuse to change a tag: this one never means anything else.
        run(["copy", source, f"{repository}:{digest.replace(':', '-')}"], "")
    found = _digest(run, f"{repository}@{digest}")
    if found != digest:
        raise PulumiError(f"{repository} has {found or 'nothing'} where {digest} was accepted: nothing is released.")
    return f"{repository}@{digest}"


def copy_signatures(run: Crane, source: str, repository: str) -> None:
    """Copy the signature of an image, and what is attested of it, into a repository; raises PulumiError when it has
    none."""
    tag = source.partition("@")[2].replace(":", "-")
    for ending in (SIGNATURE, ATTESTATIONS):
        try:
            run(["copy", f"{_repository(source)}:{tag}.{ending}", f"{repository}:{tag}.{ending}"], "")
        except PulumiError as error:
            raise PulumiError(
                f"{source} comes without its signature ({error}): run `gostack images sign` where it was built."
            ) from None


def _digest(run: Crane, reference: str) -> str:
    """Digest of what a registry has under a reference; empty when it has nothing."""
    try:
        return run(["digest", reference], "").strip()
    except PulumiError:
        return ""


def _repository(reference: str) -> str:
    """A reference without its digest and tag."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"
