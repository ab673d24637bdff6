"""The databases of Firefox and of Chromium on Linux, which read no other store (Network Security Services, NSS)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.gostack.trust.authority import Authority, is_of
from tools.gostack.trust.machine import Machine

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


def add(machine: Machine, authority: Authority, file: Path) -> Iterator[str]:
    """Put an authority into every database; yield a sentence for each."""
    for folder in _reachable(machine):
        if authority.name in _names(machine, folder):
            yield f"{folder} has {authority.name} already"
            continue
        # It may identify servers, and nothing else.
        command = [*_certutil(folder), "-A", "-n", authority.name, "-t", "C,,", "-i", str(file)]
        yield f"{folder} {'has' if machine.run(command) is not None else 'refuses'} {authority.name}"


def remove(machine: Machine, stack: str) -> Iterator[str]:
    """Take the authorities of a stack out of every database, and no other; yield a sentence for each."""
    for folder in _reachable(machine):
        for name in _names(machine, folder):
            pem = machine.run([*_certutil(folder), "-L", "-n", name, "-a"]) or ""
            if is_of(stack, name, pem):
                gone = machine.run([*_certutil(folder), "-D", "-n", name]) is not None
                yield f"{folder} {'has lost' if gone else 'keeps'} {name}"


def missing(machine: Machine) -> str:
    """Return what keeps browsers from being reached, with the fix; empty when nothing does."""
    if databases(machine.home) and machine.which("certutil") is None:
        return "browsers have a store of their own, and certutil is not here: install libnss3-tools (Fedora: nss-tools)"
    return ""


def _reachable(machine: Machine) -> list[Path]:
    return databases(machine.home) if machine.which("certutil") is not None else []


def _certutil(folder: Path) -> list[str]:
    return ["certutil", "-d", f"sql:{folder}"]


def _names(machine: Machine, folder: Path) -> list[str]:
    listed = machine.run([*_certutil(folder), "-L"]) or ""
    return re.findall(r"^(gostack-\S+)", listed, flags=re.MULTILINE)
