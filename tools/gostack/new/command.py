"""`gostack new service`: a Go module that runs, with a test, and its entry in the stack file."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from pydantic import TypeAdapter, ValidationError

from infra.replaced import replace_text
from infra.settings import SettingsError, load_stack_file
from infra.settings.base import Name
from infra.settings.stack_file import read_stack_file, read_text
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.errors import UserError
from tools.gostack.new.kind import Kind
from tools.gostack.stacks.text import is_document, with_entry

SKELETONS = Path(__file__).with_name("skeletons")
GREETER = Path("services/greeter")


@dataclass(frozen=True)
class Shape:
    """What differs between the kinds."""

    about: str
    by_hand: str
    entry: Sequence[str]
    """Lines of the stack file below the service's name; `{route}` stands for its free path."""

    try_it: str
    """Command that asks it, behind the ingress's address; empty for what nobody calls."""


SHAPES: Mapping[Kind, Shape] = {
    Kind.HTTP: Shape(
        "An HTTP service: `GET /hello/{name}` answers, `GET /ready` says that it is ready.",
        "PORT=8000 GREETING=Hello go run .",
        (
            "check:",
            "  path: /ready",
            "environment:",
            "  GREETING: Hello",
            "routes:",
            "  # The program gets /hello/ada for {route}/hello/ada.",
            "  - path: {route}",
            "    strip_prefix: true",
        ),
        "curl --cacert .gostack/{stack}-ca.pem https://localhost:{port}{route}/hello/ada",
    ),
    Kind.GRPC: Shape(
        "A gRPC service: `{package}.v1.Greeter/Hello` answers, `grpc.health.v1` says that it is ready.",
        "PORT=8000 go run .",
        (
            "check:",
            "  protocol: grpc",
            "routes:",
            "  - path: {route}",
            "    protocol: grpc",
        ),
        "grpcurl -cacert .gostack/{stack}-ca.pem -d '\"Ada\"' localhost:{port} {package}.v1.Greeter/Hello",
    ),
    Kind.WORKER: Shape(
        "A worker: it does its job every ten seconds, and nobody calls it.",
        "go run .",
        ("kind: worker",),
        "",
    ),
}


def new_service(project: Path, name: str, kind: Kind, stacks: Sequence[str]) -> int:
    """Write `services/<name>` and its entry in the files of these stacks and return 0.

    Either all of it is written or nothing. Raises UserError for a name that is taken, and SettingsError.
    """
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        raise UserError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None
    folder = project / "services" / name
    if folder.exists():
        raise UserError(f"services/{name} exists already: choose another name.")
    files = [project / f"Pulumi.{stack}.yaml" for stack in stacks]
    before = {file: _free_of(file, name) for file in files}
    try:
        folder.mkdir(parents=True)
        for path, text in skeleton(project, name, kind).items():
            (folder / path).write_text(text, encoding="utf-8")
        for file, text in before.items():
            replace_text(file, with_service(text, file.name, name, kind))
            _ = load_stack_file(file, project)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for file, text in before.items():
            replace_text(file, text)
        raise
    print(f"services/{name} is written: its test runs with `cd services/{name} && go test ./...`")
    for stack, file in zip(stacks, files, strict=True):
        settings = load_stack_file(file, project)
        port = settings.regions[settings.ordered_regions()[0]].https_port
        print(
            f"{file.name} has it as gostack:services.{name}; next: {'' if stack == 'dev' else f'STACK={stack} '}make up"
        )
        for route in settings.services[name].routes:
            print(f"then: {_filled(SHAPES[kind].try_it, name, stack=stack, port=str(port), route=route.path)}")
    return 0


def skeleton(project: Path, name: str, kind: Kind) -> dict[str, str]:
    """Return file name to text of a new service."""
    shape = SHAPES[kind]
    values = {"name": name, "package": _package(name), "by_hand": shape.by_hand, "about": _filled(shape.about, name)}
    engine = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    files = {"README.md": SKELETONS / "README.md.j2"}
    if kind is not Kind.HTTP:
        files |= {file.name.removesuffix(".j2"): file for file in sorted((SKELETONS / kind.value).glob("*.j2"))}
    found = {path: engine.from_string(file.read_text(encoding="utf-8")).render(values) for path, file in files.items()}
    if kind is Kind.HTTP:
        # The smallest service of the repository, which its own tests keep well.
        for file in sorted((project / GREETER).glob("*")):
            if file.suffix in (".go", ".mod", ".sum"):
                found[file.name] = file.read_text(encoding="utf-8").replace(GREETER.name, name)
    return found


def with_service(text: str, file: str, name: str, kind: Kind) -> str:
    """Return the text of a stack file with one more service; raises UserError where its lines have no place."""
    document = read_text(text, file)
    route = _route(document, name, kind)
    lines = [f"context: services/{name}", "replicas: 1", *SHAPES[kind].entry]
    entry = [f"{name}:", *(f"  {_filled(line, name, route=route)}" for line in lines)]
    wanted = copy.deepcopy(document)
    services: dict[str, Any] = wanted["config"]["gostack:services"]
    services.update(read_text("\n".join(entry), file))
    changed = with_entry(text, ("config", "gostack:services"), entry)
    if not is_document(changed, wanted):
        raise UserError(
            "\n  ".join([f"{file} has its services in a form that has no place for lines: add there", *entry])
        )
    return changed


def _free_of(file: Path, name: str) -> str:
    """The text of a stack file that is well and has no service of this name; raises UserError and SettingsError."""
    document = read_stack_file(file)
    config = mapping(document.get("config"))
    for key in ("services", "accessories"):
        if name in mapping(config.get(f"gostack:{key}")):
            raise UserError(f"{file.name} has gostack:{key}.{name} already: choose another name.")
    if not mapping(config.get("gostack:services")):
        raise SettingsError(f"{file.name} has no gostack:services: copy Pulumi.dev.yaml and change it.")
    return file.read_text(encoding="utf-8")


def _route(document: Mapping[str, Any], name: str, kind: Kind) -> str:
    """A path that no route has."""
    services = mapping(mapping(document.get("config")).get("gostack:services"))
    if kind is Kind.GRPC:
        return f"/{_package(name)}.v1.Greeter/"
    taken = {one.get("path") for service in services.values() for one in mappings(mapping(service).get("routes"))}
    route, number = f"/{name}", 2
    while route in taken:
        route, number = f"/{name}-{number}", number + 1
    return route


def _filled(text: str, name: str, **values: str) -> str:
    for key, value in {"package": _package(name), **values}.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _package(name: str) -> str:
    return name.replace("-", "_")
