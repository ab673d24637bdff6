"""How registries are chosen and given up. Does not prove how a real engine words its errors: the samples are those of
Docker 20.10 and of registries that were met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools.gostack.images.local import LocalImage, PullOutcome, pull_failure
from tools.gostack.images.registry import candidates, pull_images, registry_of


class Registries:
    """An engine that can only pull; `gives` are the references that some registry has, `silent` the dead registries."""

    def __init__(self, gives: Sequence[str] = (), silent: Sequence[str] = ()) -> None:
        self.gives = set(gives)
        self.silent = set(silent)
        self.asked: list[str] = []

    def pull(self, reference: str, answer_seconds: float) -> PullOutcome:
        self.asked.append(reference)
        if registry_of(reference) in self.silent:
            return "unreachable"
        return "pulled" if reference in self.gives else "refused"

    def inspect(self, reference: str) -> LocalImage | None:
        raise AssertionError(reference)

    def run(self, reference: str, command: Sequence[str]) -> str:
        raise AssertionError(reference)

    def build(self, folder: Path, tag: str, log: Path, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        raise AssertionError(tag)

    def remove(self, reference: str) -> bool:
        raise AssertionError(reference)

    def tags(self, label: str) -> list[str]:
        raise AssertionError(label)

    def prune(self, label: str) -> None:
        raise AssertionError(label)


def ignore(_: str) -> None:
    pass


@pytest.mark.parametrize(
    ("reference", "registry"),
    [
        ("mysql:9.7", "docker.io"),
        ("hashicorp/consul:1.22", "docker.io"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io"),
        ("localhost/mysql", "localhost"),
        ("localhost:5000/mysql:9.7", "localhost:5000"),
    ],
)
def test_the_registry_of_a_reference(reference: str, registry: str) -> None:
    assert registry_of(reference) == registry


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("mysql:9.7", ["mirror.example/hub/mysql:9.7", "mirror.example/hub/library/mysql:9.7"]),
        ("hashicorp/consul:1.22", ["mirror.example/hub/hashicorp/consul:1.22"]),
        (
            "registry.k8s.io/pause:3.10",
            ["mirror.example/hub/registry.k8s.io/pause:3.10", "mirror.example/hub/pause:3.10"],
        ),
    ],
)
def test_a_mirror_is_asked_instead_of_the_registry(reference: str, expected: list[str]) -> None:
    assert candidates(reference, "mirror.example/hub") == expected
    assert candidates(reference, "mirror.example/hub/") == expected


def test_without_a_mirror_the_reference_is_taken_as_it_is() -> None:
    assert candidates("mysql:9.7", "") == ["mysql:9.7"]


def test_an_unreachable_registry_is_asked_once() -> None:
    engine = Registries(silent=["docker.io"])
    assert pull_images(engine, {"mysql": ["mysql:9.7"], "nginx": ["nginx:1.30"]}, ignore) == {}
    assert engine.asked == ["mysql:9.7"]


def test_one_unreachable_registry_does_not_stop_another() -> None:
    engine = Registries(gives=["quay.example/b:1"], silent=["docker.io"])
    assert pull_images(engine, {"a": ["a:1"], "b": ["quay.example/b:1"]}, ignore) == {"b": "quay.example/b:1"}


def test_a_registry_that_lacks_one_image_is_asked_for_the_next() -> None:
    engine = Registries(gives=["nginx:1.30"])
    wanted = {"mysql": ["mysql:9.7"], "nginx": ["nginx:1.30"]}
    assert pull_images(engine, wanted, ignore) == {"nginx": "nginx:1.30"}


def test_the_second_name_is_tried_when_the_mirror_refuses_the_first() -> None:
    engine = Registries(gives=["m.example/library/mysql:9.7"])
    wanted = {"mysql": candidates("mysql:9.7", "m.example")}
    assert pull_images(engine, wanted, ignore) == {"mysql": "m.example/library/mysql:9.7"}


def test_nothing_wanted_asks_nobody() -> None:
    assert pull_images(Registries(), {}, ignore) == {}


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("dial tcp: lookup registry-1.docker.io: no such host", "unreachable"),
        ("net/http: request canceled while waiting for connection (Client.Timeout exceeded)", "unreachable"),
        ("dial tcp 192.0.2.1:443: connect: connection refused", "unreachable"),
        ("x509: certificate signed by unknown authority", "unreachable"),
        ("manifest for nginx:1.99 not found: manifest unknown", "refused"),
        ("toomanyrequests: You have reached your pull rate limit", "refused"),
        ("pull access denied for x, repository does not exist", "refused"),
    ],
)
def test_a_failed_pull_tells_a_dead_registry_from_a_missing_image(output: str, outcome: str) -> None:
    assert pull_failure(output) == outcome
