"""What an image holds is listed, scanned and signed in a registry, crane's own, by syft, grype and cosign themselves:
the good one passes; one that was changed after signing, one that nobody signed, one with a planted critical finding and
an expired exception are each refused with the sentence that says why.

The database knows the one vulnerability that the test plants. Does not prove a signature without a key, which GitHub
and the public log take part in, nor the registries of a cloud.
"""

from __future__ import annotations

import base64
import datetime
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.images.signatures import Signatures, UnsignedImageError, require_signature
from infra.settings import Settings
from tests.graph.conftest import Document, published_settings
from tests.rehearsal.test_image_copy import address
from tools.gostack.environment.progress import Progress
from tools.gostack.gate import vulnerabilities
from tools.gostack.images import command, inspection
from tools.gostack.images.format import Format
from tools.gostack.images.stack_images import StackImage
from tools.gostack.images.tags import tag_image
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.copy_image import copied, copy_signatures
from tools.gostack.release.crane import crane_of
from tools.offline.toolchain.go_build import build_binary
from tools.offline.toolchain.programs import cosign, crane

PROJECT = Path(__file__).resolve().parents[2]
FLAW = "CVE-2026-99999"
SERVICE = "users"


@dataclass(frozen=True)
class Scene:
    """Two registries, a key and a database."""

    crane: str
    cosign: str
    registry: str
    other_registry: str
    key: Path
    database: Path
    folder: Path

    def push(self, tag: str, package: str, version: str) -> str:
        """Push an image that holds a Python package, and return its reference by digest."""
        info = self.folder / f"{tag}-{package}-{version}"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        with tarfile.open(self.folder / "layer.tar", "w") as layer:
            layer.add(info, f"usr/lib/python3/dist-packages/{package}-{version}.dist-info")
        name = f"{self.registry}/gostack/{SERVICE}:{tag}"
        arguments = ["append", "--new_layer", str(self.folder / "layer.tar"), "--new_tag", name]
        return self.run(self.crane, *arguments).strip()

    def run(self, *arguments: str) -> str:
        return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout

    @property
    def signatures(self) -> Signatures:
        return Signatures(public_key=str(self.key.with_suffix(".pub")))

    def stack(self, reference: str) -> Workspace:
        """A stack that built the image and runs it."""
        signatures = self.signatures
        urn = f"urn:pulumi:staging::gostack::gostack:index:ServiceImage::{SERVICE}"

        class Deployed(Workspace):
            @property
            def settings(self) -> Settings:
                def change(document: Document) -> None:
                    document["signatures"] = signatures.model_dump(exclude_none=True)

                return published_settings("staging", change)

            def state(self) -> dict[str, Any]:
                return {"resources": [{"urn": urn, "outputs": {"image_id": reference}}]}

        return Deployed(PROJECT, "staging")

    def sign(self, reference: str) -> int:
        return command.sign(self.stack(reference), None, str(self.key), self.database)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("supply-chain")
    programs = PROJECT / "tools" / "offline" / "toolchain" / "grype"
    planted = build_binary(programs, "./planted", "planted")
    database = folder / "planted.db"
    subprocess.run([planted, database, FLAW, "critical", "planted", "2.0"], check=True)
    crane_command, cosign_command = str(crane(PROJECT, Progress())), str(cosign(PROJECT, Progress()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COSIGN_PASSWORD", "of the test alone")
        subprocess.run([cosign_command, "generate-key-pair"], cwd=folder, check=True, capture_output=True)
        serve = [crane_command, "registry", "serve", "--address", "127.0.0.1:0"]
        registries = [subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            first, second = [address(one) for one in registries]
            key = folder / "cosign.key"
            yield Scene(crane_command, cosign_command, first, second, key, database, folder)
        finally:
            for one in registries:
                one.terminate()
                one.wait()


@pytest.fixture(scope="module")
def good(scene: Scene) -> str:
    """An image that was scanned and signed."""
    reference = scene.push("good", "harmless", "1.0")
    assert scene.sign(reference) == 0
    return reference


def attested(scene: Scene, kind: str, reference: str) -> Mapping[str, Any]:
    arguments = scene.signatures.arguments()
    envelope = json.loads(scene.run(scene.cosign, "verify-attestation", *arguments, "--type", kind, reference))
    return json.loads(base64.b64decode(envelope["payload"]))["predicate"]


def exceptions(folder: Path, monkeypatch: pytest.MonkeyPatch, last_day: datetime.date) -> None:
    file = folder / "vulnerabilities.yaml"
    reason = "Nobody calls what it is in."
    file.write_text(f"exceptions: [{{id: {FLAW}, reason: {reason}, last_day: {last_day}}}]\n")
    entries = vulnerabilities.load_exceptions(file)
    monkeypatch.setattr(command, "load_exceptions", lambda: entries)


def test_the_good_one_passes(scene: Scene, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    require_signature(good, scene.signatures, scene.cosign)
    assert command.verify(scene.stack(good), SERVICE) == 0
    assert f"{good} is signed by" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Format.CYCLONEDX, ("bomFormat", "CycloneDX")), (Format.SPDX, ("spdxVersion", "SPDX-2.3"))],
    ids=["cyclonedx", "spdx"],
)
def test_one_command_prints_what_is_in_the_digest_that_runs(
    kind: Format, words: tuple[str, str], scene: Scene, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.print_sbom(scene.stack(good), SERVICE, kind) == 0
    document = json.loads(capsys.readouterr().out)
    assert document[words[0]] == words[1]
    packages = document.get("components") or document.get("packages")
    assert "harmless" in {package["name"] for package in packages}


def test_what_it_holds_and_where_it_comes_from_is_attested_beside_it(scene: Scene, good: str) -> None:
    assert attested(scene, "cyclonedx", good)["bomFormat"] == "CycloneDX"
    assert attested(scene, "spdxjson", good)["spdxVersion"] == "SPDX-2.3"
    (source,) = attested(scene, "slsaprovenance1", good)["buildDefinition"]["resolvedDependencies"]
    assert len(source["digest"]["gitCommit"]) == 40


def test_one_that_nobody_signed_is_refused(scene: Scene) -> None:
    unsigned = scene.push("unsigned", "harmless", "1.1")
    with pytest.raises(UnsignedImageError, match=r"has no valid signature of .*no signatures found"):
        require_signature(unsigned, scene.signatures, scene.cosign)
    with pytest.raises(PulumiError, match="has no valid signature of"):
        command.verify(scene.stack(unsigned), None)


def test_one_that_was_changed_after_signing_is_refused_though_it_brings_the_signature(scene: Scene, good: str) -> None:
    changed = scene.push("good", "harmless", "6.6.6")
    repository, _, before = good.partition("@")
    after = changed.partition("@")[2]
    assert before != after
    tags = [f"{repository}:{digest.replace(':', '-')}.sig" for digest in (before, after)]
    scene.run(scene.crane, "copy", *tags)
    with pytest.raises(UnsignedImageError, match=r"has no valid signature of .*digest"):
        require_signature(changed, scene.signatures, scene.cosign)


def test_the_signature_of_another_key_does_not_count(scene: Scene, good: str, tmp_path: Path) -> None:
    subprocess.run([scene.cosign, "generate-key-pair"], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(UnsignedImageError, match="has no valid signature of"):
        require_signature(good, Signatures(public_key=str(tmp_path / "cosign.pub")), scene.cosign)


def test_one_with_a_critical_finding_is_not_signed(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    flawed = scene.push("flawed", "planted", "1.0")
    assert scene.sign(flawed) == 1
    told = capsys.readouterr().err
    assert f"error: users: planted 1.0 has {FLAW} (critical), which 2.0 has not: update it, or write" in told
    with pytest.raises(UnsignedImageError):
        require_signature(flawed, scene.signatures, scene.cosign)


def test_an_exception_lets_it_be_signed_until_its_last_day(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    excepted = scene.push("excepted", "planted", "1.1")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    exceptions(tmp_path, monkeypatch, today - datetime.timedelta(days=1))
    assert scene.sign(excepted) == 1
    assert f"the exception for {FLAW} counted until" in capsys.readouterr().err
    exceptions(tmp_path, monkeypatch, today)
    assert scene.sign(excepted) == 0
    require_signature(excepted, scene.signatures, scene.cosign)


def test_what_cannot_be_listed_or_scanned_says_why(scene: Scene, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = f"{scene.registry}/gostack/nothing@sha256:{'0' * 64}"
    with pytest.raises(PulumiError, match=r"^syft scan failed \(could not determine source.*gostack/nothing"):
        inspection.contents(PROJECT, StackImage(SERVICE, nothing, built=True))
    held = inspection.contents(PROJECT, StackImage(SERVICE, good, built=True))
    monkeypatch.setenv("GRYPE_DB_MAX_ALLOWED_BUILT_AGE", "1ms")
    with pytest.raises(PulumiError, match=r"^grype failed \(failed to load vulnerability db: .*was built .* ago"):
        inspection.vulnerabilities(PROJECT, held, scene.database)


def test_the_signature_counts_where_a_release_has_copied_it(scene: Scene, good: str) -> None:
    run, there = crane_of(Workspace(PROJECT, "prod")), f"{scene.other_registry}/gostack/{SERVICE}"
    reference = copied(run, good, there)
    with pytest.raises(UnsignedImageError):
        require_signature(reference, scene.signatures, scene.cosign)
    copy_signatures(run, good, there)
    require_signature(reference, scene.signatures, scene.cosign)


def test_the_registry_finds_an_image_by_the_tags_that_people_know(scene: Scene, good: str) -> None:
    repository, _, digest = good.partition("@")
    tags = ["1.2.3", "latest"]
    tag_image(crane_of(Workspace(PROJECT, "prod")), StackImage(SERVICE, good, built=True), tags)
    assert [scene.run(scene.crane, "digest", f"{repository}:{tag}").strip() for tag in tags] == [digest, digest]
