"""The variables of `make env`: what is set, what of the user's is kept, and that applying them twice changes nothing.

Does not prove that the CLI understands them.
"""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from tools.gostack.environment.toolchain import Toolchain
from tools.gostack.environment.variables import ensure_passphrase, exports, logged_in, prepend, render

ROOT = Path("/checkout")
OFFICIAL = Toolchain("official", "3.250.0", Path("/opt/pulumi/bin"))
BUILT = Toolchain(
    "built", "3.250.0", Path("/cache/gostack/toolchain-1/bin"), Path("/cache/gostack/toolchain-1/plugins")
)
USER = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": "/cache"}


def test_a_built_toolchain_gets_a_home_of_its_own_and_fetches_nothing(tmp_path: Path) -> None:
    assert render(ROOT, BUILT, USER, home=tmp_path) == {
        "PATH": "/cache/gostack/toolchain-1/bin:/checkout/.venv/bin:/usr/bin:/bin",
        "PULUMI_BACKEND_URL": "file:///checkout/.gostack/state",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/checkout/.gostack/passphrase",
        "PULUMI_CREDENTIALS_PATH": f"{tmp_path}/.pulumi",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": "/checkout/.gostack/pulumi",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "VIRTUAL_ENV": "/checkout/.venv",
    }


def test_an_official_installation_keeps_its_home_and_fetches_its_plugins(tmp_path: Path) -> None:
    assert render(ROOT, OFFICIAL, USER, home=tmp_path) == {
        "PATH": "/opt/pulumi/bin:/checkout/.venv/bin:/usr/bin:/bin",
        "PULUMI_BACKEND_URL": "file:///checkout/.gostack/state",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/checkout/.gostack/passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "VIRTUAL_ENV": "/checkout/.venv",
    }


@pytest.mark.parametrize("toolchain", [OFFICIAL, BUILT])
def test_asking_again_gives_the_same(toolchain: Toolchain, tmp_path: Path) -> None:
    once = render(ROOT, toolchain, USER, home=tmp_path)
    assert render(ROOT, toolchain, {**USER, **once}, home=tmp_path) == once


def test_another_checkout_takes_over_from_the_first(tmp_path: Path) -> None:
    once = render(Path("/first"), BUILT, USER, home=tmp_path)
    second = render(ROOT, BUILT, {**USER, **once}, home=tmp_path)
    assert second["PULUMI_HOME"] == "/checkout/.gostack/pulumi"
    assert second["PULUMI_BACKEND_URL"] == "file:///checkout/.gostack/state"
    assert second["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/checkout/.gostack/passphrase"


@pytest.mark.parametrize(
    ("chosen", "left_alone"),
    [
        ({"PULUMI_BACKEND_URL": "s3://bucket"}, "PULUMI_BACKEND_URL"),
        ({"PULUMI_ACCESS_TOKEN": "token"}, "PULUMI_BACKEND_URL"),
        ({"PULUMI_CONFIG_PASSPHRASE": ""}, "PULUMI_CONFIG_PASSPHRASE_FILE"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/mine"}, "PULUMI_CONFIG_PASSPHRASE_FILE"),
        ({"PULUMI_HOME": "/mine"}, "PULUMI_HOME"),
        ({"DOCKER_HOST": "tcp://engine:2376"}, "DOCKER_HOST"),
    ],
)
def test_a_choice_of_the_user_is_left_alone(chosen: dict[str, str], left_alone: str, tmp_path: Path) -> None:
    rendered = render(ROOT, BUILT, {**USER, **chosen}, engine="unix:///other.sock", home=tmp_path)
    assert left_alone not in rendered


def test_a_login_decides_the_backend(tmp_path: Path) -> None:
    (tmp_path / ".pulumi").mkdir()
    (tmp_path / ".pulumi" / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    assert "PULUMI_BACKEND_URL" not in render(ROOT, BUILT, USER, home=tmp_path)


def test_a_damaged_credentials_file_is_no_login(tmp_path: Path) -> None:
    for content in ("", "[]", '{"current": ""}', "not json"):
        (tmp_path / "credentials.json").write_text(content)
        assert not logged_in(tmp_path / "credentials.json")


def test_an_engine_of_a_docker_context_is_passed_on(tmp_path: Path) -> None:
    rendered = render(ROOT, OFFICIAL, USER, engine="unix:///home/me/.colima/docker.sock", home=tmp_path)
    assert rendered["DOCKER_HOST"] == "unix:///home/me/.colima/docker.sock"
    assert "DOCKER_HOST" not in render(ROOT, OFFICIAL, USER, engine="unix:///var/run/docker.sock", home=tmp_path)


def test_a_home_of_the_users_own_finds_the_plugin_on_path(tmp_path: Path) -> None:
    plugin = tmp_path / "plugins" / "resource-docker-v5.2.0"
    plugin.mkdir(parents=True)
    toolchain = Toolchain("built", "3.250.0", tmp_path / "bin", tmp_path / "plugins")
    rendered = render(ROOT, toolchain, {**USER, "PULUMI_HOME": "/mine"}, home=tmp_path)
    assert rendered["PATH"].split(":")[:2] == [str(tmp_path / "bin"), str(plugin)]


def test_an_earlier_toolchain_leaves_path() -> None:
    path = "/cache/gostack/toolchain-0/bin:/usr/bin::/cache/gostack-other/bin"
    assert prepend([Path("/new")], path, Path("/cache/gostack")) == "/new:/usr/bin:/cache/gostack-other/bin"


def test_a_shell_reads_back_exactly_what_was_set() -> None:
    value = "it's a $HOME with `spaces` and\nlines"
    script = exports({"NAME": value}) * 2 + 'printf %s "$NAME"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


def test_the_passphrase_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    ensure_passphrase(path)
    first = path.read_text()
    ensure_passphrase(path)
    assert path.read_text() == first
    assert len(first) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_stand_in_is_used_only_where_nobody_has_installed_the_plugin(tmp_path: Path) -> None:
    checkout, other, real = tmp_path / "checkout", tmp_path / "other", tmp_path / "bin"
    stand_ins = [project / "tools" / "offline" / "providers" / "kubernetes" / "bin" for project in (checkout, other)]
    for folder in (*stand_ins, real):
        folder.mkdir(parents=True)
        (folder / "pulumi-resource-kubernetes").touch()

    def path(*folders: Path) -> list[str]:
        user = {**USER, "PATH": ":".join([*map(str, folders), "/usr/bin"])}
        return render(checkout, BUILT, user, home=tmp_path)["PATH"].split(":")

    assert str(stand_ins[0]) in path()
    assert path(stand_ins[1]).index(str(stand_ins[0])) < path(stand_ins[1]).index(str(stand_ins[1]))
    assert str(stand_ins[0]) not in path(real)
    on_docker = render(checkout, BUILT, {**USER, "PATH": "/usr/bin"}, home=tmp_path, cluster=False)["PATH"].split(":")
    assert str(stand_ins[0]) not in on_docker
    # An official toolchain fetches its own.
    official = render(checkout, OFFICIAL, USER, home=tmp_path)["PATH"].split(":")
    assert str(stand_ins[0]) not in official
