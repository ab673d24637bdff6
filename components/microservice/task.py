"""A task of a service: its own program, run to its end when a person asks for it."""

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
