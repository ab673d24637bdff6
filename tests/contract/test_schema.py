"""The components as a component provider would publish them: a schema is made of every one.

Does not prove that a program in another language can use them; no provider is started.
"""

import inspect
from importlib import import_module
from typing import TypedDict, get_type_hints

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, TypeDefinition
from pulumi.provider.experimental.util import camel_case

from tests.contract.test_components import PUBLISHED, documented_attributes, identity, on_kubernetes

KINDS = (True, False)
Schema = tuple[dict[str, ComponentDefinition], dict[str, TypeDefinition]]


@pytest.fixture(scope="module")
def schemas() -> dict[bool, Schema]:
    """The schema of the components for Kubernetes (True), and of all others (False)."""
    return {
        kubernetes: analysed([cls for cls in PUBLISHED if on_kubernetes(cls) == kubernetes]) for kubernetes in KINDS
    }


def analysed(classes: list[type[pulumi.ComponentResource]]) -> Schema:
    result = Analyzer("gostack").analyze(classes)
    return result["component_definitions"], result["type_definitions"]


@pytest.mark.parametrize("kubernetes", KINDS)
def test_every_component_is_in_the_schema(kubernetes: bool, schemas: dict[bool, Schema]) -> None:
    assert sorted(schemas[kubernetes][0]) == [cls.__name__ for cls in PUBLISHED if on_kubernetes(cls) == kubernetes]


@pytest.mark.parametrize("cls", PUBLISHED, ids=identity)
def test_every_argument_is_an_input_that_is_described_and_required_as_declared(
    cls: type[pulumi.ComponentResource], schemas: dict[bool, Schema]
) -> None:
    declared = get_type_hints(cls.__init__)["args"]
    inputs = schemas[on_kubernetes(cls)][0][cls.__name__].inputs
    assert {key for key, item in inputs.items() if not item.optional} == {
        camel_case(key) for key in declared.__required_keys__
    }
    assert {key for key, item in inputs.items() if item.optional} == {
        camel_case(key) for key in declared.__optional_keys__
    }
    # Pulumi's analyzer does not look for the description of what a platform's arguments are added to.
    described = {camel_case(key) for key in documented_attributes(declared)}
    assert [key for key, item in inputs.items() if not item.description and key not in described] == []


@pytest.mark.parametrize("cls", PUBLISHED, ids=identity)
def test_every_output_is_in_the_schema_and_described(
    cls: type[pulumi.ComponentResource], schemas: dict[bool, Schema]
) -> None:
    outputs = schemas[on_kubernetes(cls)][0][cls.__name__].outputs
    assert outputs.keys() == {camel_case(key) for key in inspect.get_annotations(cls)}
    assert [key for key, item in outputs.items() if not item.description] == []


@pytest.mark.parametrize("kubernetes", KINDS)
def test_every_type_that_components_share_is_described(kubernetes: bool, schemas: dict[bool, Schema]) -> None:
    own = {name: item for name, item in schemas[kubernetes][1].items() if item.module.startswith("components.")}
    assert {"RegionReference", "ConsulReference", "MySqlReference"} <= own.keys()
    undescribed = [
        f"{name}.{key}"
        for name, item in own.items()
        for key, part in item.properties.items()
        if not part.description
        and key not in {camel_case(found) for found in documented_attributes(getattr(import_module(item.module), name))}
    ]
    assert undescribed == []


def test_types_that_are_not_the_projects_own_are_known_by_name(schemas: dict[bool, Schema]) -> None:
    # Two inputs take the Docker provider's own types: such a component is for Python programs only.
    foreign = {
        kubernetes: {name for name, item in schema[1].items() if not item.module.startswith("components.")}
        for kubernetes, schema in schemas.items()
    }
    assert foreign == {True: set(), False: {"ContainerPortArgs", "ContainerVolumeArgs"}}


class RefusedArgs(TypedDict):
    choice: int | str


class Refused(pulumi.ComponentResource):
    def __init__(self, name: str, args: RefusedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Refused", name, {}, opts)


def test_the_analyser_refuses_what_a_schema_cannot_say() -> None:
    with pytest.raises(Exception, match=r"^Union types are not supported: .* for 'RefusedArgs\.choice'$"):
        Analyzer("test").analyze([Refused])
