"""The store that curl, Go, Python and most programs of a system read: Debian's, Fedora's or that of macOS."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.trust.authority import Authority, is_of
from tools.gostack.trust.machine import Machine, Outcome

KEYCHAIN = "/Library/Keychains/System.keychain"


@dataclass(frozen=True)
class Folder:
    """A folder with a file for each certificate, and the command that makes the system's store of them."""

    path: str
    added: Sequence[str]
    removed: Sequence[str]


FOLDERS = (
    Folder(
        "usr/local/share/ca-certificates",
        ["update-ca-certificates"],
        # Without it, what a symbolic link led to may stay in the bundle.
        ["update-ca-certificates", "--fresh"],
    ),
    Folder("etc/pki/ca-trust/source/anchors", ["update-ca-trust", "extract"], ["update-ca-trust", "extract"]),
)
"""Of Debian and Ubuntu, and of Fedora and its relatives."""


def add(machine: Machine, authority: Authority, file: Path) -> Outcome:
    """Put an authority, whose certificate is in `file`, into the system's store."""
    if machine.is_mac:
        command = ["security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", KEYCHAIN, str(file)]
        return _as_root(machine, [command], f"the system's keychain trusts {authority.name}")
    folder = _folder(machine)
    if folder is None:
        return Outcome(["this system has neither update-ca-certificates nor update-ca-trust: its store is left alone"])
    place = machine.root / folder.path / f"{authority.name}.crt"
    if place.is_file() and place.read_text(encoding="utf-8") == authority.pem:
        return Outcome([f"the system's store has {authority.name} already"])
    commands = [["install", "-m", "0644", str(file), str(place)], folder.added]
    return _as_root(machine, commands, f"the system's store has {authority.name} ({place})")


def remove(machine: Machine, stack: str) -> Outcome:
    """Take the authorities of a stack out of the system's store, and no other."""
    if machine.is_mac:
        return _remove_from_keychain(machine, stack)
    folder = _folder(machine)
    files = sorted((machine.root / folder.path).glob("gostack-*.crt")) if folder is not None else []
    ours = [file for file in files if is_of(stack, file.stem, file.read_text(encoding="utf-8"))]
    if not ours or folder is None:
        return Outcome([f"the system's store has no authority of {stack}"])
    commands = [["rm", str(file)] for file in ours]
    names = ", ".join(file.stem for file in ours)
    return _as_root(machine, [*commands, folder.removed], f"the system's store has lost {names}")


def _remove_from_keychain(machine: Machine, stack: str) -> Outcome:
    name = f"gostack {stack} certificate authority"
    listed = machine.run(["security", "find-certificate", "-a", "-Z", "-c", name, KEYCHAIN]) or ""
    entries = listed.split("SHA-256 hash: ")[1:]
    # `-c` finds what only contains the name, too.
    found = [one.split()[0] for one in entries if re.search(rf'"labl"<blob>="{re.escape(name)}"', one)]
    if not found:
        return Outcome([f"the system's keychain has no authority of {stack}"])
    commands = [["security", "delete-certificate", "-Z", one, KEYCHAIN] for one in found]
    return _as_root(machine, commands, f"the system's keychain has lost {len(found)} of {stack}")


def _folder(machine: Machine) -> Folder | None:
    return next((one for one in FOLDERS if machine.which(one.added[0]) and (machine.root / one.path).is_dir()), None)


def _as_root(machine: Machine, commands: Sequence[Sequence[str]], done: str) -> Outcome:
    if not machine.is_root:
        return Outcome(to_do=[f"sudo {_shown(command)}" for command in commands])
    for number, command in enumerate(commands):
        if machine.run(command) is None:
            # Those behind it need what it does.
            return Outcome(to_do=[_shown(left) for left in commands[number:]])
    return Outcome([done])


def _shown(command: Sequence[str]) -> str:
    return shlex.join(command)
