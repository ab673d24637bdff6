"""`gostack stack new`: a stack file like another one, whose stack runs beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.settings import Settings, load_stack_file, require_stack_name
from infra.settings.expiry import expiry_text
from infra.settings.loading import other_stacks
from infra.settings.names import namespaces
from infra.settings.stack_file import read_stack_file
from tools.gostack.doctor.networks import foreign_networks
from tools.gostack.doctor.ports import port_is_free
from tools.gostack.documents import is_list
from tools.gostack.environment.docker_engine import ask, find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.stacks.copying import encrypted_paths, like, setting
from tools.gostack.stacks.on_cluster import own_hosts, rename_hosts, without_namespace
from tools.gostack.stacks.space import free_networks, free_ports

Machine = Callable[[], Mapping[str, str]]
"""Networks of this machine's engine, by name."""

_TTL = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def lifetime(text: str) -> timedelta:
    """Return the time that a text like 90m, 24h or 7d stands for; raises UserError for another text."""
    found = _TTL.fullmatch(text)
    if found is None:
        raise UserError(f'"{text}" is no lifetime: write minutes, hours or days, like 90m, 24h or 7d.')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def new_stack(
    project: Path,
    name: str,
    origin: str,
    *,
    ttl: timedelta | None = None,
    is_free: Callable[[str, int], bool] = port_is_free,
    machine: Machine | None = None,
) -> int:
    """Write the file of a stack like `origin`, say what is its own, and return 0: on Docker ports and networks, on a
    cluster namespaces and host names. After `ttl`, `gostack stack sweep` removes it.

    Raises UserError and SettingsError.
    """
    source = project / f"Pulumi.{origin}.yaml"
    settings = load_stack_file(source, project)
    own: dict[str, Any] = {}
    if settings.platform == "docker":
        own = own_space(project, settings, is_free, machine)
    if ttl is not None:
        own["expires"] = expiry_text(datetime.now(UTC) + ttl)
    own = write_stack_file(project, name, origin, settings, own)
    print(f"Pulumi.{name}.yaml is written, like {source.name}, with what is its own:")
    print("\n".join(f"  gostack:{key}: {_shown(value)}" for key, value in own.items()))
    if settings.platform == "kubernetes":
        print(f"  namespaces: {', '.join(namespaces(name, without_namespace(settings)).values())}")
    for path in encrypted_paths(read_stack_file(source)):
        told = f"{'.'.join(path[1:])} is encrypted for {origin}"
        if _becomes_reference(settings, path):
            print(f"{told}: export {variable(path)} before `up`, or write a reference to where it is kept")
        else:
            print(f"not copied, because {told}{_remedy(path, name)}")
    print(f"next: STACK={name} make up")
    return 0


def own_space(
    project: Path,
    settings: Settings,
    is_free: Callable[[str, int], bool] = port_is_free,
    machine: Machine | None = None,
) -> dict[str, Any]:
    """Return ports and networks, by key, for a stack with these settings that no other stack file and nothing on this
    machine has; raises UserError."""
    others = other_stacks(project).values()
    ports = free_ports(
        settings.host_ports(), [port for one in others for _, port in one.host_ports().values()], is_free
    )
    taken = [network for one in others for network in one.networks().values()]
    networks = free_networks(settings.networks(), [*taken, *(machine or _engine_networks)().values()])
    return {**ports, **networks}


def write_stack_file(
    project: Path, name: str, origin: str, settings: Settings, own: Mapping[str, Any]
) -> dict[str, Any]:
    """Write `Pulumi.<name>.yaml` like that of `origin`, whose settings these are, and return the keys with another
    value: those that are its `own`, and host names on a cluster.

    Secrets stay behind, as they are encrypted for the other stack; on a cluster, where programs make and remove such a
    file, they become references to variables. Raises UserError and SettingsError.
    """
    file, source = project / f"Pulumi.{name}.yaml", project / f"Pulumi.{origin}.yaml"
    exists = UserError(f"{file.name} exists already: choose another name.")
    if file.exists():
        raise exists
    if settings.aws is not None:
        raise UserError(
            f"{origin} is on AWS, where a stack beside it has an account, a domain and a budget that no program can "
            f"choose: copy {source.name} and change them."
        )
    document = read_stack_file(source)
    secrets = list(encrypted_paths(document))
    hosts: dict[str, str] = {}
    if settings.platform == "kubernetes":
        settings = without_namespace(settings)
        hosts = own_hosts(name, origin, settings)
        own = {"ingress.hosts": [*hosts.values()], **own}
    require_stack_name(name, settings)
    references = {path: f"ref+env://{variable(path)}" for path in secrets if _becomes_reference(settings, path)}
    text = like(
        source.read_text(encoding="utf-8"),
        document,
        values={**references, **{setting(key): value for key, value in own.items()}},
        removed=[
            *secrets,
            *([setting("kubernetes.namespace")] if hosts else []),
            # What is there for a while runs what its branch builds, which nobody signs.
            setting("signatures" if "expires" in own else "expires"),
        ],
        adapt=lambda wanted: rename_hosts(wanted, hosts) if hosts else None,
    )
    try:
        # Somebody may have written one since.
        with file.open("x", encoding="utf-8") as opened:
            opened.write(_with_origin(text, origin))
    except FileExistsError:
        raise exists from None
    return dict(own)


def _becomes_reference(settings: Settings, path: Sequence[str]) -> bool:
    # The key of a certificate is for the other stack's host alone.
    return settings.platform == "kubernetes" and path[2] != "sites"


def variable(path: Sequence[str]) -> str:
    """Return the variable that a copied stack takes a secret from: USERS_KEY for `services.users.secrets.KEY`."""
    words = [word for word in path[2:] if word != "secrets"]
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper())


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if is_list(value) else str(value)


def _remedy(path: tuple[str, ...], stack: str) -> str:
    if len(path) == 5 and path[3] == "secrets":
        return f"; `gostack secrets set {path[2]} {path[4]} --stack {stack}` writes it"
    return ""


def _with_origin(text: str, origin: str) -> str:
    line = f"# Written by `gostack stack new` from Pulumi.{origin}.yaml.\n"
    first, rest = text.split("\n", 1)
    # An editor looks for the schema in the first line.
    return f"{first}\n{line}{rest}" if first.startswith("# yaml-language-server") else f"{line}{text}"


def _engine_networks() -> Mapping[str, str]:
    # Where none answers, none has a network.
    engine = ask(find_endpoint(dict(os.environ)))
    return foreign_networks(engine, "") if engine is not None else {}
