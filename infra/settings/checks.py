"""What is looked at in several settings together. Each check yields sentences with key and fix; the first is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from infra.settings.accessories import accessory_problems
from infra.settings.acme import acme_problems
from infra.settings.addresses import host_port_problems, network_problems
from infra.settings.aws_checks import aws_problems
from infra.settings.connections import connection_problems
from infra.settings.edge import edge_problems
from infra.settings.given import given_problems
from infra.settings.ingress import route_problems, size_problems
from infra.settings.kubernetes import platform_problems
from infra.settings.mysql import group_problems, primary_problems
from infra.settings.names import job_problems
from infra.settings.owners import name_problems, schema_problems
from infra.settings.platform_keys import unused_keys
from infra.settings.ports import port_name_problems
from infra.settings.schedules import schedule_problems
from infra.settings.shared_databases import shared_database_problems
from infra.settings.telemetry import telemetry_problems
from infra.settings.volumes import volume_problems

if TYPE_CHECKING:
    from infra.settings.model import Settings

CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    *(aws_problems, accessory_problems, platform_problems, unused_keys, telemetry_problems, acme_problems),
    *(shared_database_problems, job_problems, schedule_problems, volume_problems, port_name_problems),
    *(network_problems, host_port_problems, route_problems, edge_problems, primary_problems, size_problems),
    *(group_problems, name_problems, schema_problems, given_problems, connection_problems),
)
"""In the order in which they are told: what a key means on the platform comes first."""


def problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about everything that does not fit together."""
    for check in CHECKS:
        yield from check(settings)
