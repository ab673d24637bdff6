"""A task of a service: its own program, run to its end when a person asks for it, or around a release."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.section import Section


class Task(Section):
    """What `gostack run <service> <task>` runs, beside a replica and with all that the replica is given."""

    args: Annotated[list[str], Field(min_length=1)]
    """Arguments of the program, for example ["report", "--daily"]; what follows the task's name on the command line
    comes after them."""

    description: str = ""
    """What it does, for the list that `gostack run <service>` prints."""


_TaskName = Annotated[str, Field(min_length=1, max_length=30)]


class Hooks(Section):
    """Tasks that belong to a release. Each runs once, in the region of the database's primary, when the image, the
    task's arguments or the environment changed; not when only the number of replicas, routes or limits did."""

    before: _TaskName | None = None
    """Name of the task that ends well before a replica of the new release starts in any region. When it fails, the
    update fails, and the old replicas go on."""

    after: _TaskName | None = None
    """Name of the task that runs once the replicas of the last region are healthy. When it fails, the update fails, and
    the new replicas go on."""
