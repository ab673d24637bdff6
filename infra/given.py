"""What the program of a service is given, as far as it follows from the settings and from what else the stack has."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pydantic import SecretStr

from components.microservice.given import Given, WrittenProgram, filled_program
from infra.platforms.base import Accessory, Platform
from infra.settings.accessories import AccessorySettings
from infra.settings.loading import PROJECT
from infra.settings.services import ServiceSettings, Track


def written_program(
    platform: Platform,
    service: ServiceSettings,
    track: Track,
    region: str,
    accessories: Mapping[str, Mapping[str, Accessory]],
) -> WrittenProgram:
    """Return what a track's program in a region is given, and all values but those of its database."""
    values: dict[str, pulumi.Input[str]] = {"region": region, "track": track.name, **_secret_values(service.secrets)}
    values |= {f"service.{key}": value for key, value in platform.settings.service_values().items()}
    for name, found in accessories.items():
        nearest = found.get(region) or next(iter(found.values()))
        values |= {f"accessory.{name}.{key}": value for key, value in nearest.values.items()}
    program: WrittenProgram = {
        "environment": track.environment,
        "files": {
            path: {"content": file.content(PROJECT), "executable": file.mode == "0555"}
            for path, file in service.files.items()
        },
        "values": values,
    }
    if service.args is not None:
        program["arguments"] = service.args
    return program


def accessory_program(accessory: AccessorySettings, region: str) -> Given:
    """Return what an accessory is given in a region."""
    values = {"region": region, **_secret_values(accessory.secrets)}
    return filled_program({"environment": accessory.environment, "files": {}, "values": values}, {}, None)


def _secret_values(secrets: Mapping[str, SecretStr]) -> dict[str, pulumi.Input[str]]:
    return {f"secret.{name}": pulumi.Output.secret(value.get_secret_value()) for name, value in secrets.items()}
