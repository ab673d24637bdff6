"""What alert rules and receivers are given, as far as it follows from the settings; nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.telemetry.alertmanager import Receiver
from components.telemetry.rules import RulesArgs
from infra.settings import Settings
from infra.settings.alert_receivers import AlertReceiver


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
