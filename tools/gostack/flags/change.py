"""One change of one flag, in every region."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tools.gostack.environment.errors import UserError
from tools.gostack.flags.document import LARGEST_DOCUMENT, Document, Flag, dumped
from tools.gostack.flags.store import Change, ChangedMeanwhileError, FlagStore, Stored, StoreError


@dataclass(frozen=True)
class Regions:
    """What all regions have."""

    stored: Mapping[str, Stored]
    problems: Mapping[str, str]
    """Region to why it cannot be read."""

    @property
    def newest(self) -> Stored:
        """The region with the last change; one that missed it gets it with the next."""
        return max(self.stored.values(), key=lambda one: one.document.version)

    @property
    def behind(self) -> list[str]:
        """Regions whose document is another one than the newest."""
        return [name for name, one in self.stored.items() if one.document != self.newest.document]


def read(store: FlagStore) -> Regions:
    """Return what the regions have; raises StoreError when none can be read."""
    stored: dict[str, Stored] = {}
    problems: dict[str, str] = {}
    for region in sorted(store.consul):
        try:
            stored[region] = store.read(region)
        except StoreError as error:
            problems[region] = str(error)
    if not stored:
        raise StoreError(f"no region's flags can be read: {'; '.join(f'{a}: {b}' for a, b in problems.items())}.")
    return Regions(stored, problems)


def change(
    store: FlagStore, name: str, what: str, make: Callable[[Flag | None], Flag | None]
) -> tuple[Document, dict[str, str]]:
    """Give a flag the definition that `make` returns, None for none; return the document and the regions that do not
    have it, with the reason.

    Regions are written in the order of their names, so that of two who write at the same time one is refused by the
    first region, before anything is written. Raises UserError.
    """
    regions = read(store)
    newest = regions.newest
    flag = make(newest.document.flags.get(name))
    by, at = who(), datetime.now(UTC).isoformat(timespec="seconds")
    document = newest.document.changed(name, flag, by, at)
    if len(document.text().encode()) > LARGEST_DOCUMENT:
        raise UserError(f"the flags of {store.service} have more than {LARGEST_DOCUMENT} bytes: remove some.")
    entry = Change(document.version, at, by, name, what, dumped(flag) if flag is not None else None)
    missing = dict(regions.problems)
    written = False
    for region, stored in regions.stored.items():
        try:
            store.write(region, stored, document, [entry, *newest.history])
            written = True
        except ChangedMeanwhileError as error:
            if not written:
                raise ChangedMeanwhileError(f"{error}: look at `gostack flags history {store.service}`.") from None
            missing[region] = str(error)
        except StoreError as error:
            missing[region] = str(error)
    if not written:
        raise StoreError(f"nothing is written: {'; '.join(f'{a}: {b}' for a, b in missing.items())}.")
    return document, missing


def who() -> str:
    """Return who runs this program, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user without a line in /etc/passwd.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
