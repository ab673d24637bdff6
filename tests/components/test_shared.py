"""Images, secrets and certificates, one component at a time.

Does not prove that an engine builds or a registry keeps what it is told.
"""

from __future__ import annotations

import pytest

from components.certificates import Certificate, CertificateAuthority
from components.images import docker, kubernetes
from components.secrets import GeneratedPassword, GossipKey
from tests.components.alone import NAME, alone, children, exported, only
from tests.graph.recorder import Graph, unwrapped

IMAGE = "docker:index/remoteImage:RemoteImage"


def value(graph: Graph) -> str:
    found: str = unwrapped(graph.resources[f"{NAME}-value"].outputs["output"])
    return found


@pytest.mark.parametrize("cls", [GeneratedPassword, GossipKey])
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
