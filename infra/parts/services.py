"""The services: schema, hot settings and replicas of every track in every region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pulumi

from components.args import MicroserviceArgs
from components.ingress.tracks import STABLE
from components.rendering import mysql
from components.rendering.names import track_name
from infra.context import Context
from infra.foundation import Database
from infra.parts.discovery import Datacenters
from infra.parts.images import ServiceImages
from infra.parts.regions import Regions
from infra.platforms import DynamicConfiguration, Image, Microservice, ServiceDatabase
from infra.settings.services import ServiceSettings, Track

Microservices: TypeAlias = dict[str, dict[str, dict[str, Microservice]]]
"""Service to track to region to replicas."""


@dataclass(frozen=True)
class _Surroundings:
    """What the services live among."""

    regions: Regions
    consul: Datacenters
    database: Database
    images: ServiceImages


def microservices(
    context: Context, regions: Regions, consul: Datacenters, database: Database, images: ServiceImages
) -> Microservices:
    """Make every service: its schema first, then what it may be told while it runs, then its tracks."""
    around = _Surroundings(regions, consul, database, images)
    return {name: _service(context, around, name, service) for name, service in context.settings.services.items()}


def _service(
    context: Context, around: _Surroundings, name: str, service: ServiceSettings
) -> dict[str, dict[str, Microservice]]:
    schema = _schema(context, around, name, service)
    told = _told_while_running(context, around, name, service)
    return {track.name: _track(context, around, name, service, track, schema, told) for track in service.tracks()}


def _schema(context: Context, around: _Surroundings, name: str, service: ServiceSettings) -> ServiceDatabase | None:
    schema = service.database_name(name)
    if service.database is None or schema is None:
        return None
    first = context.regions[0]
    return context.platform.ServiceDatabase(
        f"{name}-database",
        {
            "database": schema,
            "mysql": around.database.reference,
            "region": around.regions[first].reference,
            "service_images": {
                track.name: context.foundation.image(first, around.images[name][track.name].image_id)
                for track in service.tracks()
                if track.name == STABLE or track.has_source
            },
            "migrate": service.database.migrate or [],
            "migrate_timeout_seconds": service.database.migrate_timeout_seconds,
            "password_rotation": context.settings.rotation.passwords,
            "labels": {**context.labels, "gostack.service": name},
        },
        # Replicas read from the member of their region, whichever that is.
        context.foundation.options(first, around.database.resources),
    )


def _told_while_running(
    context: Context, around: _Surroundings, name: str, service: ServiceSettings
) -> dict[str, DynamicConfiguration]:
    document = service.document()
    if document is None:
        return {}
    return {
        region: context.platform.DynamicConfiguration(
            f"{name}-{region}-settings",
            {
                "service": name,
                "region": around.regions[region].reference,
                "consul": around.consul[region].reference,
                "document": document,
                "labels": context.labels,
            },
            context.foundation.options(region),
        )
        for region in context.regions
    }


def _track(
    context: Context,
    around: _Surroundings,
    name: str,
    service: ServiceSettings,
    track: Track,
    schema: ServiceDatabase | None,
    told: Mapping[str, DynamicConfiguration],
) -> dict[str, Microservice]:
    """Make the replicas of a track, region by region."""
    replicas: dict[str, Microservice] = {}
    for region in context.regions:
        arguments = _arguments(context, around, name, service, track, region)
        if schema is not None:
            arguments["environment"] = {
                **track.environment,
                **schema.environments.get(track.name, schema.environments[STABLE]),
                **_writer(around.database, region),
                "MYSQL_REPLICA_ADDRESS": _nearest(around.database, region),
            }
            arguments["secrets"] = schema.secrets.get(track.name, schema.secrets[STABLE])
            arguments["egress"] = [
                *arguments.get("egress", []),
                *(
                    {"network": network, "port": mysql.PORT}
                    for network in around.database.reference.get("networks", [])
                ),
            ]
        # A release that does not get healthy in one region never reaches the next one; and a first replica starts with
        # the document in force.
        before: list[pulumi.Resource] = [*list(replicas.values())[-1:], *([told[region]] if region in told else [])]
        replicas[region] = context.platform.Microservice(
            track_name(name, region, track.suffix), arguments, context.foundation.options(region, before)
        )
    return replicas


def _arguments(
    context: Context, around: _Surroundings, name: str, service: ServiceSettings, track: Track, region: str
) -> MicroserviceArgs:
    image: Image = around.images[name][track.name]
    limits = service.limits(context.settings.platform)
    arguments: MicroserviceArgs = {
        "service": name,
        "track": track.name,
        "region": around.regions[region].reference,
        "consul": around.consul[region].reference,
        "image": context.foundation.image(region, image.image_id),
        "pause_image": context.pause_image,
        "version": image.version,
        "port": service.port,
        "replicas": track.replicas,
        "environment": track.environment,
        "secrets": {},
        "check": {
            "protocol": service.check.protocol,
            "interval": service.check.interval,
            "timeout": service.check.timeout,
            "failures": service.check.failures,
        },
        "memory_mib": limits.memory_mib,
        "cpus": limits.cpus,
        "memory_request_mib": service.memory_request_mib,
        "cpu_request": service.cpu_request,
        "egress": [{"network": outside.network, "port": outside.port} for outside in service.egress],
        "drain_seconds": service.drain_seconds,
        "stop_seconds": service.stop_seconds,
        "start_seconds": service.start_seconds,
        "labels": context.labels,
    }
    if service.check.protocol == "http":
        arguments["check"]["path"] = service.check.path
    if service.check.live_path is not None:
        arguments["check"]["live_path"] = service.check.live_path
    if service.autoscaling is not None:
        arguments["autoscaling"] = {
            "maximum": service.autoscaling.maximum,
            "cpu_percent": service.autoscaling.cpu_percent,
        }
    return arguments


def _writer(database: Database, region: str) -> dict[str, pulumi.Input[str]]:
    """The address for writes, where it differs by region."""
    addresses = database.reference.get("writer_addresses", {})
    return {"MYSQL_PRIMARY_ADDRESS": addresses[region]} if region in addresses else {}


def _nearest(database: Database, region: str) -> pulumi.Input[str]:
    reference = database.reference
    return reference["member_addresses"].get(region, reference["primary_address"])
