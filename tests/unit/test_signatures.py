"""Whose signature an image needs: what is asked of cosign, and each refusal as one sentence.

Does not prove that cosign tells a valid signature from another one: tests/rehearsal/test_supply_chain.py does.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from components.images.signatures import Signatures, UnsignedImageError, require_signature
from infra.settings import parse_settings
from tests.support.settings import PROJECT, published, refused
from tests.support.signing import put_cosign_on_path

IMAGE = f"registry.example.com/users@sha256:{'a' * 64}"
OTHER = f"registry.example.com/users@sha256:{'b' * 64}"
KEY = Signatures(public_key="cosign.pub")
WORKFLOW = Signatures(identity="https://github.com/acme/gostack/.github/workflows/main.yml@refs/heads/main")


def test_the_owner_of_a_key_is_asked_for_without_a_public_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = put_cosign_on_path(tmp_path, monkeypatch, IMAGE)
    require_signature(IMAGE, KEY)
    require_signature(IMAGE, Signatures(public_key="awskms:///alias/releases"))
    first, second = asked.read_text().splitlines()
    assert first == f"verify --new-bundle-format=false --insecure-ignore-tlog --key {PROJECT / 'cosign.pub'} {IMAGE}"
    assert "--key awskms:///alias/releases" in second


def test_a_workflow_is_asked_for_by_its_identity_and_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = put_cosign_on_path(tmp_path, monkeypatch, IMAGE)
    require_signature(IMAGE, WORKFLOW)
    words = asked.read_text()
    assert f"--certificate-identity {WORKFLOW.identity} --certificate-oidc-issuer https://token.actions" in words
    assert "insecure" not in words


def test_an_image_without_a_signature_is_refused_with_the_reason_and_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_cosign_on_path(tmp_path, monkeypatch, IMAGE)
    with pytest.raises(UnsignedImageError) as told:
        require_signature(OTHER, KEY)
    assert str(told.value) == (
        f"{OTHER} has no valid signature of cosign.pub (no signatures found): `gostack images sign` signs what "
        "was built and scanned; what somebody else has pushed is never run."
    )


def test_without_cosign_nothing_counts_as_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsignedImageError, match="cosign, which is not on the PATH: install version 3"):
        require_signature(IMAGE, KEY)


@pytest.mark.parametrize(
    "section", [{}, {"public_key": "cosign.pub", "identity": "https://github.com/acme"}], ids=["nobody", "two"]
)
def test_a_stack_has_one_signer(section: dict[str, str]) -> None:
    assert refused(lambda: parse_settings({**published("staging"), "signatures": section})) == (
        'gostack:signatures: it has to have one signer: write public_key: "cosign.pub", or identity with the address '
        "of a workflow."
    )
