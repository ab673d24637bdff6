"""Names that two parts of a stack would have: programs, their hosts, schemas and accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.certificate_client.args import CERTIFICATE_CLIENT
from components.ingress.login import oidc_logins
from components.ingress.login_proxy import login_service
from components.ingress.token_verifier import VERIFIER
from components.mysql.accounts import migration_account
from components.mysql.names import owner_of
from components.scheduled_tasks.args import SCHEDULER
from components.telemetry.configuration import COLLECTOR, CONSOLE, HOST

if TYPE_CHECKING:
    from infra.settings.model import Settings

RESERVED_SERVICES = frozenset(
    {"mysql", "mysql-proxy", "consul", "ingress", "upstream", "authority", "backbone", "gossip-key", "localhost"}
    | {SCHEDULER, HOST, COLLECTOR, CONSOLE, CERTIFICATE_CLIENT, VERIFIER}
)
"""Names of the stack's own parts, by which Consul and Pulumi know them, and of the caller itself."""

_HOSTS = ("mysql", "consul", "ingress")
"""Parts of the stack that have the host name `<part>-<region>` in each region."""

_CANARY_ENDING = "-canary"


def name_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each service, accessory, login or region with a name that is taken."""
    parts = (("services", settings.services), ("accessories", settings.accessories), ("regions", settings.regions))
    for key, names in parts:
        for name in names:
            if name.endswith(_CANARY_ENDING) or name == _CANARY_ENDING.removeprefix("-"):
                yield f"gostack:{key}.{name} is named like a canary: choose another name."
    hosts = {f"{part}-{region}" for part in _HOSTS for region in settings.regions}
    # On Kubernetes: the Service by which a StatefulSet knows its pods.
    hosts |= {f"{name}-pods" for name in [*settings.accessories, HOST]}
    programs = [("service", f"services.{name}", name) for name in settings.services]
    programs += [("accessory", f"accessories.{name}", name) for name in settings.accessories]
    programs += [
        ("login", f"ingress.logins.{name}", login_service(name)) for name in oidc_logins(settings.ingress.logins)
    ]
    owners: dict[str, str] = {}
    for kind, key, program in programs:
        # A service that nobody calls has no host name.
        has_host = kind == "accessory" or program in settings.callable_services()
        if program in RESERVED_SERVICES or (has_host and program in hosts):
            yield f"gostack:{key} has the name of a part of the stack: choose another one."
        if kind == "service" and f"{program}-migrations" in settings.services and settings.services[program].migrations:
            yield f"gostack:{key}-migrations has the name of the image of {program}'s migrations: choose another one."
        if kind == "accessory" and program in settings.services:
            yield f"gostack:{key} has the name of a service, by which others reach that: choose another."
        for region in settings.regions:
            name = f"{program}-{region}"
            if name in owners:
                yield (
                    f'gostack:{key} in region "{region}" would be named {name}, like {owners[name]}: rename the {kind}.'
                )
            owners[name] = f'{kind} "{program}" in region "{region}"'


def schema_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each schema whose name, or that of an account of it, is taken."""
    owners: dict[str, str] = {}
    for name, service in settings.services.items():
        schema = service.database_name(name)
        for account in (schema, migration_account(schema)) if schema is not None else ():
            owner = owners.get(account) or owner_of(account)
            if owner:
                yield (
                    f'gostack:services.{name}.database.name is "{schema}", whose account "{account}" {owner} has '
                    "already: choose another name."
                )
            owners[account] = f'service "{name}"'
