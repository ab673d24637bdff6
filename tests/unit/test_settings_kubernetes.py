"""Settings of a stack on Kubernetes: what it needs, what it must not have, and every mistake as one sentence.

Does not prove that the cluster of the settings exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.settings import SettingsError, parse_settings
from tests.support.settings import Document, published

DIGEST = f"sha256:{64 * '0'}"


def users(document: Document) -> Document:
    return document["services"]["users"]


def released(image: str) -> Callable[[Document], Any]:
    def change(document: Document) -> None:
        users(document).pop("context")
        users(document)["image"] = image

    return change


MISTAKES: dict[str, tuple[Callable[[Document], Any], str]] = {
    "no cluster at all": (
        lambda d: d.pop("kubernetes"),
        'gostack:kubernetes.kubeconfig is missing: name the cluster in the stack file, for example "'
        ".gostack/kubeconfig\" for the one that `make cluster` starts; the shell's own is never used.",
    ),
    "no context": (
        lambda d: d["kubernetes"].pop("context"),
        'gostack:kubernetes.context is missing: name the cluster in the stack file, for example "gostack" for the one '
        "that `make cluster` starts; the shell's own is never used.",
    ),
    "a network of Docker's": (
        lambda d: d["regions"]["east"].update(cidr="10.80.1.0/24"),
        'gostack:regions.east.cidr has a meaning only when gostack:platform is "docker": remove it.',
    ),
    "a port of Docker's": (
        lambda d: d["regions"]["east"].update(consul_port=8500),
        'gostack:regions.east.consul_port has a meaning only when gostack:platform is "docker": remove it.',
    ),
    "a backbone": (
        lambda d: d.update(backbone={"cidr": "10.80.0.0/24"}),
        'gostack:backbone has a meaning only when gostack:platform is "docker": remove it.',
    ),
    "a group": (
        lambda d: d["mysql"].update(topology="group"),
        'gostack:mysql.topology is "group", which only gostack:platform "docker" has: set it to "replica", whose '
        "primary Kubernetes brings back by itself.",
    ),
    "no registry": (
        lambda d: d.pop("registry"),
        "gostack:registry is missing: gostack:services.users.context is built here, and nodes pull it from there; name "
        'a registry, for example "localhost:5001/gostack".',
    ),
    "a registry with a scheme": (
        lambda d: d.update(registry="https://registry.example.com"),
        'gostack:registry: "https://registry.example.com" is not a registry; write it like '
        '"registry.example.com/gostack".',
    ),
    "an image whose tag may move": (
        released("registry.example.com/users:1.0"),
        'gostack:services.users.image is "registry.example.com/users:1.0", whose tag may move: on Kubernetes write it '
        "with its digest, like name@sha256:<64 hex digits>.",
    ),
    "a canary whose tag may move": (
        lambda d: users(d).update(canary={"image": "registry.example.com/users:2.0"}),
        'gostack:services.users.canary.image is "registry.example.com/users:2.0", whose tag may move: on Kubernetes '
        "write it with its digest, like name@sha256:<64 hex digits>.",
    ),
    "more memory requested than allowed": (
        lambda d: users(d).update(memory_mib=128),
        "gostack:services.users.memory_request_mib is 256, more than the limit memory_mib (128): raise the limit or "
        "request less.",
    ),
    "more CPU requested than allowed": (
        lambda d: users(d).update(cpu_request=0.75),
        "gostack:services.users.cpu_request is 0.75, more than the limit cpus (0.5): raise the limit or request less.",
    ),
    "fewer replicas at most than at least": (
        lambda d: users(d).update(replicas=12),
        "gostack:services.users.autoscaling.maximum is 10, less than the lowest number of replicas (12): raise it.",
    ),
    "no network outside": (
        lambda d: users(d).update(egress=[{"network": "example.com", "port": 443}]),
        'gostack:services.users.egress.0.network: "example.com" is not a network; write it like "203.0.113.0/24".',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_one_sentence(mistake: str) -> None:
    change, sentence = MISTAKES[mistake]
    document = published("staging")
    change(document)
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    assert str(caught.value) == sentence


def test_nothing_that_only_docker_needs_is_demanded() -> None:
    settings = parse_settings(published("staging"))
    assert settings.regions["east"].https_port == 443
    assert settings.host_ports() == {}
    assert settings.networks() == {}


@pytest.mark.parametrize("key", ["cidr", "https_port", "http_port", "consul_port"])
def test_docker_still_demands_what_it_needs(key: str) -> None:
    document = published("dev")
    document["regions"]["west"].pop(key)
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    assert str(caught.value) == f"gostack:regions.west.{key} is missing: add it to the stack file."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kubernetes", {"context": "x"}),
        ("registry", "registry.example.com/x"),
        ("signatures", {"public_key": "cosign.pub"}),
    ],
)
def test_what_only_kubernetes_knows_is_refused_on_docker(key: str, value: object) -> None:
    document = published("dev")
    document[key] = value
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    assert str(caught.value) == f'gostack:{key} has no meaning when gostack:platform is "docker": remove it.'


def test_limits_are_those_of_the_platform_unless_they_are_given() -> None:
    for stack, memory, cpus in (("dev", 256, 1.0), ("staging", 512, 0.5)):
        settings = parse_settings(published(stack))
        limits = settings.services["users"].limits(settings.platform)
        assert (limits.memory_mib, limits.cpus) == (memory, cpus)
    document = published("staging")
    users(document).update(memory_mib=1024, cpus=2)
    limits = parse_settings(document).services["users"].limits("kubernetes")
    assert (limits.memory_mib, limits.cpus) == (1024, 2.0)


def test_the_engine_takes_part_only_where_something_is_built() -> None:
    document = published("staging")
    assert parse_settings(document).needs_engine()
    released(f"registry.example.com/users@{DIGEST}")(document)
    assert not parse_settings(document).needs_engine()


def test_a_cluster_is_told_only_by_a_stack_that_has_one() -> None:
    access = parse_settings(published("staging")).cluster()
    assert (access.kubeconfig, access.context) == (".gostack/kubeconfig", "gostack")
    with pytest.raises(ValueError, match="names no cluster"):
        parse_settings(published("dev")).cluster()
