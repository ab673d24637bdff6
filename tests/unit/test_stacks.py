"""A second stack has ports and networks that nothing else has, and none of the first one's secrets.

Does not prove that two stacks run beside each other: tests/integration/test_21_verbs.py prepares one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from ipaddress import IPv4Network
from itertools import product
from pathlib import Path

import pytest

from infra.settings import Settings, load_stack_file
from tools.gostack.environment.errors import UserError
from tools.gostack.stacks import listing
from tools.gostack.stacks.new import new_stack
from tools.gostack.stacks.space import free_networks, free_ports

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = """      environment: {KEY: "${secret.KEY}", OTHER: "${secret.OTHER}"}
      secrets:
        # How it is signed.
        KEY:
          secure: v1:aaaa
        OTHER: ref+env://OTHER
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in ("Pulumi.dev.yaml", "Pulumi.staging.yaml"):
        shutil.copy(PROJECT / path, tmp_path / path)
    shutil.copytree(PROJECT / "services" / "users", tmp_path / "services" / "users")
    shutil.copy(PROJECT / "services" / "Dockerfile", tmp_path / "services" / "Dockerfile")
    return tmp_path


def made(
    project: Path, name: str, origin: str = "dev", is_free: Callable[[str, int], bool] = lambda *_: True
) -> Settings:
    assert new_stack(project, name, origin, is_free=is_free, machine=lambda: {"bridge": "172.17.0.0/16"}) == 0
    return load_stack_file(project / f"Pulumi.{name}.yaml", project)


def test_three_stacks_have_nothing_of_this_machine_in_common(project: Path) -> None:
    stacks = [
        load_stack_file(project / "Pulumi.dev.yaml", project),
        made(project, "two"),
        made(project, "three", "two"),
    ]
    ports = [port for one in stacks for _, port in one.host_ports().values()]
    assert len(set(ports)) == len(ports) == 21
    networks = [IPv4Network(network) for one in stacks for network in one.networks().values()]
    assert [pair for pair in product(networks, repeat=2) if pair[0] is not pair[1] and pair[0].overlaps(pair[1])] == []


def test_a_port_that_somebody_has_is_left_to_them(project: Path) -> None:
    ports = made(project, "two", is_free=lambda _, port: port != 9543).host_ports()
    assert ports["regions.east.https_port"][1] == 8643


def test_a_file_that_somebody_writes_meanwhile_is_left_to_them(project: Path) -> None:
    theirs = project / "Pulumi.two.yaml"

    def is_free(*_: object) -> bool:
        theirs.write_text("config: {}\n")
        return True

    with pytest.raises(UserError, match=r"Pulumi.two.yaml exists already"):
        made(project, "two", is_free=is_free)
    assert theirs.read_text() == "config: {}\n"


def test_networks_of_the_engine_are_left_to_it() -> None:
    assert free_networks({"a": "10.80.0.0/24", "b": "10.80.1.0/24"}, ["10.81.0.0/16", "10.82.1.0/24"]) == (
        {"a": "10.82.0.0/24", "b": "10.82.2.0/24"}
    )
    with pytest.raises(UserError, match=r"no free network of the size /24"):
        free_networks({"a": "10.80.0.0/24"}, ["10.0.0.0/8"])


def test_without_a_free_port_nothing_is_made(project: Path) -> None:
    with pytest.raises(UserError, match=r"no free ports for another stack: `ss -ltn`"):
        made(project, "two", is_free=lambda *_: False)
    assert not (project / "Pulumi.two.yaml").exists()
    assert free_ports({}, [], lambda *_: False) == {}


def test_comments_and_order_stay(project: Path) -> None:
    made(project, "two")
    before = (project / "Pulumi.dev.yaml").read_text().splitlines()
    after = (project / "Pulumi.two.yaml").read_text().splitlines()
    assert after[:2] == [before[0], "# Written by `gostack stack new` from Pulumi.dev.yaml."]
    del after[1]
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert all(one.split(":")[0] == other.split(":")[0] for one, other in changed)
    assert len(changed) == 11


def test_secrets_stay_behind_and_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dev = project / "Pulumi.dev.yaml"
    dev.write_text(f"{dev.read_text()}{SECRETS}encryptionsalt: v1:salt\n")
    assert new_stack(project, "two", "dev", is_free=lambda *_: True, machine=dict) == 0
    text = (project / "Pulumi.two.yaml").read_text()
    assert "secure" not in text
    assert "encryptionsalt" not in text
    assert "OTHER: ref+env://OTHER" in text
    assert "`gostack secrets set users KEY --stack two` writes it" in capsys.readouterr().out


def test_a_file_that_has_no_lines_to_change_is_written_anew(project: Path) -> None:
    dev = project / "Pulumi.dev.yaml"
    document = dev.read_text().replace("    cidr: 10.80.0.0/24", "    cidr: &one 10.80.0.0/24")
    dev.write_text(
        document.replace("  gostack:backbone:\n    cidr", "  gostack:backbone: {cidr").replace("/24\n", "/24}\n", 1)
    )
    made(project, "two")
    assert "10.81.0.0/24" in (project / "Pulumi.two.yaml").read_text()


def test_the_network_between_regions_is_written_where_it_was_a_default(project: Path) -> None:
    dev = project / "Pulumi.dev.yaml"
    dev.write_text(dev.read_text().replace("  gostack:backbone:\n    cidr: 10.80.0.0/24\n", ""))
    assert made(project, "two").backbone.cidr == "10.81.0.0/24"


@pytest.mark.parametrize(
    ("name", "origin", "problem"),
    [
        ("dev", "dev", r"Pulumi.dev.yaml exists already"),
        ("two", "staging", r"staging is on Kubernetes, where a stack beside it needs"),
        ("two", "nowhere", r"Pulumi.nowhere.yaml does not exist"),
        ("Two", "dev", r'a stack cannot be called "Two"'),
    ],
)
def test_what_cannot_be_is_refused(project: Path, name: str, origin: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        made(project, name, origin)


def test_a_list_names_every_stack_and_what_is_wrong_with_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "Pulumi.bad.yaml").write_text("config:\n  gostack:regions: {}\n")
    state = '[{"name": "organization/gostack/dev", "lastUpdate": "2026-01-31T12:00:00.000Z", "resourceCount": 120}]'
    asked: list[object] = []
    monkeypatch.setattr(listing.Workspace, "capture", lambda _, *words: asked.append(words) or state)
    bad, dev, staging = listing.stacks(project)
    # Half a second, however many there are.
    assert asked == [("stack", "ls", "--json")]
    assert (bad.name, bool(bad.problem)) == ("bad", True)
    assert (dev.platform, dev.entry, dev.resources) == ("docker", "https://localhost:8443", 120)
    assert (staging.platform, staging.resources, staging.updated) == ("kubernetes", 0, "")
