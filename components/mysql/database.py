"""A database as a stack sees it, whoever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.mysql.args import MySqlReference


@dataclass(frozen=True)
class Database:
    """A database."""

    reference: MySqlReference
    """How services reach it; whoever uses it waits for what it needs."""

    primary: pulumi.Input[str]
    """Host and port of the member that takes writes."""

    replicas: pulumi.Input[dict[str, str]]
    """Region to host and port of each other member."""

    members: pulumi.Input[dict[str, str]]
    """Region to host and port of every member."""

    resources: Sequence[pulumi.Resource] = ()
    """What must be there before a service reads from the nearest member."""
