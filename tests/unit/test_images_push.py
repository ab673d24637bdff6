"""Stand-ins are pushed where nodes pull them, and used by the digest that the registry gave.

Does not prove that a registry takes them: the integration tests push to a real one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.images import resolved_images
from infra.images_lock import Origin, ResolvedImage, write_images_lock
from infra.settings import load_stack_file, parse_settings
from tests.support.settings import published
from tools.gostack.images.local import image_digest
from tools.offline.images.push import load_pushed, push_stand_ins, pushed_path

PROJECT = Path(__file__).resolve().parents[2]
DIGEST = f"sha256:{64 * 'a'}"


def image(name: str, upstream: str, origin: Origin = "stand-in") -> ResolvedImage:
    return ResolvedImage(f"gostack/stand-in-{name}:0123", origin, upstream, "1.0", f"sha256:id-of-{name}")


def push_to(pushed: list[str]):
    def push(reference: str, repository: str, tag: str) -> str:
        pushed.append(f"{reference} -> {repository}:{tag}")
        return DIGEST

    return push


def test_only_stand_ins_that_nodes_run_are_pushed(tmp_path: Path) -> None:
    images = {
        "mysql": image("mysql", "mysql:9.7"),
        "nginx": image("nginx", "nginx:1.30", "registry"),
        "golang": image("golang", "golang:1.26"),
        "pause": image("pause", "pause:3"),
    }
    pushed: list[str] = []
    told: list[str] = []
    result = push_stand_ins(tmp_path, images, "localhost:5001/gostack", told.append, push_to(pushed))
    assert pushed == ["gostack/stand-in-mysql:0123 -> localhost:5001/gostack/stand-in-mysql:0123"]
    assert result == {"sha256:id-of-mysql": f"localhost:5001/gostack/stand-in-mysql@{DIGEST}"}
    assert load_pushed(tmp_path) == result
    assert told == ["mysql: pushed to localhost:5001/gostack/stand-in-mysql"]


def test_a_second_push_of_the_same_says_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        push_stand_ins(tmp_path, {"mysql": image("mysql", "mysql:9.7")}, "r/x", told.append, push_to([]))
    assert len(told) == 1


def test_nodes_pull_a_stand_in_by_digest_and_all_else_from_its_publisher(tmp_path: Path) -> None:
    images = {
        "mysql": image("mysql", "mysql:9.7"),
        "nginx": image("nginx", "nginx:1.30", "registry"),
        "golang": image("golang", "golang:1.26"),
    }
    write_images_lock(tmp_path, images)
    push_stand_ins(tmp_path, images, "localhost:5001/gostack", lambda _: None, push_to([]))
    used = resolved_images(parse_settings(published("staging")), tmp_path)
    assert used["mysql"]["reference"] == f"localhost:5001/gostack/stand-in-mysql@{DIGEST}"
    assert used["mysql"]["origin"] == "stand-in"
    assert used["nginx"]["reference"] == "nginx:1.30"
    assert used["consul"]["reference"] == "hashicorp/consul:1.22"
    # Go builds an image on this machine's engine.
    assert used["golang"]["reference"] == "gostack/stand-in-golang:0123"


def test_nodes_pull_what_this_machine_pulled_whatever_its_tag_means_by_then(tmp_path: Path) -> None:
    pulled = ResolvedImage("nginx:1.30", "registry", "nginx:1.30", "1.30.1", "sha256:id", digest=DIGEST)
    write_images_lock(tmp_path, {"nginx": pulled})
    assert (
        resolved_images(parse_settings(published("staging")), tmp_path)["nginx"]["reference"] == f"nginx:1.30@{DIGEST}"
    )
    # What runs here is what the engine has.
    docker = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
    assert resolved_images(docker, tmp_path)["nginx"]["reference"] == "nginx:1.30"


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("nginx:1.30", [f"nginx@{DIGEST}"]),
        ("docker.io/library/nginx:1.30", [f"nginx@{DIGEST}"]),
        ("mirror.example.com:5000/hashicorp/consul:1.22", [f"mirror.example.com:5000/hashicorp/consul@{DIGEST}"]),
    ],
)
def test_an_image_is_known_by_the_digest_of_the_repository_that_it_came_from(reference: str, known: list[str]) -> None:
    others = [f"elsewhere.example.com/nginx@sha256:{64 * '9'}"]
    assert image_digest(reference, [*others, *known]) == DIGEST
    assert image_digest(reference, others) == ""


def test_a_stand_in_that_was_not_pushed_is_not_named_to_nodes(tmp_path: Path) -> None:
    write_images_lock(tmp_path, {"mysql": image("mysql", "mysql:9.7")})
    assert resolved_images(parse_settings(published("staging")), tmp_path)["mysql"]["reference"] == "mysql:9.7"


def test_an_unreadable_record_counts_as_none(tmp_path: Path) -> None:
    pushed_path(tmp_path).parent.mkdir()
    pushed_path(tmp_path).write_text("[")
    assert load_pushed(tmp_path) == {}
