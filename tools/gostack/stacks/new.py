"""`gostack stack new`: a stack file like another one, whose stack runs beside it."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.settings import Settings, SettingsError, load_stack_file, require_stack_name
from infra.settings.stack_file import SALT, encrypted, read_stack_file, written
from tools.gostack.doctor.networks import foreign_networks
from tools.gostack.doctor.ports import port_is_free
from tools.gostack.documents import is_mapping, mapping
from tools.gostack.environment.docker_engine import ask, find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import stack_names
from tools.gostack.stacks.space import free_networks, free_ports
from tools.gostack.stacks.text import is_document, with_entry, with_values, without

Machine = Callable[[], Mapping[str, str]]
"""Networks of this machine's engine, by name."""


def new_stack(
    project: Path,
    name: str,
    origin: str,
    *,
    is_free: Callable[[str, int], bool] = port_is_free,
    machine: Machine | None = None,
) -> int:
    """Write `Pulumi.<name>.yaml` like that of `origin`, with ports and networks of its own, and return 0.

    Secrets stay behind: they are encrypted for the other stack. Raises UserError and SettingsError.
    """
    file, source = project / f"Pulumi.{name}.yaml", project / f"Pulumi.{origin}.yaml"
    refused = UserError(f"{file.name} exists already: choose another name.")
    if file.exists():
        raise refused
    settings = load_stack_file(source, project)
    require_stack_name(name, settings)
    if settings.platform != "docker":
        raise UserError(
            f"{origin} is on {settings.platform.capitalize()}, where a stack beside it needs a cluster, a namespace or "
            f"host names that no program can choose: copy {source.name} and change them."
        )
    others = _others(project)
    ports = free_ports(
        settings.host_ports(), [port for one in others for _, port in one.host_ports().values()], is_free
    )
    taken = [network for one in others for network in one.networks().values()]
    networks = free_networks(settings.networks(), [*taken, *(machine or _engine_networks)().values()])
    document = read_stack_file(source)
    secrets = list(encrypted_paths(document))
    values = {_path(key): str(value) for key, value in {**ports, **networks}.items()}
    text = _written(source.read_text(encoding="utf-8"), document, values, secrets)
    try:
        # Somebody may have written one since.
        with file.open("x", encoding="utf-8") as opened:
            opened.write(_with_origin(text, origin))
    except FileExistsError:
        raise refused from None
    print(f"{file.name} is written, like {source.name}, with ports and networks of its own:")
    print("\n".join(f"  gostack:{key}: {value}" for key, value in {**ports, **networks}.items()))
    for path in secrets:
        print(f"not copied, because it is encrypted for {origin}: {_readable(path)}{_remedy(path, name)}")
    print(f"next: STACK={name} make up")
    return 0


def encrypted_paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every encrypted value of a document."""
    if encrypted(value) is not None:
        yield path
    elif is_mapping(value):
        for key, item in value.items():
            yield from encrypted_paths(item, (*path, key))


def _written(
    text: str, document: Mapping[str, Any], values: Mapping[tuple[str, ...], str], secrets: Sequence[tuple[str, ...]]
) -> str:
    wanted = copy.deepcopy(dict(document))
    wanted.pop(SALT, None)
    removed = _whole(wanted, secrets)
    for path in removed:
        _remove(wanted, path)
    for path, value in values.items():
        _put(wanted, path, int(value) if value.isdigit() else value)
    changed = with_values(without(text, [(SALT,), *removed]), values)
    backbone = ("config", "gostack:backbone", "cidr")
    if "gostack:backbone" not in mapping(document.get("config")):
        changed = with_entry(changed, ("config",), ["gostack:backbone:", f"  cidr: {values[backbone]}"])
    # Braces or anchors leave no line of their own to change: then the comments go.
    return changed if is_document(changed, wanted) else written(wanted)


def _whole(document: Mapping[str, Any], secrets: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The paths to remove: a mapping of which nothing is left goes with its last secret."""
    found: list[tuple[str, ...]] = []
    for path in secrets:
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        alone = all((*path[:-1], key) in secrets for key in holder)
        found.append(path[:-1] if alone else path)
    return list(dict.fromkeys(found))


def _remove(document: Any, path: tuple[str, ...]) -> None:
    for key in path[:-1]:
        document = document[key]
    del document[path[-1]]


def _put(document: Any, path: tuple[str, ...], value: str | int) -> None:
    for key in path[:-1]:
        document = document.setdefault(key, {})
    document[path[-1]] = value


def _path(key: str) -> tuple[str, ...]:
    first, *others = key.split(".")
    return ("config", f"gostack:{first}", *others)


def _readable(path: tuple[str, ...]) -> str:
    return ".".join(path[1:])


def _remedy(path: tuple[str, ...], stack: str) -> str:
    if len(path) == 5 and path[3] == "secrets":
        return f"; `gostack secrets set {path[2]} {path[4]} --stack {stack}` writes it"
    return ""


def _with_origin(text: str, origin: str) -> str:
    line = f"# Written by `gostack stack new` from Pulumi.{origin}.yaml.\n"
    first, rest = text.split("\n", 1)
    # An editor looks for the schema in the first line.
    return f"{first}\n{line}{rest}" if first.startswith("# yaml-language-server") else f"{line}{text}"


def _others(project: Path) -> list[Settings]:
    """The settings of all stack files; one that is wrong has no stack that runs."""
    found: list[Settings] = []
    for name in stack_names(project):
        try:
            found.append(load_stack_file(project / f"Pulumi.{name}.yaml", project))
        except SettingsError:
            continue
    return found


def _engine_networks() -> Mapping[str, str]:
    # Where none answers, none has a network.
    engine = ask(find_endpoint(dict(os.environ)))
    return foreign_networks(engine, "") if engine is not None else {}
