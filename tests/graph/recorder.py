"""Runs the real program against a monitor that records every registration, and gives the graph back as plain data.

A graph is handed out only after the program has ended and every Output is resolved, so that no assertion on it can be
lost inside an `apply`. Does not prove what the engine or a provider does with a registration: nothing is created.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func

from tests.graph.aws_outputs import aws_outputs

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
UNKNOWN = rpc.UNKNOWN
STACK = "pulumi:pulumi:Stack"
PROJECT_NAME = "gostack"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would have been told of it."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    """Name of the parent; empty for the stack itself."""

    dependencies: frozenset[str]
    """Names of the resources that it depends on, directly."""

    inputs: Mapping[str, Any]
    """Inputs as they were sent: secrets stand in their envelope."""

    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool | None
    replace_on_changes: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    secret_outputs: tuple[str, ...]

    id: str
    """Identity on the platform; empty while it is unknown, in a preview."""

    outputs: Mapping[str, Any]
    """What the program got back: secrets stand in their envelope, what is missing was unknown."""

    property_dependencies: Mapping[str, frozenset[str]]
    """Input to names of the resources that it was made from."""

    replacement_trigger: Any
    aliases: tuple[str, ...]
    provider: str

    generation: int
    """How often it was made: 1, and one more for each update in which its inputs or its trigger had changed."""

    def plain(self, key: str) -> Any:
        """An input without the envelopes of secrets."""
        return unwrapped(self.inputs.get(key))

    def is_secret(self, key: str) -> bool:
        """Whether an input, or a part of it, was sent as a secret."""
        return holds_secret(self.inputs.get(key))

    @property
    def labels(self) -> dict[str, str]:
        """Labels of a container, network or volume."""
        return {item["label"]: item["value"] for item in self.plain("labels") or []}

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of a container."""
        return dict(variable.split("=", 1) for variable in self.plain("envs") or [])


@dataclass
class Graph:
    """Everything that a program registered, in its order, and what it exported."""

    resources: dict[str, Registered] = field(default_factory=dict[str, Registered])
    """By name; a second one with the name of a resource of another type is there by its URN."""

    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    registered_outputs: list[str] = field(default_factory=list[str])
    """Names of the components that told their outputs, once for each time."""

    told: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Component to the outputs that it told, secrets in their envelope."""

    def changed(self, before: Graph) -> set[str]:
        """Names of what an update from `before` would make anew or change."""
        return {
            name
            for name, resource in self.resources.items()
            if name in before.resources and resource.generation != before.resources[name].generation
        }

    def in_plain(self) -> dict[str, str]:
        """Name to everything about a resource that would be written down in plain: secrets are masked."""
        return {
            name: json.dumps(
                masked([resource.inputs, resource.outputs, resource.replacement_trigger, self.told.get(name, {})]),
                ensure_ascii=False,
            )
            for name, resource in self.resources.items()
        }

    def of_type(self, type_: str) -> list[Registered]:
        return [resource for resource in self.resources.values() if resource.type == type_]

    def of_kind(self, kind: str) -> list[Registered]:
        """Kubernetes objects of a kind, for example `Deployment`."""
        return [
            resource
            for resource in self.resources.values()
            if resource.type.startswith("kubernetes:") and resource.type.endswith(f":{kind}")
        ]

    @property
    def containers(self) -> list[Registered]:
        return self.of_type("docker:index/container:Container")

    def with_role(self, role: str, **labels: str) -> list[Registered]:
        wanted = {"gostack.role": role, **{f"gostack.{key}": value for key, value in labels.items()}}
        return [container for container in self.containers if wanted.items() <= container.labels.items()]

    def reachable(self, name: str) -> set[str]:
        """Names of everything that is there before the resource, and goes after it: what it depends on, its parent, and
        what those depend on."""
        found: set[str] = set()
        waiting = self._nearest(name)
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self._nearest(current)
        return found

    def made_from(self, roots: set[str]) -> set[str]:
        """Names of all resources on a platform that take a value from these, directly or not."""
        found = set(roots)
        while True:
            more = {
                name
                for name, item in self.resources.items()
                if item.custom
                and name not in found
                and any(found & used for used in item.property_dependencies.values())
            }
            if not more:
                return found - roots
            found |= more

    def _nearest(self, name: str) -> list[str]:
        resource = self.resources.get(name)
        return [*resource.dependencies, *([resource.parent] if resource.parent else [])] if resource else []


class Recorder(mocks.MockMonitor):
    """A monitor that answers like the engine and remembers what it was told.

    With `kept`, the graph of an update before, it answers from that state: what did not change keeps its identity and
    its outputs, a stashed value stays until its trigger changes. In a preview, outputs of what would be made are
    unknown.
    """

    def __init__(self, stack: str, *, preview: bool, kept: Graph | None) -> None:
        super().__init__(Refusing())
        self.graph = Graph()
        self._stack = stack
        self._preview = preview
        self._kept = kept.resources if kept is not None else {}
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it: with the types of all ancestors but the stack."""
        ancestors = parent.split("::")[2] if parent else ""
        qualified = type_ if ancestors in ("", STACK) else f"{ancestors}${type_}"
        return "::".join([f"urn:pulumi:{self._stack}", PROJECT_NAME, qualified, name])

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the service's method)
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = json_format.MessageToDict(request.object)
        trigger = json_format.MessageToDict(request.replacement_trigger)
        ignored = set(request.ignoreChanges)
        before = self._kept.get(request.name)
        same = before is not None and (trigger, _without(inputs, ignored)) == (
            before.replacement_trigger,
            _without(before.inputs, ignored),
        )
        generation = 1 if before is None else before.generation + (0 if same else 1)
        if before is not None and same:
            identity, outputs = before.id, dict(before.outputs)
        elif self._preview:
            identity, outputs = "", inputs
        else:
            identity = _identity(request.name, generation) if request.custom else ""
            outputs = inputs | _computed(request, inputs, generation)
        property_dependencies = {
            key: frozenset(_name(urn) for urn in listed.urns) for key, listed in request.propertyDependencies.items()
        }
        registered = Registered(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=_name(request.parent),
            dependencies=(
                frozenset(_name(urn) for urn in request.dependencies).union(*property_dependencies.values())
                - {request.name}
            ),
            inputs=inputs,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            replace_on_changes=tuple(request.replaceOnChanges),
            ignore_changes=tuple(request.ignoreChanges),
            secret_outputs=tuple(request.additionalSecretOutputs),
            id=identity,
            outputs=outputs,
            property_dependencies=property_dependencies,
            replacement_trigger=trigger,
            aliases=tuple(str(alias) for alias in request.aliases),
            provider=request.provider,
            generation=generation,
        )
        with self._lock:
            # The engine tells resources of different types apart, whatever they are called.
            key = request.name if request.name not in self.graph.resources else urn
            if key == urn and any(other.urn == urn for other in self.graph.resources.values()):
                raise AssertionError(f"two resources are named {request.name}")
            self.graph.resources[key] = registered
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=identity, object=json_format.ParseDict(outputs, struct_pb2.Struct())
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the name of the service's method)
        with self._lock:
            self.graph.registered_outputs.append(_name(request.urn))
            self.graph.told[_name(request.urn)] = json_format.MessageToDict(request.outputs)
        return empty_pb2.Empty()


class Refusing(mocks.Mocks):
    """Nothing may be asked or read: the program plans from its settings alone."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise AssertionError(f"the program reads {args.name}, which it did not make")

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        raise AssertionError(f"the program asks a provider ({args.token}) while it plans")


def _computed(request: Any, inputs: Mapping[str, Any], generation: int) -> dict[str, Any]:
    """Outputs as the engine's providers would fill them."""
    named = {} if "name" in inputs else {"name": f"{request.name}-1234567"}
    match request.type:
        case "pulumi:index:Stash":
            return {"output": inputs["input"]}
        case "docker:index/remoteImage:RemoteImage":
            return {"imageId": f"sha256:{inputs['name']}"}
        case "docker:index/container:Container":
            outputs = {**named, "exitCode": 0, "containerLogs": "done"}
            return {
                key: _sealed(item) if key in request.additionalSecretOutputs else item for key, item in outputs.items()
            }
        case "docker:index/network:Network" | "docker:index/volume:Volume":
            return named
        case "docker:index/registryImage:RegistryImage":
            return {"sha256Digest": f"sha256:{hashlib.sha256(inputs['name'].encode()).hexdigest()}"}
        case "pulumi:providers:docker" | "pulumi:providers:kubernetes" | "pulumi:providers:aws":
            return {}
        case kind if kind.startswith("aws:"):
            return aws_outputs(kind, request.name, inputs)
        case kind if kind.startswith("kubernetes:"):
            return _kubernetes_object(request.name, kind, inputs, generation)
        case _ if request.custom:
            raise AssertionError(f"no provider of this stack knows the type {request.type}")
        case _:
            return {}


def _kubernetes_object(name: str, kind: str, inputs: Mapping[str, Any], generation: int) -> dict[str, Any]:
    """What the provider adds: a name where there is none, another one for each replacement, and the address of a load
    balancer."""
    metadata = {"name": f"{name}-{generation}234567", **inputs.get("metadata", {})}
    outputs: dict[str, Any] = {"metadata": metadata}
    if kind == "kubernetes:core/v1:Service" and inputs["spec"].get("type") == "LoadBalancer":
        outputs["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    return outputs


def _identity(name: str, generation: int) -> str:
    return f"id-of-{name}" if generation == 1 else f"id-of-{name}-{generation}"


def _sealed(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def _without(inputs: Mapping[str, Any], ignored: set[str]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key not in ignored}


def record(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    preview: bool = False,
    stack: str = "dev",
    kept: Graph | None = None,
) -> Graph:
    """Run a program to its end, every Output resolved, and return what it registered and exported.

    `kept` is the graph of an update before, whose state this one finds.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recorder = Recorder(stack, preview=preview, kept=kept)
    mocks.set_mocks(Refusing(), project=PROJECT_NAME, stack=stack, preview=preview, monitor=recorder)
    exported: dict[str, pulumi.Output[Any]] = {}

    def run() -> None:
        for key, value in (program() or {}).items():
            exported[key] = pulumi.Output.from_input(value)

    async def everything() -> dict[str, Any]:
        await run_pulumi_func(run)
        return {key: await _resolved(value) for key, value in exported.items()}

    try:
        # An Output that was made outside of the program never resolves: a failure is better than no end.
        recorder.graph.outputs = loop.run_until_complete(asyncio.wait_for(everything(), timeout=600))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        settings.reset_options()
    return recorder.graph


async def _resolved(value: pulumi.Output[Any]) -> Any:
    if not await value.is_known():
        return UNKNOWN
    return {"secret": await value.is_secret(), "value": await value.future()}


def unwrapped(value: Any) -> Any:
    """A sent value without the envelopes of secrets."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return unwrapped(value["value"])
        return {key: unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value


def masked(value: Any) -> Any:
    """A sent value with "[secret]" in the place of secrets."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return "[secret]"
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def holds_secret(value: Any) -> bool:
    return masked(value) != value


def names(resources: Iterable[Registered]) -> set[str]:
    return {resource.name for resource in resources}


def _name(urn: str) -> str:
    name = urn.split("::")[-1]
    return "" if "pulumi:pulumi:Stack" in urn and "$" not in urn else name
