"""The settings of a stack with the values of secrets that its stack file only refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from components.microservice.files import require_text
from infra.secret_stores.env import read_env
from infra.secret_stores.file import read_file
from infra.secret_stores.store import SecretStore
from infra.secret_stores.vault import read_vault
from infra.settings import Settings, SettingsError
from infra.settings.files import require_files
from infra.settings.loading import PROJECT
from infra.settings.secret_references import SecretReference, secret_reference

STORES: Mapping[str, SecretStore] = {"env": read_env, "file": read_file, "vault": read_vault}
"""What the machine that deploys can ask."""


def with_secrets(settings: Settings, stores: Mapping[str, SecretStore] = STORES) -> Settings:
    """Return the settings with every value that one of the stores keeps, each asked for once; references to other
    stores stay.

    Raises SettingsError, with key, reference and fix, for one that cannot be had: what a preview without it would show
    is not what an update with it does.
    """
    known: dict[SecretReference, SecretStr] = {}

    def value(key: str, secret: SecretStr) -> SecretStr:
        reference = secret_reference(secret.get_secret_value())
        if reference is None or reference.store not in stores:
            return secret
        if reference not in known:
            known[reference] = SecretStr(_read(key, reference, stores[reference.store]))
        return known[reference]

    def filled(kind: str, sections: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: section.model_copy(
                update={
                    "secrets": {
                        secret: value(f"gostack:{kind}.{name}.secrets.{secret}", text)
                        for secret, text in section.secrets.items()
                    }
                }
            )
            for name, section in sections.items()
        }

    complete = settings.model_copy(
        update={
            "services": filled("services", settings.services),
            "accessories": filled("accessories", settings.accessories),
            "certificates": settings.certificates.model_copy(
                update=filled("certificates", {"acme": acme} if (acme := settings.certificates.acme) else {})
            ),
            "ingress": settings.ingress.model_copy(
                update={
                    "sites": filled("ingress.sites", settings.ingress.sites),
                    "logins": filled("ingress.logins", settings.ingress.logins),
                }
            ),
            "telemetry": settings.telemetry.model_copy(
                update={"receivers": filled("telemetry.receivers", settings.telemetry.receivers)}
            ),
        }
    )
    if known:
        # Their sizes count.
        require_files(complete, PROJECT)
    return complete


def _read(key: str, reference: SecretReference, store: SecretStore) -> str:
    try:
        value = store(reference.place, reference.key)
        require_text("its value", value)
    except ValueError as error:
        raise SettingsError(f"{key} is {reference.text}: {error}") from None
    return value
