"""Runs the program against a monitor that records every registration, and returns them as plain data.

A recording is handed out only after the program has ended and every Output is resolved. It says nothing about what the
engine or a provider does with a registration: nothing is created.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

import pulumi
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func

from tools.gostack.explorer.aws_outputs import (
    aws_outputs,
)

# The SDK keeps both to itself, and whoever reads what was sent must know them.
SIGNATURE: str = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage]
SECRET: str = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]
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
    parent_urn: str
    """URN of the parent; empty for the stack itself."""

    dependency_urns: frozenset[str]
    """URNs of the resources that it depends on, directly."""

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

    property_dependency_urns: Mapping[str, frozenset[str]]
    """Input to URNs of the resources that it was made from."""

    replacement_trigger: Any
    aliases: tuple[str, ...]
    provider: str

    generation: int
    """How often it was made: 1, and one more for each update in which its inputs or its trigger had changed."""

    @property
    def parent(self) -> str:
        """Name of the parent; empty for the stack itself."""
        return name_of(self.parent_urn)

    @property
    def dependencies(self) -> frozenset[str]:
        """Names of the resources that it depends on, directly."""
        return frozenset(map(name_of, self.dependency_urns))

    @property
    def property_dependencies(self) -> dict[str, frozenset[str]]:
        """Input to names of the resources that it was made from."""
        return {key: frozenset(map(name_of, urns)) for key, urns in self.property_dependency_urns.items()}

    def plain(self, key: str) -> Any:
        """An input without the envelopes of secrets."""
        return unwrapped(self.inputs.get(key))

    def is_secret(self, key: str) -> bool:
        """Whether an input, or a part of it, was sent as a secret."""
        return holds_secret(self.inputs.get(key))

    @property
    def labels(self) -> dict[str, str]:
        """Labels of a container, network or volume."""
        found: list[dict[str, str]] = self.plain("labels") or []
        return {item["label"]: item["value"] for item in found}

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of a container."""
        found: list[str] = self.plain("envs") or []
        return {name: value for name, _, value in (variable.partition("=") for variable in found)}


@dataclass(frozen=True)
class JobEnd:
    """What the engine says of a container that ran to its end."""

    exit_code: int | None = 0
    """None when its end was not seen."""

    logs: str = "done"
    """What it printed."""


@dataclass
class Recording:
    """Everything that a program registered, in its order, and what it exported."""

    registered: dict[str, Registered] = field(default_factory=dict[str, Registered])
    """By URN, which alone tells a resource from all others: names may be equal where types differ."""

    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the program exported: a value and whether it is secret, or `UNKNOWN`."""

    finished: list[str] = field(default_factory=list[str])
    """URNs of the components that registered their outputs, once for each time."""

    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """URN of a component to its outputs, secrets in their envelope."""


class Recorder(mocks.MockMonitor):
    """A monitor that answers like the engine and remembers what it was told.

    With `kept`, the recording of an update before, it answers from that state: what did not change keeps its identity
    and its outputs, a stashed value stays until its trigger changes. In a preview, outputs of what would be made are
    unknown. `ends` names the containers that end otherwise than well.
    """

    def __init__(
        self, stack: str, *, preview: bool, kept: Recording | None, ends: Mapping[str, JobEnd] | None = None
    ) -> None:
        super().__init__(Refusing())
        self.recording = Recording()
        self._stack = stack
        self._preview = preview
        self._ends = ends or {}
        self._kept = kept.registered if kept is not None else {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it: with the types of all ancestors but the stack."""
        ancestors = parent.split("::")[2] if parent else ""
        qualified = type_ if ancestors in ("", STACK) else f"{ancestors}${type_}"
        return "::".join([f"urn:pulumi:{self._stack}", PROJECT_NAME, qualified, name])

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the service's method)
        """Remember a resource and answer as the engine would."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = json_format.MessageToDict(request.object)
        trigger = json_format.MessageToDict(request.replacement_trigger)
        ignored = set(request.ignoreChanges)
        before = self._kept.get(urn)
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
            outputs = inputs | _computed(request, inputs, generation, self._ends)
        property_dependencies = {key: frozenset(listed.urns) for key, listed in request.propertyDependencies.items()}
        registered = Registered(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent_urn="" if f"::{STACK}::" in request.parent else request.parent,
            dependency_urns=frozenset(request.dependencies).union(*property_dependencies.values()) - {urn},
            inputs=inputs,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            replace_on_changes=tuple(request.replaceOnChanges),
            ignore_changes=tuple(request.ignoreChanges),
            secret_outputs=tuple(request.additionalSecretOutputs),
            id=identity,
            outputs=outputs,
            property_dependency_urns=property_dependencies,
            replacement_trigger=trigger,
            aliases=tuple(str(alias) for alias in request.aliases),
            provider=request.provider,
            generation=generation,
        )
        if urn in self.recording.registered:
            raise ValueError(f"the program registers {urn} twice")
        self.recording.registered[urn] = registered
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=identity)
        answer.object.update(outputs)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the name of the service's method)
        """Remember the outputs of a component."""
        self.recording.finished.append(request.urn)
        self.recording.component_outputs[request.urn] = json_format.MessageToDict(request.outputs)
        return empty_pb2.Empty()


class Refusing(mocks.Mocks):
    """Nothing may be asked or read: the program plans from its settings alone."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Refuse to read a resource."""
        raise AssertionError(f"the program reads {args.name}, which it did not make")

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse to ask a provider."""
        raise AssertionError(f"the program asks a provider ({args.token}) while it plans")


_P = ParamSpec("_P")
_T = TypeVar("_T")


class AtOnce(ThreadPoolExecutor):
    """Runs what it is given in the thread that asks: the monitor keeps nobody waiting, threads would."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Return what has already ended."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (whoever waits for it raises it)
            future.set_exception(error)
        return future


def _computed(request: Any, inputs: Mapping[str, Any], generation: int, ends: Mapping[str, JobEnd]) -> dict[str, Any]:
    """Outputs as the engine's providers would fill them."""
    # As the engine does: a replacement has another name.
    named = {} if "name" in inputs else {"name": f"{request.name}-{generation}234567"}
    match request.type:
        case "pulumi:index:Stash":
            return {"output": inputs["input"]}
        case "docker:index/remoteImage:RemoteImage":
            return {"imageId": f"sha256:{inputs['name']}"}
        case "docker:index/container:Container":
            end = ends.get(request.name, JobEnd())
            outputs = {**named, "exitCode": end.exit_code, "containerLogs": end.logs}
            return {
                key: _sealed(item) if key in request.additionalSecretOutputs else item
                for key, item in outputs.items()
                if item is not None
            }
        case "docker:index/network:Network":
            return named
        case "docker:index/volume:Volume":
            return {**named, "mountpoint": f"/var/lib/docker/volumes/{request.name}/_data"}
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
    kept: Recording | None = None,
    ends: Mapping[str, JobEnd] | None = None,
) -> Recording:
    """Run a program to its end, every Output resolved, and return what it registered and exported.

    `kept` is the recording of an update before, whose state this one finds; `ends` says which containers end otherwise
    than well. Raises what the program raised.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(AtOnce())
    asyncio.set_event_loop(loop)
    recorder = Recorder(stack, preview=preview, kept=kept, ends=ends)
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
        recorder.recording.outputs = loop.run_until_complete(asyncio.wait_for(everything(), timeout=600))
    except BaseException:
        # Whatever waited for the one that failed would say the same again, each when it is collected.
        loop.set_exception_handler(_silent)
        raise
    finally:
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
        settings.reset_options()
    return recorder.recording


def _silent(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of what a task ended with."""
    del loop, context


async def _resolved(value: pulumi.Output[Any]) -> Any:
    if not await value.is_known():
        return UNKNOWN
    return {"secret": await value.is_secret(), "value": await value.future()}


def unwrapped(value: Any) -> Any:
    """Return a sent value without the envelopes of secrets."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        if found.get(SIGNATURE) == SECRET:
            return unwrapped(found["value"])
        return {key: unwrapped(item) for key, item in found.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in cast("list[Any]", value)]
    return value


def masked(value: Any) -> Any:
    """Return a sent value with "[secret]" in the place of secrets."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        if found.get(SIGNATURE) == SECRET:
            return "[secret]"
        return {key: masked(item) for key, item in found.items()}
    if isinstance(value, list):
        return [masked(item) for item in cast("list[Any]", value)]
    return value


def holds_secret(value: Any) -> bool:
    """Return whether a sent value, or a part of it, is a secret."""
    return masked(value) != value


def name_of(urn: str) -> str:
    """The name in a URN; empty for the stack's own and for none."""
    name = urn.split("::")[-1]
    return "" if f"::{STACK}::" in urn else name
