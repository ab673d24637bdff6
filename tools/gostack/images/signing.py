"""cosign: a signature of an image, and what is attested of it beside it in the registry, by its digest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.images.signatures import FORMAT
from tools.gostack.environment.progress import Progress
from tools.gostack.images.format import Format
from tools.gostack.images.inspection import sbom
from tools.gostack.images.provenance import provenance
from tools.gostack.images.stack_images import StackImage
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.crane import run_program
from tools.offline.toolchain.programs import cosign

SIGNATURE, ATTESTATIONS = "sig", "att"
"""Endings of the tags, `sha256-<digest>.<ending>`, under which a registry has what belongs to an image."""


def sign_image(workspace: Workspace, image: StackImage, contents: str, key: str | None) -> None:
    """Sign an image that a registry has, and attest what it holds, in both formats, and where it comes from.

    `key` is a file, with COSIGN_PASSWORD, or an address in a key store. Without one the workflow that runs signs by its
    identity, which goes into the public log.
    """
    if "@" not in image.reference:
        raise PulumiError(f"{image.name} is on this machine's engine alone: only what a registry has is signed.")
    command = str(cosign(workspace.project, Progress()))
    signer = ["--yes", *FORMAT, "--use-signing-config=false"]
    if key:
        signer += ["--key", key, "--tlog-upload=false"]
    origin = json.dumps(provenance(workspace.project, workspace.stack, image))
    predicates: Sequence[tuple[str, str]] = (
        ("cyclonedx", sbom(workspace.project, contents, Format.CYCLONEDX)),
        ("spdxjson", sbom(workspace.project, contents, Format.SPDX)),
        ("slsaprovenance1", origin),
    )
    with tempfile.TemporaryDirectory() as folder:
        for kind, text in predicates:
            file = Path(folder) / kind
            file.write_text(text, encoding="utf-8")
            attest = [command, "attest", "--replace", *signer, "--type", kind, "--predicate", str(file)]
            run_program([*attest, image.reference])
    # Last: what has a signature is never asked again whether all is attested of it.
    run_program([command, "sign", *signer, image.reference])
