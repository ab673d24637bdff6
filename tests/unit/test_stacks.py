"""A second stack has ports and networks, or namespaces and host names, that nothing else has, and none of the first
one's secrets.

Does not prove that two stacks run beside each other: tests/integration/test_21_verbs.py prepares one on Docker,
tests/integration_kubernetes/test_08_two_stacks.py brings two up on a cluster.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from itertools import product
from pathlib import Path

import pytest

from infra.settings import Settings, SettingsError, load_stack_file
from infra.settings.expiry import expiry_time
from infra.settings.names import namespaces
from infra.settings.neighbours import require_apart
from tools.gostack.environment.errors import UserError
from tools.gostack.stacks import listing
from tools.gostack.stacks.new import lifetime, new_stack
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
        ("two", "nowhere", r"Pulumi.nowhere.yaml does not exist"),
        ("Two", "dev", r'a stack cannot be called "Two"'),
    ],
)
def test_what_cannot_be_is_refused(project: Path, name: str, origin: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        made(project, name, origin)


def named(project: Path, ingress: str = "    hosts: [api.example.com, 10.0.0.1]\n") -> Path:
    """The staging stack with a namespace and an ingress of its own."""
    staging = project / "Pulumi.staging.yaml"
    text = staging.read_text().replace("    context: gostack\n", "    context: gostack\n    namespace: shop\n")
    head, services = text.split("  gostack:services:")
    staging.write_text(f"{head}  gostack:ingress:\n    # Who is served.\n{ingress}  gostack:services:{services}")
    return staging


def test_two_stacks_like_one_on_a_cluster_have_namespaces_and_hosts_of_their_own(project: Path) -> None:
    named(project, "    hosts: [api.example.com, 10.0.0.1]\n    memory_mib: 600\n")
    for name in ("pr-1", "pr-2"):
        settings = made(project, name, "staging")
        assert settings.ingress.hosts == [f"{name}.api.example.com"]
        assert settings.ingress.memory_mib == 600
        assert namespaces(name, settings) == {"east": f"gostack-{name}-east"}
        require_apart(name, settings, project)
    text = (project / "Pulumi.pr-1.yaml").read_text()
    assert "# The cluster that `make cluster` starts" in text
    assert "# The lowest number; the autoscaler" in text


def test_a_copy_by_hand_is_refused_with_the_key_that_has_to_differ(project: Path) -> None:
    staging = named(project)
    copy = project / "Pulumi.copy.yaml"

    def refused(old: str, new: str) -> str:
        copy.write_text(copy.read_text().replace(old, new))
        with pytest.raises(SettingsError) as error:
            require_apart("copy", load_stack_file(copy, project), project)
        return str(error.value)

    shutil.copy(staging, copy)
    assert refused("", "").startswith(
        'gostack:kubernetes.namespace makes "shop-east" the namespace of the region east, which Pulumi.staging.yaml has'
    )
    assert refused("namespace: shop", "namespace: other").startswith(
        'gostack:ingress.hosts has "api.example.com", which'
    )
    copy.write_text(copy.read_text().replace("api.example.com", "other.example.com"))
    require_apart("copy", load_stack_file(copy, project), project)


def test_hosts_that_only_this_machine_knows_may_be_those_of_two_stacks(project: Path) -> None:
    copy = project / "Pulumi.copy.yaml"
    shutil.copy(project / "Pulumi.staging.yaml", copy)
    require_apart("copy", load_stack_file(copy, project), project)
    assert made(project, "pr-1", "staging").ingress.hosts == ["pr-1.localhost"]


def test_what_is_said_of_a_host_is_said_of_its_new_name(project: Path) -> None:
    named(
        project,
        "    hosts: [api.example.com, www.example.com]\n"
        "    sites: {www.example.com: {redirect_from: [example.com], hsts_preload: true}}\n",
    )
    staging = project / "Pulumi.staging.yaml"
    path = "        - path: /api/v1/users\n"
    staging.write_text(
        staging.read_text().replace(path, f"{path}          hosts: [www.example.com, api.example.com]\n")
    )
    settings = made(project, "pr-1", "staging")
    (site,) = settings.ingress.sites.items()
    assert (site[0], site[1].redirect_from, site[1].hsts_preload) == ("pr-1.www.example.com", [], True)
    assert settings.services["users"].routes[0].hosts == ["pr-1.www.example.com", "pr-1.api.example.com"]


def test_encrypted_secrets_of_a_stack_on_a_cluster_become_variables(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    staging = project / "Pulumi.staging.yaml"
    staging.write_text(f"{staging.read_text()}{SECRETS}encryptionsalt: v1:salt\nsecretsprovider: awskms://key\n")
    secrets = made(project, "pr-1", "staging").services["users"].secrets
    assert {name: secret.get_secret_value() for name, secret in secrets.items()} == {
        "KEY": "ref+env://USERS_KEY",
        "OTHER": "ref+env://OTHER",
    }
    text = (project / "Pulumi.pr-1.yaml").read_text()
    assert not {"secure", "encryptionsalt", "secretsprovider"} & set(text.replace(":", " ").split())
    assert "export USERS_KEY before `up`" in capsys.readouterr().out


def test_a_stack_for_a_while_says_when_it_may_go(project: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert new_stack(project, "pr-1", "staging", ttl=lifetime("24h")) == 0
    expires = load_stack_file(project / "Pulumi.pr-1.yaml", project).expires
    assert expires is not None
    assert before <= expiry_time(expires) - timedelta(hours=24) <= datetime.now(UTC)
    # What is like it stays, unless it says so itself.
    assert made(project, "two", "pr-1").expires is None


@pytest.mark.parametrize("text", ["24", "0h", "1w", "-1h", "1.5h", ""])
def test_what_is_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"is no lifetime: write minutes, hours or days, like 90m, 24h or 7d"):
        lifetime(text)


def test_a_time_that_is_none_is_refused_with_the_form(project: Path) -> None:
    staging = project / "Pulumi.staging.yaml"
    staging.write_text(staging.read_text() + '  gostack:expires: "2026-13-01T00:00:00Z"\n')
    with pytest.raises(SettingsError, match=r'gostack:expires: "2026-13-01T00:00:00Z" is not a time in UTC'):
        load_stack_file(staging, project)


def test_a_stack_that_is_known_by_addresses_alone_has_no_name_to_be_below(project: Path) -> None:
    named(project, "    hosts: [10.0.0.1]\n")
    with pytest.raises(UserError, match=r"gostack:ingress.hosts of staging has addresses alone"):
        made(project, "pr-1", "staging")


def test_a_stack_like_prod_is_for_a_person_to_write(project: Path) -> None:
    authority = "tools/offline/providers/aws/rehearsal-ca.pem"
    (project / authority).parent.mkdir(parents=True)
    for path in ("Pulumi.prod.yaml", authority):
        shutil.copy(PROJECT / path, project / path)
    with pytest.raises(UserError, match=r"prod is on AWS, where a stack beside it has an account, a domain"):
        made(project, "two", "prod")
    assert not (project / "Pulumi.two.yaml").exists()


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
