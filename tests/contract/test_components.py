"""What every component resource keeps to, found by reflection: a new one is held to it without being named here.

Does not prove that a component does what it is for. Children and outputs are looked at in the recorded dev stack with
every optional part in it, so a component that no stack uses fails here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pulumi
import pytest

import components
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.prod import HOME, OTHER, prod_graph
from tests.graph.recorder import Graph

FOLDER = Path(components.__file__).resolve().parent


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages([str(FOLDER)], "components."):
        yield importlib.import_module(found.name)


def component_classes() -> list[type[pulumi.ComponentResource]]:
    found = {
        member
        for module in modules()
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, pulumi.ComponentResource) and member.__module__.startswith("components.")
    }
    return sorted(found, key=lambda item: (item.__name__, item.__module__))


CLASSES = component_classes()
PLATFORMS = ("docker", "kubernetes", "aws")

PYTHON_ONLY = {
    *("Accessory", "ConsulAgent", "Ingress", "Microservice", "ScheduledTasks", "ServiceImage", "ServiceVolumes"),
}
"""Components that take parts of the settings as they are: routes, checks, autoscaling, builds of images, volumes."""

PUBLISHED = [cls for cls in CLASSES if cls.__name__ not in PYTHON_ONLY]
"""Components that programs in other languages could use."""

CONCEPTS = sorted(path.parent.name for path in FOLDER.glob("*/kubernetes.py"))
"""Folders of what is deployed in a form for each platform."""

KUBERNETES_KINDS = {"Deployment", "StatefulSet", "Service", "Secret", "ConfigMap", "Job", "NetworkPolicy", "Namespace"}


def platform(cls: type) -> str:
    """The platform that a component is a form for; empty for one that is the same on all."""
    words = cls.__module__.split(".")
    folder, file = words[1], words[-1].partition("_")[0]
    return folder if folder in PLATFORMS else file if file in PLATFORMS else ""


def on_kubernetes(cls: type) -> bool:
    return platform(cls) == "kubernetes"


def identity(cls: type) -> str:
    """A class's name in the list of tests: most are there for each platform."""
    return f"{cls.__module__.removeprefix('components.')}.{cls.__name__}"


@pytest.fixture(scope="module")
def graphs() -> dict[bool, Graph]:
    """Every optional part of the stack on Kubernetes (True) and on Docker (False)."""

    def everything(document: Document) -> None:
        document["services"]["users"]["canary"] = {"image": f"registry.example.com/users@sha256:{64 * '0'}"}
        document["services"]["users"]["settings"] = {"rate_limit_per_second": 5}
        document["services"]["users"]["tokens"] = {"issuer": "https://login.example.com", "audience": "shop"}
        document["services"]["users"]["tasks"] = {"purge": {"args": ["purge"]}}
        document["services"]["users"]["schedules"] = {"nightly": {"cron": "30 3 * * *", "task": "purge"}}
        document["services"]["users"]["volumes"] = {"uploads": {"path": "/data/uploads", "storage_class": "files"}}
        if document["platform"] == "docker":
            document["ingress"] = {"hosts": ["shop.example.com"]}
            document["certificates"] = {"acme": {}}
            del document["services"]["users"]["volumes"]["uploads"]["storage_class"]
        else:
            document["telemetry"] = {"enabled": True}
        document["accessories"] = {"cache": {"kind": "valkey"}}
        # Somebody who calls it by its name.
        document["services"]["greeter"] = {"image": f"registry.example.com/greeter@sha256:{64 * '0'}"}

    return {True: staging_graph(everything), False: dev_graph(everything)}


@pytest.fixture(scope="module")
def on_aws() -> Graph:
    """The prod stack, with what is optional on AWS."""
    return prod_graph(
        lambda document: document.update(accessories={"cache": {"kind": "valkey", "regions": [HOME, OTHER]}})
    )


@pytest.fixture
def graph(cls: type[pulumi.ComponentResource], graphs: dict[bool, Graph], on_aws: Graph) -> Graph:
    return on_aws if platform(cls) == "aws" else graphs[on_kubernetes(cls)]


def documented_attributes(cls: type) -> set[str]:
    """Attributes of a class that a string literal stands behind; of arguments, also those that it adds to."""
    (definition,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(definition, ast.ClassDef)
    found: set[str] = set()
    for base in definition.bases:
        # A TypedDict does not know its bases.
        added_to = getattr(sys.modules[cls.__module__], ast.unparse(base), None)
        if ast.unparse(base).endswith("Args") and added_to is not None:
            found |= documented_attributes(added_to)
    for statement, following in pairwise(definition.body):
        if not isinstance(statement, ast.AnnAssign):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found.add(ast.unparse(statement.target))
    return found


def declared(cls: type) -> set[str]:
    return set(vars(cls).get("__annotations__", {}))


def test_the_components_of_the_design_are_there() -> None:
    designed = {"ServiceImage", "Region", "ConsulDatacenter", "MySqlCluster", "Microservice", "Ingress"}
    for form in ("docker", "kubernetes"):
        assert designed <= {cls.__name__ for cls in CLASSES if platform(cls) == form}


@pytest.mark.parametrize("concept", CONCEPTS)
def test_both_platforms_have_the_same_components(concept: str) -> None:
    forms = [
        {cls.__name__: cls for cls in CLASSES if cls.__module__ == f"components.{concept}.{form}"}
        for form in ("kubernetes", "docker")
    ]
    for name in forms[0]:
        assert_same(forms[0][name], forms[1][name])


def assert_same(ours: type, theirs: type) -> None:
    """What both forms take means the same, and what one of them needs alone is an addition."""
    arguments = [get_type_hints(cls.__init__)["args"].__annotations__ for cls in (ours, theirs)]
    shared = arguments[0].keys() & arguments[1].keys()
    assert {key: arguments[0][key] for key in shared} == {key: arguments[1][key] for key in shared}
    assert {"region", "labels", "service", "image", "references", "reference"} & shared
    assert declared(theirs) <= declared(ours)


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_it_is_made_from_a_name_documented_arguments_and_options(cls: type[pulumi.ComponentResource]) -> None:
    parameters = list(inspect.signature(cls.__init__).parameters)
    assert parameters == ["self", "name", "args", "opts"]
    hints = get_type_hints(cls.__init__)
    assert hints["opts"] == pulumi.ResourceOptions | None
    arguments = hints["args"]
    assert arguments.__name__.endswith(f"{cls.__name__}Args") or arguments.__name__ == "GeneratedSecretArgs"
    assert hasattr(arguments, "__total__"), "the arguments are a TypedDict"
    assert declared(arguments) - documented_attributes(arguments) == set()
    assert arguments.__doc__


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_its_outputs_are_declared_and_described(cls: type[pulumi.ComponentResource]) -> None:
    assert cls.__doc__
    assert declared(cls)
    assert declared(cls) - documented_attributes(cls) == set()


@pytest.mark.parametrize("cls", CLASSES, ids=identity)
def test_it_registers_under_its_own_token_and_tells_its_outputs_once(
    cls: type[pulumi.ComponentResource], graph: Graph
) -> None:
    instances = graph.of_type(f"gostack:index:{cls.__name__}")
    assert instances, "the dev stack has none: add a setting that makes one"
    for instance in instances:
        assert graph.registered_outputs.count(instance.name) == 1, instance.name


def test_only_components_and_providers_stand_directly_under_the_stack(graphs: dict[bool, Graph]) -> None:
    for graph in graphs.values():
        top = [item for item in graph.resources.values() if item.custom and not item.parent]
        assert [item.name for item in top if not item.type.startswith("pulumi:providers:")] == []


def test_every_object_of_a_cluster_has_an_explicit_provider(graphs: dict[bool, Graph]) -> None:
    objects = [item for item in graphs[True].resources.values() if item.type.startswith("kubernetes:")]
    assert len(objects) > 50
    assert {item.provider.split("::")[-2] for item in objects} == {"cluster"}


def test_no_component_makes_a_provider() -> None:
    made = [
        (file, node.lineno)
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Provider"
    ]
    assert made == []


def sources() -> list[tuple[str, ast.Module]]:
    return [(str(file.relative_to(FOLDER)), ast.parse(file.read_text())) for file in sorted(FOLDER.rglob("*.py"))]


def test_no_options_are_merged() -> None:
    calls = [
        (file, node.lineno)
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "merge"
    ]
    assert calls == []


def test_no_resource_is_made_inside_an_apply() -> None:
    made: list[tuple[str, int]] = []
    resource_names = (
        {cls.__name__ for cls in CLASSES}
        | {"Container", "Volume", "Network", "RemoteImage", "Stash"}
        | KUBERNETES_KINDS
    )
    for file, tree in sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply"):
                continue
            for inner in ast.walk(node):
                called = inner.func if isinstance(inner, ast.Call) else None
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if name in resource_names:
                    made.append((file, node.lineno))
    assert made == []


def test_the_settings_import_no_provider() -> None:
    """Each takes seconds: what the settings take from a component's folder must not know its forms."""
    program = "import sys, infra.settings; print([name for name in sys.modules if name.startswith('pulumi_')])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
