"""The database among the regions: where its primary is, and whether a group has a majority."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings.model import Settings

WITNESS = "witness"
"""Name of the place where a MySQL group has one more member."""

LARGEST_GROUP = 9
"""Members of a MySQL group at most: https://dev.mysql.com/doc/refman/8.4/en/group-replication-limitations.html."""


def primary_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about a primary in no region."""
    if settings.mysql.primary not in settings.regions:
        known = ", ".join(sorted(settings.regions))
        yield f'gostack:mysql.primary is "{settings.mysql.primary}", which is no region: use one of {known}.'


def group_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each reason for which a group would have no majority, or too many members."""
    mysql = settings.mysql
    if mysql.topology != "group":
        return
    if mysql.witness is not None and WITNESS in settings.regions:
        yield f"gostack:regions.{WITNESS} has the name of the place of gostack:mysql.witness: rename the region."
    members = len(settings.failure_domains())
    if members > LARGEST_GROUP:
        yield (
            f'gostack:mysql.topology is "group", which takes at most {LARGEST_GROUP} members, and has {members}: '
            'remove regions, or set it to "replica".'
        )
    if members < 3 or members % 2 == 0:
        fix = "remove gostack:mysql.witness" if mysql.witness is not None else "add gostack:mysql.witness"
        if len(settings.regions) == 1:
            fix = 'set it to "single"' + (" and remove gostack:mysql.witness" if mysql.witness else "")
        yield (
            f'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has {members}: {fix}.'
        )
