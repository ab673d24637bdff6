"""What the texts of a service may refer to: `${mysql.host}` and its like, checked before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.microservice.references import is_secret, references
from infra.settings.errors import meant
from infra.settings.secret_references import AWS

if TYPE_CHECKING:
    from infra.settings.model import Settings

MYSQL_VALUES = ("host", "port", "address", "user", "password", "database", "ca_file", "dsn", "url")
_ACCESSORY_VALUES = {
    "image": ("host", "port", "address", "peers"),
    "valkey": ("host", "port", "address", "peers", "password", "url"),
}


def known_references(settings: Settings, service: str) -> list[str]:
    """Return every name that a text of the service, or of the accessory of that name, may refer to."""
    if service in settings.accessories:
        return ["region", *(f"secret.{name}" for name in settings.accessories[service].secrets)]
    found = ["region", "track", *(f"secret.{name}" for name in settings.services[service].secrets)]
    if settings.services[service].database is not None:
        found += [f"mysql.{value}" for value in MYSQL_VALUES]
    found += [f"service.{key}" for key in settings.service_values()]
    for name, accessory in settings.accessories.items():
        found += [f"accessory.{name}.{value}" for value in _ACCESSORY_VALUES[accessory.kind]]
    return found


def given_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each text of a service or an accessory that refers to nothing."""
    owners = [(f"services.{name}", name, service.secrets) for name, service in settings.services.items()]
    owners += [(f"accessories.{name}", name, accessory.secrets) for name, accessory in settings.accessories.items()]
    for owner, name, secrets in owners:
        for secret, value in secrets.items():
            if settings.aws is None and value.get_secret_value().startswith(f"ref+{AWS}:"):
                yield (
                    f"gostack:{owner}.secrets.{secret} refers to AWS Secrets Manager, which a stack on AWS alone "
                    "reads: use ref+vault, ref+file or ref+env."
                )
        for key, text in _texts(settings, name):
            yield from (f"gostack:{owner}.{problem}" for problem in reference_problems(settings, name, key, text))


def reference_problems(settings: Settings, service: str, key: str, text: str) -> Iterator[str]:
    """Yield a sentence about each reference of a text that stands for nothing, or may not be there."""
    try:
        found = references(text)
    except ValueError as error:
        yield f"{key}: {error}"
        return
    known = known_references(settings, service)
    for name in found:
        if name not in known:
            yield f"{key} has ${{{name}}}, {_unknown(service, name, known)}"
        if key == "args" and is_secret(name):
            yield (
                f"args has ${{{name}}}, a secret, and everybody sees the arguments of a program: write it into a "
                "variable or a file."
            )


def _unknown(service: str, name: str, known: list[str]) -> str:
    kind, _, rest = name.partition(".")
    if kind == "mysql" and "mysql.host" not in known:
        return f"and {service} has no database: add database: {{}}."
    otherwise = f'use one of {", ".join(sorted(known))}, or "$${{" where "${{" itself is meant.'
    hint = meant(name, known, otherwise, cutoff=0.7)
    if kind == "secret" and rest:
        near = f" ({hint})" if hint != otherwise else ""
        fix = f"write it with `gostack secrets set {service} {rest}`."
        return f"which is no secret of {service} in this stack{near}: {fix}"
    return f"which stands for nothing: {hint}"


def _texts(settings: Settings, service: str) -> Iterator[tuple[str, str]]:
    if service in settings.accessories:
        environment = settings.accessories[service].environment
        yield from ((f"environment.{key}", text) for key, text in environment.items())
        return
    values = settings.services[service]
    yield from ((f"environment.{key}", text) for key, text in values.environment.items())
    if values.canary is not None:
        yield from ((f"canary.environment.{key}", text) for key, text in values.canary.environment.items())
    yield from ((f'files."{path}"', file.text) for path, file in values.files.items() if file.text is not None)
    yield from (("args", text) for text in values.args or [])
