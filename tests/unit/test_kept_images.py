"""The newest builds of each service stay on the engine, so that a rollback finds them.

The engine is a list: does not prove that a real one refuses to remove what a container uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from docker.errors import APIError

from tools.gostack.lifecycle.images import KEPT_IMAGES, remove_images, remove_old_images


@dataclass
class FakeObjects:
    """Images by tag and time, of which a container uses some."""

    found: dict[str, str]
    used: set[str] = field(default_factory=set[str])
    digests: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def images(self) -> list[Any]:
        return [
            SimpleNamespace(
                tags=[] if tag.startswith("sha256:") else [tag],
                id=tag,
                attrs={"Created": time, "RepoDigests": self.digests.get(tag, [])},
            )
            for tag, time in self.found.items()
        ]

    @property
    def client(self) -> Any:
        return SimpleNamespace(images=self)

    def remove(self, name: str, *, force: bool = False) -> None:
        if name in self.used and not force:
            raise APIError("conflict: it is used")
        del self.found[name]


def builds(service: str, number: int) -> dict[str, str]:
    return {f"gostack/dev-{service}:{index}": f"2026-01-{index + 1:02}T00:00:00Z" for index in range(number)}


def test_the_newest_of_each_service_stay() -> None:
    objects: Any = FakeObjects({**builds("users", KEPT_IMAGES + 2), **builds("users-canary", 2)})
    remove_old_images(objects)
    assert sorted(objects.found) == [
        *(f"gostack/dev-users-canary:{index}" for index in range(2)),
        *(f"gostack/dev-users:{index}" for index in range(2, KEPT_IMAGES + 2)),
    ]


def test_what_runs_stays_whatever_its_age() -> None:
    objects: Any = FakeObjects(builds("users", KEPT_IMAGES + 2), {"gostack/dev-users:0"})
    remove_old_images(objects)
    assert "gostack/dev-users:0" in objects.found
    assert "gostack/dev-users:1" not in objects.found


def test_what_has_no_name_goes_unless_it_runs() -> None:
    names = ("sha256:left", "sha256:running", "sha256:pulled")
    objects: Any = FakeObjects(dict.fromkeys(names, "2026-01-01T00:00:00Z"), {"sha256:running"})
    objects.digests["sha256:pulled"] = ["registry.example.com/users@sha256:pulled"]
    remove_old_images(objects)
    assert set(objects.found) == {"sha256:running", "sha256:pulled"}


def test_a_stack_that_goes_takes_all_of_them_with_it() -> None:
    objects: Any = FakeObjects(builds("users", 3))
    remove_images(objects)
    assert objects.found == {}
