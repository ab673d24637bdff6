"""What the telemetry is given, as far as it follows from the settings; nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.certificate_client.args import CHALLENGES
from components.mysql.database import Database
from components.telemetry.alertmanager import Receiver
from components.telemetry.architecture import Architecture, ShownRegion, ShownService
from components.telemetry.args import TelemetryArgs
from components.telemetry.rules import RulesArgs, rule_files
from infra.platforms.base import ConsulDatacenter, Image, Platform, Region
from infra.settings import Settings
from infra.settings.alert_receivers import AlertReceiver
from infra.settings.ingress import watched_hosts
from infra.settings.mysql import WITNESS
from infra.settings.services import ServiceSettings


def telemetry_arguments(
    platform: Platform,
    regions: Mapping[str, Region],
    consul: Mapping[str, ConsulDatacenter],
    mysql: Database,
    third_party: Mapping[str, pulumi.Input[str]],
    collector: Image,
    console: Image,
) -> TelemetryArgs:
    """Return the arguments of the telemetry; `collector` and `console` are images of the stack's own programs."""
    settings = platform.settings.telemetry
    arguments: TelemetryArgs = {
        "stack": platform.stack,
        "regions": [regions[region].reference for region in platform.regions],
        "consul": [consul[region].reference for region in platform.regions],
        "images": {
            "metrics": third_party["victoria-metrics"],
            "logs": third_party["victoria-logs"],
            "alerts": third_party["vmalert"],
            "alertmanager": third_party.get("alertmanager", ""),
            "grafana": third_party.get("grafana", ""),
            "collector": collector.image_id,
            "console": console.image_id,
        },
        "rules": rule_files(rules_arguments(platform.settings)),
        "receivers": receivers(settings.receivers),
        "certificates": {region: platform.ingress_address(region) for region in platform.regions},
        "hosts": watched_hosts(platform.settings),
        "certificate_client": CHALLENGES if platform.settings.has_certificate_client else "",
        "redact": settings.redact,
        "architecture": architecture(platform.settings),
        "port": settings.port,
        "metrics_days": settings.metrics_days,
        "logs_days": settings.logs_days,
        "disk_gib": settings.disk_gib,
        "volume_prefix": f"gostack-{platform.stack}",
        "labels": platform.labels,
    }
    if settings.grafana:
        arguments["grafana_port"] = settings.grafana_port
    if (monitoring := mysql.reference.get("monitoring")) is not None:
        arguments["mysql"] = monitoring
    return arguments


def rules_arguments(settings: Settings) -> RulesArgs:
    """Return what the rules must know of a stack."""
    return {
        "replicas": [
            {"service": name, "region": region, "track": track.name, "replicas": track.replicas}
            for name, service in sorted(settings.services.items())
            for track in service.tracks()
            for region in settings.ordered_regions()
        ],
        "objectives": {name: service.slo for name, service in settings.services.items() if service.slo is not None},
    }


def receivers(settings: Mapping[str, AlertReceiver]) -> dict[str, Receiver]:
    """Return name to receiver."""
    return {name: _receiver(receiver) for name, receiver in settings.items()}


def _receiver(receiver: AlertReceiver) -> Receiver:
    plain: dict[str, pulumi.Input[str]] = receiver.model_dump(exclude={"kind", "alerts", "secrets"}, exclude_none=True)
    secrets = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in receiver.secrets.items()}
    return {"kind": receiver.kind, "alerts": receiver.alerts, "values": {**plain, **secrets}}


def architecture(settings: Settings) -> Architecture:
    """Return what a stack is made of."""
    regions, mysql = settings.ordered_regions(), settings.mysql
    witness = [WITNESS] if mysql.witness is not None else []
    return {
        "regions": [
            *(_region(settings, region) for region in regions),
            *(ShownRegion(name=place, ingress="", consul_servers=0) for place in witness),
        ],
        "services": [_service(settings, name, service) for name, service in settings.services.items()],
        "mysql": {
            "topology": mysql.topology,
            "primary_region": mysql.primary,
            "members": [*(regions[:1] if mysql.topology == "single" else regions), *witness],
        },
        "accessories": [
            {"name": name, "regions": accessory.runs_in(regions)} for name, accessory in settings.accessories.items()
        ],
    }


def _region(settings: Settings, region: str) -> ShownRegion:
    host, port = settings.ingress.hosts[0], settings.regions[region].https_port
    return {
        "name": region,
        "ingress": f"https://{host}{'' if port == 443 else f':{port}'}",
        "consul_servers": settings.consul.servers,
    }


def _service(settings: Settings, name: str, service: ServiceSettings) -> ShownService:
    owner = service.database_owner(name)
    return {
        "name": name,
        "kind": service.kind,
        "regions": settings.ordered_regions(),
        "tracks": [{"name": track.name, "replicas": track.replicas} for track in service.tracks()],
        "routes": [route.path for route in service.routes],
        "database": (settings.services[owner].database_name(owner) or "") if owner is not None else "",
    }
