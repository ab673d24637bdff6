"""The schedules of a service in one region."""

from collections.abc import Mapping
from typing import NotRequired

import pulumi

from components.microservice.args import MicroserviceArgs
from components.microservice.schedule import Schedule
from components.microservice.task import Task

SCHEDULER = "gostack-scheduler"
"""Name of the image of what knows the times of schedules, on Docker."""

SCHEDULER_SOURCE = "components/scheduled_tasks/scheduler"
"""Folder of its source, relative to the project."""


class ScheduledTasksArgs(MicroserviceArgs):
    """Inputs of the schedules of a service; a run is given what a replica of the service in the region is given."""

    schedules: Mapping[str, Schedule]
    """Name to schedule."""

    tasks: Mapping[str, Task]
    """Name to task."""

    scheduler_image: NotRequired[pulumi.Input[str]]
    """On Docker: image of the program that knows the times (`scheduler/`), in its folder /app."""
