"""An authority gets into the stores of a machine and out of them again, and nobody else's is touched.

The machine is a folder and the commands are fakes: does not prove that a browser or the system reads its store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components.certificates.x509 import new_authority
from tools.gostack.lifecycle.workspace import PulumiError
from tools.gostack.trust.authority import Authority
from tools.gostack.trust.command import trust
from tools.gostack.trust.machine import Machine

ONE, OTHER = (new_authority("gostack dev certificate authority", 365).certificate for _ in range(2))
DEBIAN = "usr/local/share/ca-certificates"


class Commands:
    """`install`, `rm` and `certutil` on files, and a list of all that was run."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.nss: dict[str, dict[str, str]] = {}

    def __call__(self, command: Sequence[str]) -> str | None:
        self.ran.append(" ".join(command))
        if command[0] == "install":
            Path(command[-1]).write_text(Path(command[-2]).read_text())
        elif command[0] == "rm":
            Path(command[-1]).unlink()
        elif command[0] == "certutil":
            return self._certutil(command)
        return ""

    def _certutil(self, command: Sequence[str]) -> str | None:
        database = self.nss.setdefault(command[2], {})
        name = command[command.index("-n") + 1] if "-n" in command else ""
        match command[3]:
            case "-A":
                database[name] = Path(command[-1]).read_text()
            case "-D":
                del database[name]
            case _ if name:
                return database[name]
            case _:
                return "\n".join(f"{known:<60} C,," for known in ["Certificate Nickname", *database])
        return ""


class FakeWorkspace:
    """A stack that is up, with this authority."""

    def __init__(self, project: Path, stack: str, pem: str) -> None:
        self.project, self.stack, self.pem = project, stack, pem
        (project / ".gostack").mkdir(exist_ok=True)

    def outputs(self) -> dict[str, Any]:
        return {"ca_certificate": self.pem}


@pytest.fixture
def commands() -> Commands:
    return Commands()


def machine(root: Path, commands: Commands, *present: str, **values: Any) -> Machine:
    (root / DEBIAN).mkdir(parents=True, exist_ok=True)
    (root / ".pki" / "nssdb").mkdir(parents=True, exist_ok=True)
    (root / ".pki" / "nssdb" / "cert9.db").touch()
    known = {"root": root, "home": root, "is_root": True, "is_mac": False, "run": commands}
    return Machine(**{**known, "which": lambda name: name if name in present else None, **values})


def stack(folder: Path, name: str = "dev", pem: str = ONE) -> Any:
    return FakeWorkspace(folder, name, pem)


def files(root: Path) -> list[str]:
    return sorted(file.name for file in (root / DEBIAN).iterdir())


def test_what_was_put_there_goes_again_and_nothing_else(tmp_path: Path, commands: Commands) -> None:
    debian = machine(tmp_path, commands, "update-ca-certificates", "certutil")
    assert [trust(stack(tmp_path, name, pem), machine=debian) for name, pem in (("dev", ONE), ("dev-two", OTHER))] == [
        0,
        0,
    ]
    (tmp_path / DEBIAN / "gostack-dev-somebodys.crt").write_text(OTHER)
    ours, others = Authority("dev", ONE).name, Authority("dev-two", OTHER).name
    (database,) = commands.nss.values()
    assert sorted(database) == sorted([ours, others])
    assert trust(stack(tmp_path), remove=True, machine=debian) == 0
    assert files(tmp_path) == sorted([f"{others}.crt", "gostack-dev-somebodys.crt"])
    assert list(database) == [others]
    assert commands.ran[-1] == "update-ca-certificates --fresh"


def test_an_earlier_authority_of_the_stack_goes_too(tmp_path: Path, commands: Commands) -> None:
    debian = machine(tmp_path, commands, "update-ca-certificates")
    trust(stack(tmp_path), machine=debian)
    trust(stack(tmp_path, pem=OTHER), machine=debian)
    assert len(files(tmp_path)) == 2
    # The stack may be gone by then.
    trust(stack(tmp_path, pem=""), remove=True, machine=debian)
    assert files(tmp_path) == []


def test_twice_is_once(tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    debian = machine(tmp_path, commands, "update-ca-certificates", "certutil")
    trust(stack(tmp_path), machine=debian)
    ran = len(commands.ran)
    assert trust(stack(tmp_path), machine=debian) == 0
    assert all(" -L" in command for command in commands.ran[ran:])
    assert "already" in capsys.readouterr().out


def test_without_root_the_exact_commands_are_told_and_browsers_are_served(
    tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    user = machine(tmp_path, commands, "update-ca-certificates", "certutil", is_root=False)
    assert trust(stack(tmp_path), machine=user) == 1
    told = capsys.readouterr().out
    name = Authority("dev", ONE).name
    place = tmp_path / DEBIAN / f"{name}.crt"
    assert f"  sudo install -m 0644 {tmp_path}/.gostack/dev-ca.pem {place}\n" in told
    assert "  sudo update-ca-certificates\n" in told
    assert f"nssdb has {name}" in told
    assert files(tmp_path) == []


def test_fedora_and_a_mac_have_commands_of_their_own(tmp_path: Path, commands: Commands) -> None:
    (tmp_path / "etc/pki/ca-trust/source/anchors").mkdir(parents=True)
    assert trust(stack(tmp_path), machine=machine(tmp_path, commands, "update-ca-trust", "certutil")) == 0
    assert commands.ran[-1] == "update-ca-trust extract"
    assert trust(stack(tmp_path), machine=machine(tmp_path, commands, "certutil", is_mac=True)) == 0
    assert commands.ran[-1].startswith(
        "security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
    )


def test_a_mac_deletes_by_the_fingerprint_of_that_very_name(tmp_path: Path) -> None:
    ran: list[str] = []

    def keychain(command: Sequence[str]) -> str:
        ran.append(" ".join(command))
        entries = (("AA", "gostack dev certificate authority"), ("BB", "gostack dev certificate authority of others"))
        return "".join(f'SHA-256 hash: {one}\nSHA-1 hash: 1\n    "labl"<blob>="{name}"\n' for one, name in entries)

    mac = Machine(tmp_path, tmp_path, is_root=True, is_mac=True, run=keychain, which=lambda _: None)
    assert trust(stack(tmp_path), remove=True, machine=mac) == 0
    assert [command for command in ran if "delete" in command] == (
        ["security delete-certificate -Z AA /Library/Keychains/System.keychain"]
    )


def test_a_command_that_fails_is_told_and_no_success(
    tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = machine(tmp_path, commands, "update-ca-certificates", "certutil", run=lambda _: None)
    assert trust(stack(tmp_path), machine=broken) == 1
    assert "sudo" not in capsys.readouterr().out


def test_what_a_failed_command_leaves_to_do_is_told_to_its_end(
    tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(command: Sequence[str]) -> str | None:
        return None if command[0] == "install" else commands(command)

    assert trust(stack(tmp_path), machine=machine(tmp_path, commands, "update-ca-certificates", run=full)) == 1
    first, second = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert first.startswith("  install -m 0644 ")
    assert second == "  update-ca-certificates"


@pytest.mark.parametrize(
    ("refused", "remove", "told"), [("-A", False, "refuses"), ("-D", True, "keeps"), ("-L", True, "cannot be read")]
)
def test_a_database_that_refuses_is_a_failure(
    tmp_path: Path,
    commands: Commands,
    capsys: pytest.CaptureFixture[str],
    refused: str,
    remove: bool,
    told: str,
) -> None:
    def locked(command: Sequence[str]) -> str | None:
        return None if command[0] == "certutil" and command[3] == refused else commands(command)

    if remove:
        trust(stack(tmp_path), machine=machine(tmp_path, commands, "update-ca-certificates", "certutil"))
    broken = machine(tmp_path, commands, "update-ca-certificates", "certutil", run=locked)
    assert trust(stack(tmp_path), remove=remove, machine=broken) == 1
    assert f"nssdb {told}" in capsys.readouterr().out


def test_a_stack_that_is_not_up_has_no_authority(tmp_path: Path, commands: Commands) -> None:
    down = stack(tmp_path)
    down.outputs = dict
    with pytest.raises(PulumiError, match="the stack dev is not up: run `make up`"):
        trust(down, machine=machine(tmp_path, commands, "update-ca-certificates"))
    assert commands.ran == []


def test_browsers_that_cannot_be_reached_are_told_with_the_fix(
    tmp_path: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trust(stack(tmp_path), machine=machine(tmp_path, commands, "update-ca-certificates")) == 1
    assert "install libnss3-tools" in capsys.readouterr().out
