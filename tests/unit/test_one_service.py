"""An update of one service is about that service: what Pulumi is told, judged by the recorded graph of the dev stack.

Does not prove that Pulumi keeps to its targets: tests/integration/test_21_verbs.py updates one of two services.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings, SettingsError, load_stack_file
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.targets import components, target_arguments
from tools.gostack.maintenance import command
from tools.gostack.maintenance.command import maintenance, routed

PROJECT = Path(__file__).resolve().parents[2]
GOLDEN = PROJECT / "tests" / "graph" / "golden" / "dev.txt"
LINE = re.compile(r"(?P<name>\S+) \S+ parent=(?P<parent>\S+) .*?after=(?P<after>\S+) ")


@pytest.fixture(scope="module")
def dev() -> Settings:
    return load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)


def targeted(settings: Settings, service: str) -> tuple[set[str], set[str]]:
    """What an update of a service looks at, and everything that there is."""
    before = {
        found["name"]: {found["parent"], *found["after"].split(",")}
        for found in map(LINE.match, GOLDEN.read_text(encoding="utf-8").splitlines())
        if found is not None
    }
    wanted = components(settings, service) & before.keys()
    while more := {name for name, needs in before.items() if needs & wanted and name not in wanted}:
        wanted |= more
    return wanted, set(before)


def test_everything_of_the_service_is_targeted_and_nothing_below_it(dev: Settings) -> None:
    wanted, everything = targeted(dev, "users")
    assert {name for name in everything if re.match(r"users(-|$)", name)} <= wanted
    # The routes to it are the ingresses'.
    assert {"ingress-east-release-files", "ingress-west-release-files"} <= wanted
    # And the telemetry shows them.
    assert {name for name in wanted if not re.match(r"(users|ingress-(east|west)|telemetry)(-|$)", name)} == set()


def test_the_arguments_name_components_whatever_they_are_in(dev: Settings) -> None:
    arguments = target_arguments(dev, "users")
    assert arguments[-1] == "--target-dependents"
    assert "--target=**::users-east" in arguments
    assert "--target=**::users-east-canary" in arguments


def test_a_service_that_there_is_not_is_refused_with_those_that_there_are(dev: Settings) -> None:
    with pytest.raises(SettingsError, match='"user" is no service of this stack: use one of users'):
        target_arguments(dev, "user")


class FakeWorkspace:
    """A stack whose file is kept in memory."""

    stack = "dev"
    stack_file = Path("Pulumi.dev.yaml")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def write(_: Any, service: str, *, on: bool) -> None:
        found.append(f"{service} {on}")

    def update(_: Any) -> int:
        found.append("update")
        return 0

    monkeypatch.setattr(command, "set_maintenance", write)
    monkeypatch.setattr(command.lifecycle, "update", update)
    return found


def test_maintenance_is_written_and_released(dev: Settings, steps: list[str]) -> None:
    workspace: Any = FakeWorkspace(dev)
    assert maintenance(workspace, on=True, service="users") == 0
    assert steps == ["users True", "update"]


def test_what_is_so_already_is_released_and_not_written(dev: Settings, steps: list[str]) -> None:
    workspace: Any = FakeWorkspace(dev)
    assert maintenance(workspace, on=False) == 0
    assert steps == ["update"]


def test_maintenance_needs_a_route(dev: Settings) -> None:
    assert routed(dev, None) == ["users"]
    bare = dev.services["users"].model_copy(update={"routes": []})
    hidden = dev.model_copy(update={"services": {"users": bare}})
    for settings, service, problem in ((dev, "user", "use one of users"), (hidden, "users", "users has no route")):
        with pytest.raises(UserError, match=problem):
            routed(settings, service)


def test_single_services_are_not_refreshed_because_pulumi_does_not_know_their_provider_then(dev: Settings) -> None:
    assert "--refresh" not in target_arguments(dev, "users")
