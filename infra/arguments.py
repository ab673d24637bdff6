"""Arguments of components, as far as they follow from the settings; nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pulumi

from components.accessory import valkey
from components.accessory.args import AccessoryArgs
from components.certificates import CertificateAuthority
from components.images.args import ServiceImageArgs
from components.images.build_options import DEFAULT_DOCKERFILE, BuildOptions
from components.ingress.tracks import STABLE
from components.microservice.args import MicroserviceArgs
from components.microservice.given import filled_program
from components.microservice.replica import program_environment
from components.microservice.tokens import key_files
from components.mysql.args import MySqlClusterArgs
from components.mysql.database import Database
from components.options import after
from components.service_database import migrations
from components.service_database.access import write_address
from components.service_database.args import ServiceDatabaseArgs
from components.signing_keys import SigningKeys
from infra.given import accessory_program, written_program
from infra.platforms.base import (
    Accessory,
    ConsulDatacenter,
    Image,
    Job,
    Platform,
    Region,
    ServiceDatabase,
    ServiceVolumes,
)
from infra.settings.accessories import AccessorySettings
from infra.settings.connections import account_connections
from infra.settings.migration_files import migration_files
from infra.settings.mysql import WITNESS
from infra.settings.services import ServiceSettings, Track


def mysql_arguments(
    platform: Platform,
    regions: Mapping[str, Region],
    consul: Mapping[str, ConsulDatacenter],
    image: pulumi.Input[str],
    ca: CertificateAuthority,
    proxy: Image | None,
) -> MySqlClusterArgs:
    """Return the arguments of the database; `proxy` is the image of a group's proxies."""
    settings = platform.settings.mysql
    members = platform.regions[:1] if settings.topology == "single" else platform.regions
    arguments: MySqlClusterArgs = {
        "topology": settings.topology,
        "regions": [regions[region].reference for region in members],
        "consul": [consul[region].reference for region in members],
        "image": image,
        "ca_key_pair": ca.key_pair,
        "ca_certificate": ca.certificate,
        "certificate_lifetime_days": platform.settings.certificates.authority_lifetime_days,
        "password_rotation": platform.settings.rotation.passwords,
        "ca_rotation": platform.settings.rotation.authority,
        "buffer_pool_mib": settings.buffer_pool_mib,
        "memory_mib": settings.memory_mib,
        "storage_gib": settings.storage_gib,
        "max_connections": settings.max_connections,
        "monitored": platform.settings.has_telemetry,
        "protect": settings.protect,
        "volume_prefix": f"gostack-{platform.stack}",
        "labels": platform.labels,
    }
    if settings.witness is not None:
        arguments["witness"] = regions[WITNESS].reference
    if proxy is not None:
        arguments["proxy_image"] = proxy.image_id
    return arguments


def own_image_arguments(
    name: str,
    source: str,
    golang_image: str,
    labels: Mapping[str, str],
    *,
    track: str = STABLE,
    build: BuildOptions | None = None,
) -> ServiceImageArgs:
    """Return the arguments of the image of a program of the stack's own, which is built like that of a service."""
    return {
        "service": name,
        "track": track,
        "context": source,
        "dockerfile": DEFAULT_DOCKERFILE,
        "main_package": ".",
        "build": build or BuildOptions(),
        "golang_image": golang_image,
        "labels": labels,
    }


def accessory_arguments(
    platform: Platform,
    name: str,
    accessory: AccessorySettings,
    *,
    regions: Mapping[str, Region],
    region: str,
    consul: ConsulDatacenter,
    image: pulumi.Input[str],
    password: pulumi.Output[str] | None,
) -> AccessoryArgs:
    """Return the arguments of an accessory in a region; `password` is that of a Valkey."""
    runs_in = accessory.runs_in(platform.regions)
    given = accessory_program(accessory, region)
    arguments: AccessoryArgs = {
        "accessory": name,
        "region": regions[region].reference,
        "reachable_from": [regions[other].reference for other in platform.regions if other not in runs_in],
        "peers": [regions[other].reference for other in platform.peers(region) if other in runs_in],
        "consul": consul.reference,
        "image": image,
        "ports": accessory.all_ports(),
        "check": accessory.check,
        "environment": given.environment,
        "secrets": given.secrets,
        "given_files": given.files,
        "data": accessory.data(),
        "writable": accessory.writable,
        "capabilities": accessory.capabilities,
        "memory_mib": accessory.limit_mib(),
        "cpus": accessory.cpus,
        "egress": accessory.egress,
        "volume_prefix": f"gostack-{platform.stack}",
        "start_seconds": accessory.startup_timeout_seconds,
        "stop_seconds": accessory.termination_grace_period_seconds,
        "more_values": {},
        "labels": platform.labels,
    }
    if accessory.command is not None:
        arguments["entrypoint"] = accessory.command
    if accessory.args is not None:
        arguments["arguments"] = accessory.args
    if accessory.user is not None:
        arguments["user"] = accessory.user
    if accessory.metrics is not None:
        arguments["metrics"] = accessory.metrics
    if password is None:
        return arguments
    url = pulumi.Output.secret(pulumi.Output.concat("redis://:", password, f"@{name}:{valkey.PORT}/0"))
    return {
        **arguments,
        "check": valkey.CHECK,
        "entrypoint": valkey.ENTRYPOINT,
        "given_files": {
            valkey.FILE: {
                "content": valkey.configuration(
                    password,
                    memory_mib=accessory.limit_mib(),
                    persistence=accessory.persistence,
                    policy=accessory.eviction,
                )
            }
        },
        "user": valkey.USER,
        "more_values": {"password": password, "url": url},
        "valkey": {"password": password, "persistence": accessory.persistence, "eviction": accessory.eviction},
    }


def image_arguments(
    name: str, service: ServiceSettings, track: Track, golang_image: str, labels: Mapping[str, str]
) -> ServiceImageArgs:
    """Return the arguments of an image that is built from the source of a track."""
    return {
        "service": name,
        "track": track.name,
        "context": track.context or "",
        "dockerfile": service.dockerfile,
        "main_package": service.main_package,
        "build": track.build,
        "golang_image": golang_image,
        "labels": labels,
    }


def migrations_image_arguments(
    stack: str, name: str, service: ServiceSettings, folder: Path, golang_image: str, labels: Mapping[str, str]
) -> ServiceImageArgs:
    """Return the arguments of the image that applies the SQL files of a folder."""
    context = migrations.migrations_context(stack, name, migration_files(folder))
    build = migrations.migrations_build(service.build, default=service.dockerfile == DEFAULT_DOCKERFILE)
    return own_image_arguments(name, context, golang_image, labels, track=migrations.TRACK, build=build)


def service_database_arguments(
    platform: Platform,
    name: str,
    service: ServiceSettings,
    database: Database,
    region: Region,
    images: Mapping[str, Image],
    accessories: Mapping[str, Mapping[str, Accessory]],
) -> ServiceDatabaseArgs:
    """Return the arguments of a service's schema; among the images may be that of its SQL files."""
    if service.own_schema is None:
        raise ValueError(f"the service {name} has no schema of its own")
    home = region.reference["region"]
    migrated = [track for track in service.tracks() if track.name == STABLE or track.has_source]
    arguments: ServiceDatabaseArgs = {
        "database": service.database_name(name) or "",
        "mysql": database.reference,
        "region": region.reference,
        "service_images": {
            track.name: platform.regional_image(platform.regions[0], images[track.name].image_id) for track in migrated
        },
        "migrate": service.own_schema.migrate or [],
        "environments": {
            track.name: program_environment(
                service=name, track=track.name, region=home, port=service.own_port, version=images[track.name].version
            )
            for track in migrated
        },
        "programs": {track.name: written_program(platform, service, track, home, accessories) for track in migrated},
        "rights": service.own_schema.rights,
        "max_connections": account_connections(platform.settings, name),
        "migrate_timeout_seconds": service.own_schema.migrate_timeout_seconds,
        "password_rotation": platform.settings.rotation.passwords,
        "labels": {**platform.labels, "gostack.service": name},
    }
    if service.migrations is None:
        return arguments
    force = service.migrations.force
    image = images[migrations.TRACK].image_id
    return {
        **arguments,
        # The files are those of all tracks, and of their program's environment they know nothing.
        "service_images": {STABLE: platform.regional_image(platform.regions[0], image)},
        "migrate": ["up", *([str(force)] if force is not None else [])],
        "environments": {STABLE: {"MIGRATE_TIMEOUT_SECONDS": str(service.own_schema.migrate_timeout_seconds)}},
        "programs": {},
        # The image of a release may hold a program from before there was such a file.
        "password_file": service.migrations.image is None,
        "repeat_failed": False,
    }


def microservice_arguments(
    platform: Platform,
    name: str,
    service: ServiceSettings,
    track: Track,
    *,
    region: Region,
    consul: ConsulDatacenter,
    image: Image,
    mysql: Database,
    schema: ServiceDatabase | None,
    volumes: ServiceVolumes | None,
    accessories: Mapping[str, Mapping[str, Accessory]],
    signing_keys: SigningKeys | None,
) -> MicroserviceArgs:
    """Return the arguments of a track's replicas in a region; `schema` is the one that they use, whoever owns it,
    `volumes` are those of the service there, and `signing_keys` are those of a service that signs tokens."""
    here = region.reference["region"]
    # Another service's canary is nothing that a service waits for.
    schema_track = track.name if service.own_schema is not None else STABLE
    given = filled_program(
        written_program(platform, service, track, here, accessories),
        schema.values_for(here, schema_track) if schema is not None else {},
        mysql.reference["ca_certificate"] if schema is not None else None,
    )
    arguments: MicroserviceArgs = {
        "service": name,
        "track": track.name,
        "region": region.reference,
        "consul": consul.reference,
        "image": platform.regional_image(here, image.image_id),
        "version": image.version,
        "workload": service,
        "replicas": track.replicas,
        "environment": given.environment,
        "secrets": given.secrets,
        "given_files": given.files,
        "labels": platform.labels,
    }
    if given.arguments is not None:
        arguments["arguments"] = given.arguments
    if platform.settings.has_telemetry:
        arguments["otlp_endpoint"] = platform.otlp_endpoint
    if volumes is not None:
        arguments["region_volumes"] = volumes.of_region
        arguments["replica_volumes"] = volumes.of_replicas
    if service.tokens is not None and signing_keys is not None:
        arguments["environment"] = {**arguments["environment"], **service.tokens.variables()}
        arguments["given_files"] = {**given.files, **key_files(signing_keys)}
    if schema is not None:
        arguments["environment"] = {
            **arguments["environment"],
            **schema.environments.get(schema_track, schema.environments[STABLE]),
            **_mysql_addresses(mysql, here),
        }
        arguments["secrets"] = {**given.secrets, **schema.secrets.get(schema_track, schema.secrets[STABLE])}
        arguments["database_networks"] = mysql.reference.get("networks", [])
    return arguments


def released_after(hook: Job, arguments: MicroserviceArgs) -> MicroserviceArgs:
    """Return the arguments of replicas of which nothing is made before a hook has ended well."""
    image = after(arguments["image"], hook.completed)
    return {**arguments, "image": image}


def _mysql_addresses(database: Database, region: str) -> dict[str, pulumi.Input[str]]:
    """The member that a region reads from, and where it sends writes if that differs by region."""
    reference = database.reference
    return {
        "MYSQL_PRIMARY_ADDRESS": write_address(reference, region),
        "MYSQL_REPLICA_ADDRESS": reference["member_addresses"].get(region, reference["primary_address"]),
    }
