"""What the program of a service is given, as far as it follows from the settings and from what else the stack has."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.microservice.given import WrittenProgram
from components.names import service_values
from infra.platforms.base import Accessory, Platform
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
    values: dict[str, pulumi.Input[str]] = {"region": region, "track": track.name}
    for name, secret in service.secrets.items():
        values[f"secret.{name}"] = pulumi.Output.secret(secret.get_secret_value())
    for other in platform.settings.callable_services():
        values |= {f"service.{other}.{key}": value for key, value in service_values(other).items()}
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
