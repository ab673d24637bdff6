"""Images, secrets and certificates, one component at a time.

Does not prove that an engine builds or a registry keeps what it is told.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from components.certificates import Certificate, CertificateAuthority
from components.certificates.x509 import new_authority
from components.images import docker, kubernetes
from components.images.build_options import BuildOptions, BuildSecret
from components.images.signatures import SIGN_COMMAND, Signatures
from components.secrets import GeneratedPassword, GossipKey, StateKey
from components.signing_keys import SigningKeys
from tests.components.alone import NAME, alone, children, exported, only
from tests.graph.recorder import Graph, unwrapped
from tests.support.signing import put_cosign_on_path


class Clock:
    """`datetime` at another time."""

    def __init__(self, then: datetime) -> None:
        self.then = then

    def now(self, zone: object) -> datetime:
        del zone
        return self.then


IMAGE = "docker:index/remoteImage:RemoteImage"


def value(graph: Graph) -> str:
    found: str = unwrapped(graph.resources[f"{NAME}-value"].outputs["output"])
    return found


@pytest.mark.parametrize("cls", [GeneratedPassword, GossipKey, StateKey])
def test_a_generated_secret_is_stored_once_and_made_anew_by_its_counter_alone(cls: type) -> None:
    first = alone(cls, rotation=1, told=lambda made: {"value": made.value})
    again = alone(cls, rotation=1, kept=first)
    rotated = alone(cls, rotation=2, kept=first)
    stash = first.resources[f"{NAME}-value"]
    assert children(first) == {"value"}
    assert stash.is_secret("input")
    assert stash.ignore_changes == ("input",)
    assert first.outputs["value"]["secret"] is True
    assert value(first) == value(again) != value(rotated)
    assert len(value(first)) >= 32


def signing(rotation: int, kept: Graph | None = None) -> Graph:
    return alone(
        SigningKeys,
        rotation=rotation,
        kept=kept,
        told=lambda made: {"signing_key": made.signing_key, "key_set": made.key_set},
    )


def known(graph: Graph) -> list[str]:
    return [key["kid"] for key in json.loads(exported(graph, "key_set"))["keys"]]


def signs(graph: Graph) -> str:
    found: str = json.loads(exported(graph, "signing_key"))["kid"]
    return found


def test_a_signing_key_is_secret_and_the_public_ones_are_not() -> None:
    graph = signing(2)
    assert children(graph) == {"1", "2", "3"}
    assert all(graph.resources[f"{NAME}-{number}"].is_secret("input") for number in (1, 2, 3))
    assert graph.outputs["signing_key"]["secret"] is True
    assert graph.outputs["key_set"]["secret"] is False
    assert [name for name, text in graph.in_plain().items() if '"d"' in text] == []
    assert [sorted(key) for key in json.loads(exported(graph, "key_set"))["keys"]] == [
        ["alg", "crv", "kid", "kty", "use", "x"]
    ] * 3


def test_a_signing_key_is_a_jwk_whose_name_is_its_thumbprint() -> None:
    graph = signing(1)
    key = json.loads(exported(graph, "signing_key"))
    secret = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(key["d"] + "="))
    assert base64.urlsafe_b64decode(key["x"] + "=") == secret.public_key().public_bytes_raw()
    # https://www.rfc-editor.org/rfc/rfc8037#appendix-A.3
    text = '{"crv":"Ed25519","kty":"OKP","x":"' + key["x"] + '"}'
    assert key["kid"] == base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def test_a_key_verifies_before_it_signs_and_after_it_did() -> None:
    first = signing(1)
    second = signing(2, first)
    third = signing(3, second)
    assert (signs(first), len(known(first))) == (known(first)[0], 2)
    assert (signs(second), known(second)[:2]) == (known(first)[1], known(first))
    assert (signs(third), known(third)[:2]) == (known(second)[2], known(second)[1:])
    assert signing(3, third).changed(third) == set()
    # After the state got into other hands: three more.
    assert set(known(signing(6, third))) & set(known(third)) == set()


def test_an_authoritys_key_is_secret_and_its_certificate_is_not() -> None:
    graph = alone(CertificateAuthority, told=lambda made: {"certificate": made.certificate, "key_pair": made.key_pair})
    assert children(graph) == {"key-pair"}
    assert graph.outputs["certificate"]["secret"] is False
    assert graph.outputs["key_pair"]["secret"] is True
    assert graph.resources[f"{NAME}-key-pair"].is_secret("input")
    assert [name for name, text in graph.in_plain().items() if "PRIVATE KEY" in text] == []


def test_another_counter_makes_another_authority() -> None:
    first = alone(CertificateAuthority, rotation=1)
    assert alone(CertificateAuthority, rotation=2, kept=first).changed(first) == {f"{NAME}-key-pair"}
    assert alone(CertificateAuthority, rotation=1, kept=first).changed(first) == set()


def test_a_certificates_key_is_secret_and_other_names_make_another_one() -> None:
    first = alone(
        Certificate,
        names=["localhost"],
        told=lambda made: {"certificate": made.certificate, "private_key": made.private_key},
    )
    assert children(first) == {"issued-at", "key-pair"}
    assert (first.outputs["certificate"]["secret"], first.outputs["private_key"]["secret"]) == (False, True)
    assert [name for name, text in first.in_plain().items() if "PRIVATE KEY" in text] == []
    assert alone(Certificate, names=["localhost"], kept=first).changed(first) == set()
    assert alone(Certificate, names=["another"], kept=first).changed(first) == {
        f"{NAME}-issued-at",
        f"{NAME}-key-pair",
    }


def series(graph: Graph) -> list[dict[str, str]]:
    """The pairs of a certificate that has more than one."""
    found: list[dict[str, str]] = json.loads(exported(graph, "series"))
    return found


def test_what_is_signed_in_advance_is_secret_and_the_one_in_its_time_is_the_certificate() -> None:
    def shown(made: Certificate) -> dict[str, Any]:
        return {"certificate": made.certificate, "series": made.series}

    first = alone(Certificate, in_advance=3, told=shown)
    made = series(first)
    assert len({pair["private_key"] for pair in made}) == len(made) == 3
    assert exported(first, "certificate") == made[0]["certificate"]
    assert first.outputs["series"]["secret"] is True
    assert [name for name, text in first.in_plain().items() if "PRIVATE KEY" in text] == []
    again = alone(Certificate, in_advance=3, kept=first, told=shown)
    assert again.changed(first) == set()
    assert series(again) == made
    assert alone(Certificate, in_advance=4, kept=first).changed(first) == {f"{NAME}-issued-at", f"{NAME}-key-pair"}


def test_one_that_was_made_before_others_could_be_signed_with_it_stays() -> None:
    first = alone(Certificate, lifetime_days=60)
    assert alone(Certificate, lifetime_days=60.0, in_advance=1, kept=first).changed(first) == set()
    told_by = unwrapped(first.resources[f"{NAME}-issued-at"].replacement_trigger)
    assert json.loads(told_by).keys() == {"authority", "names", "lifetime_days", "rotation"}
    assert '"lifetime_days": 60,' in told_by


def test_an_update_takes_the_certificate_whose_time_it_is_and_signs_more_in_the_second_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(made: Certificate) -> dict[str, Any]:
        return {"certificate": made.certificate, "series": made.series}

    def after(days: float) -> Graph:
        clock = Clock(datetime.now(UTC) + timedelta(days=days))
        with monkeypatch.context() as later:
            later.setattr("components.certificates.x509.datetime", clock)
            later.setattr("components.certificates.certificate.time", SimpleNamespace(time=clock.then.timestamp))
            return alone(Certificate, in_advance=10, ca_key_pair=lasting, kept=first, told=shown)

    lasting = json.dumps(asdict(new_authority("test", 3650)))
    first = alone(Certificate, in_advance=10, ca_key_pair=lasting, told=shown)
    made = series(first)
    # Of 60 days: the second one's time begins after 42.
    assert exported(after(41), "certificate") == made[0]["certificate"]
    assert exported(after(43), "certificate") == made[1]["certificate"]
    assert after(43).changed(first) == set()
    assert after(230).changed(first) == set()
    assert after(232).changed(first) == {f"{NAME}-key-pair"}
    assert len(series(after(232))) == 10


@pytest.mark.parametrize("cls", [docker.UpstreamImages, docker.ReleasedImage])
def test_images_of_others_stay_when_the_stack_goes(cls: type) -> None:
    graph = alone(cls)
    image = only(graph, IMAGE)
    assert image.parent == NAME
    assert image.plain("keepLocally") is True


def test_what_runs_is_pinned_by_the_identity_of_its_image() -> None:
    graph = alone(docker.UpstreamImages, told=lambda made: made.image_ids)
    assert exported(graph, "nginx") == "sha256:nginx:1.30"
    graph = alone(docker.ReleasedImage, told=lambda made: {"image": made.image_id})
    assert exported(graph, "image") == "sha256:users:1.0"


def test_nodes_pull_released_images_by_themselves() -> None:
    for cls in (kubernetes.UpstreamImages, kubernetes.ReleasedImage):
        assert children(alone(cls)) == set()


def test_the_same_source_is_the_same_image_and_the_new_one_is_there_before_the_old_one_goes() -> None:
    graph = alone(docker.ServiceImage, told=lambda made: {"version": made.version})
    image = only(graph, IMAGE)
    version = exported(graph, "version")
    assert children(graph) == {"image"}
    assert image.plain("name") == f"gostack/test-users:{version}"
    assert image.plain("triggers")["source"].startswith(version)
    assert image.delete_before_replace is False
    canary = only(alone(docker.ServiceImage, track="canary"), IMAGE)
    assert canary.plain("name") == f"gostack/test-users-canary:{version}"


def test_the_default_dockerfile_is_given_what_the_settings_say_and_leaves_out_what_is_never_built() -> None:
    build = BuildOptions(go="1.27", cgo=True, tags=["a", "b"], assets=["internal"], args={"GOPRIVATE": "example.test"})
    image = only(alone(docker.ServiceImage, build=build, main_package="./internal/database"), IMAGE).plain("build")
    assert image["buildArgs"] == {
        "ASSETS": "internal",
        "CGO": "1",
        "GOLANG_IMAGE": "golang:1.26",
        "GOPRIVATE": "example.test",
        "GO_VERSION": "1.27",
        "MAIN_PACKAGE": "./internal/database",
        "TAGS": "a b",
        "VERSION": image["buildArgs"]["VERSION"],
    }
    dockerfile = Path("services/users") / image["dockerfile"]
    assert dockerfile.read_text() == Path("services/Dockerfile").read_text()
    ignored = dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert {"**/.git", "**/.idea", "**/*_test.go"} <= set(ignored)


def test_a_program_below_the_context_is_built_in_its_module() -> None:
    arguments = only(alone(docker.ServiceImage, context="services", main_package="./users"), IMAGE).plain("build")
    assert arguments["context"] == "services"
    assert (arguments["buildArgs"]["MODULE"], arguments["buildArgs"]["MAIN_PACKAGE"]) == ("users", ".")


def test_a_dockerfile_of_its_own_is_given_its_own_arguments_alone(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("ARG VERSION=1\nFROM scratch\n")
    build = BuildOptions(args={"BASE": "scratch"})
    where = {"context": str(tmp_path), "dockerfile": str(tmp_path / "Dockerfile"), "build": build}
    image = only(alone(docker.ServiceImage, **where), IMAGE).plain("build")
    assert (image["context"], image["dockerfile"]) == (str(tmp_path), "Dockerfile")
    assert image["buildArgs"] == {"BASE": "scratch"}
    (tmp_path / "Dockerfile").write_text("ARG GOLANG_IMAGE\nFROM ${GOLANG_IMAGE}\n")
    copied = only(alone(docker.ServiceImage, **where), IMAGE).plain("build")
    assert set(copied["buildArgs"]) == {"BASE", "GOLANG_IMAGE", "MAIN_PACKAGE", "VERSION"}


@pytest.mark.parametrize("cls", [docker.ServiceImage, kubernetes.ServiceImage])
def test_of_a_build_secret_only_the_place_is_known(cls: Any, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine example.test password hunter2")
    secrets = {"netrc": BuildSecret(file=str(tmp_path / "netrc")), "key": BuildSecret(env="KEY")}
    graph = alone(cls, build=BuildOptions(secrets=secrets))
    said = only(graph, IMAGE).plain("build")["secrets"]
    link = Path(said[1]["src"])
    assert said == [{"id": "key", "env": "KEY"}, {"id": "netrc", "src": ".gostack/build/test/users/secrets/netrc"}]
    assert link.read_text() == "machine example.test password hunter2"
    assert [name for name, text in graph.in_plain().items() if "hunter2" in text or str(tmp_path) in text] == []


def test_an_image_for_nodes_is_pushed_when_it_is_built_and_named_by_its_digest() -> None:
    graph = alone(
        kubernetes.ServiceImage, registry="registry.example.com/gostack", told=lambda made: {"image": made.image_id}
    )
    push = graph.resources[f"{NAME}-push"]
    assert children(graph) == {"image", "push"}
    assert f"{NAME}-image" in push.dependencies
    assert push.plain("keepRemotely") is True
    assert push.delete_before_replace is False
    assert exported(graph, "image").startswith("registry.example.com/gostack/test-users@sha256:")


def test_nothing_runs_an_image_that_was_built_here_before_its_signature_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signatures = Signatures(public_key="cosign.pub")
    asked = put_cosign_on_path(tmp_path, monkeypatch)
    with pytest.raises(pulumi.RunError, match=r"no valid signature of cosign.pub"):
        alone(kubernetes.ServiceImage, signatures=signatures, told=lambda made: {"runs": made.image_id})
    image = asked.read_text().split()[-1]
    assert "@sha256:" in image
    put_cosign_on_path(tmp_path, monkeypatch, image)
    graph = alone(kubernetes.ServiceImage, signatures=signatures, told=lambda made: {"runs": made.image_id})
    assert exported(graph, "runs") == image


def test_an_update_that_may_sign_signs_what_it_has_pushed_or_does_not_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cosign, sign = tmp_path / "cosign", tmp_path / "sign"
    monkeypatch.setenv(SIGN_COMMAND, str(sign))
    given = {"signatures": Signatures(public_key="cosign.pub"), "told": lambda made: {"runs": made.image_id}}

    told = "[   0s] toolchain: building grype…\nerror: users: planted 1.0 has CVE-2026-1"
    sign.write_text(f"#!/bin/sh\necho '{told}' >&2\nexit 1\n")
    sign.chmod(0o755)
    put_cosign_on_path(tmp_path, monkeypatch)
    with pytest.raises(pulumi.RunError, match=r"is not signed, and does not run:\nerror: users: planted 1.0 has CVE"):
        alone(kubernetes.ServiceImage, **given)

    sign.write_text(f"#!/bin/sh\necho \"$1\" > {tmp_path}/signed\nprintf '#!/bin/sh\\nexit 0\\n' > {cosign}\n")
    graph = alone(kubernetes.ServiceImage, **given)
    assert (tmp_path / "signed").read_text().strip() == exported(graph, "runs")
