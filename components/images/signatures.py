"""Who must have signed an image before it runs, and cosign's word on whether they have."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
from typing import Annotated, Self

import pulumi
from pydantic import Field, model_validator

from components.images.build_context import PROJECT
from components.section import Section

FORMAT = ("--new-bundle-format=false",)
"""Signatures are tags beside the image, `sha256-<digest>.sig`, which every registry takes and `copy-image` copies."""

SIGN_COMMAND = "GOSTACK_SIGN_COMMAND"
"""Variable with the command that signs what an update has just pushed, by the name that is put behind it."""

_SECONDS = 120


class UnsignedImageError(ValueError):
    """An image has no signature that counts: the text is one sentence that names the image, the reason and the fix."""


class Signatures(Section):
    """Whose signature an image of a service needs before `up` runs it: the owner's of a key, or a workflow's."""

    public_key: Annotated[str, Field(min_length=1)] | None = None
    """File with the public key, relative to the project, for example "cosign.pub", or its address in a key store, for
    example "awskms:///alias/releases"."""

    identity: Annotated[str, Field(min_length=1)] | None = None
    """Without a key: the workflow that signs, as its certificate names it, for example
    "https://github.com/acme/gostack/.github/workflows/main.yml@refs/heads/main"."""

    issuer: Annotated[str, Field(pattern=r"^https://\S+$")] = "https://token.actions.githubusercontent.com"
    """Who vouches for `identity`: GitHub, unless another one is named."""

    @model_validator(mode="after")
    def _one_signer(self) -> Self:
        if (self.public_key is None) == (self.identity is None):
            raise ValueError(
                'it has to have one signer: write public_key: "cosign.pub", or identity with the address of a workflow.'
            )
        return self

    def arguments(self) -> list[str]:
        """Return what cosign is told of the signer."""
        if self.identity is not None:
            return [*FORMAT, "--certificate-identity", self.identity, "--certificate-oidc-issuer", self.issuer]
        key = str(self.public_key)
        # Who has a key needs no public log of what was signed, nor a way to it.
        return [*FORMAT, "--insecure-ignore-tlog", "--key", key if "://" in key else str(PROJECT / key)]


def require_signature(reference: str, signatures: Signatures, cosign: str = "cosign") -> None:
    """Raise UnsignedImageError unless an image, named by its digest, has a signature that counts."""
    command = [cosign, "verify", *signatures.arguments(), reference]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise UnsignedImageError(
            "gostack:signatures asks cosign, which is not on the PATH: install version 3, or use `gostack up`."
        ) from None
    except subprocess.TimeoutExpired:
        raise UnsignedImageError(
            f"{reference} has no signature that could be verified: its registry did not answer for {_SECONDS} s."
        ) from None
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["cosign said nothing"])[-1]
        reason = last.rpartition("error during command execution: ")[2].strip()
        raise UnsignedImageError(
            f"{reference} has no valid signature of {signatures.public_key or signatures.identity} ({reason}): "
            "`gostack images sign` signs what was built and scanned; what somebody else has pushed is never run."
        )


def signed(reference: pulumi.Output[str], signatures: Signatures | None) -> pulumi.Output[str]:
    """Return the reference of an image once its signature is known to count: nothing that runs it is made before."""
    if signatures is None or pulumi.runtime.is_dry_run():
        return reference

    async def verified(found: str) -> str:
        try:
            # A scan takes its time: the program goes on meanwhile.
            await asyncio.to_thread(_verify_or_sign, found, signatures)
        except UnsignedImageError as error:
            # Shown without a traceback.
            raise pulumi.RunError(str(error)) from None
        return found

    return reference.apply(verified)


def _verify_or_sign(reference: str, signatures: Signatures) -> None:
    try:
        require_signature(reference, signatures)
    except UnsignedImageError:
        command = os.environ.get(SIGN_COMMAND)
        if not command:
            raise
        done = subprocess.run([*shlex.split(command), reference], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            # Beside its reasons it tells what it builds first.
            told = [line for line in done.stderr.splitlines() if line.startswith("error: ")] or [done.stderr.strip()]
            raise UnsignedImageError("\n".join([f"{reference} is not signed, and does not run:", *told])) from None
        require_signature(reference, signatures)
