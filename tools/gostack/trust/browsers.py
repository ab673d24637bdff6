"""The databases of Firefox and of Chromium on Linux, which read no other store (Network Security Services, NSS)."""

from __future__ import annotations

import re
from pathlib import Path

from tools.gostack.trust.authority import Authority, is_of
from tools.gostack.trust.machine import Machine, Outcome

DATABASE = "cert9.db"
PLACES = (
    ".pki/nssdb",
    "snap/chromium/current/.pki/nssdb",
    ".mozilla/firefox/*",
    "snap/firefox/common/.mozilla/firefox/*",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
    "Library/Application Support/Firefox/Profiles/*",
)
"""Folders that may hold a database, below a user's home."""


def databases(home: Path) -> list[Path]:
    """Return the folders with a database."""
    return sorted(folder for place in PLACES for folder in home.glob(place) if (folder / DATABASE).is_file())


def add(machine: Machine, authority: Authority, file: Path) -> Outcome:
    """Put an authority into every database."""
    done: list[str] = []
    refused: list[str] = []
    for folder in _reachable(machine):
        if authority.name in (_names(machine, folder) or ()):
            done.append(f"{folder} has {authority.name} already")
            continue
        # It may identify servers, and nothing else.
        command = [*_certutil(folder), "-A", "-n", authority.name, "-t", "C,,", "-i", str(file)]
        if machine.run(command) is None:
            refused.append(f"{folder} refuses {authority.name}: end the programs that use it, and repeat")
        else:
            done.append(f"{folder} has {authority.name}")
    return Outcome(done, refused=refused)


def remove(machine: Machine, stack: str) -> Outcome:
    """Take the authorities of a stack out of every database, and no other."""
    done: list[str] = []
    refused: list[str] = []
    for folder in _reachable(machine):
        names = _names(machine, folder)
        if names is None:
            refused.append(f"{folder} cannot be read: end the programs that use it, and repeat")
        for name in names or ():
            pem = machine.run([*_certutil(folder), "-L", "-n", name, "-a"]) or ""
            if is_of(stack, name, pem):
                if machine.run([*_certutil(folder), "-D", "-n", name]) is None:
                    refused.append(f"{folder} keeps {name}: end the programs that use it, and repeat")
                else:
                    done.append(f"{folder} has lost {name}")
    return Outcome(done, refused=refused)


def missing(machine: Machine) -> str:
    """Return what keeps browsers from being reached, with the fix; empty when nothing does."""
    if databases(machine.home) and machine.which("certutil") is None:
        return "browsers have a store of their own, and certutil is not here: install libnss3-tools (Fedora: nss-tools)"
    return ""


def _reachable(machine: Machine) -> list[Path]:
    return databases(machine.home) if machine.which("certutil") is not None else []


def _certutil(folder: Path) -> list[str]:
    return ["certutil", "-d", f"sql:{folder}"]


def _names(machine: Machine, folder: Path) -> list[str] | None:
    """What may be ours in a database; None for one that cannot be read."""
    listed = machine.run([*_certutil(folder), "-L"])
    return None if listed is None else re.findall(r"^(gostack-\S+)", listed, flags=re.MULTILINE)
