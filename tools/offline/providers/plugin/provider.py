"""What a provider double answers, free of gRPC: one method for each question of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from tools.offline.providers.plugin.values import Properties


class ProviderError(Exception):
    """The operation failed and nothing of it is to be recorded; the text is what the user reads."""


class InitializationFailed(Exception):  # noqa: N818  # the name of the engine's own message
    """The resource exists, but never became ready: the engine records it, and the next update takes it up again."""

    def __init__(
        self, resource_id: str, message: str, reasons: list[str], outputs: Properties, inputs: Properties | None = None
    ) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.reasons = [message, *reasons]
        self.outputs = outputs
        self.inputs = inputs


@dataclass(frozen=True)
class Failure:
    """An input that is refused."""

    property: str
    """Its path, for example `spec.replicas`; empty when the resource as a whole is refused."""
    reason: str


class Change(Enum):
    """What happens to one property; the names are those of `pulumirpc.PropertyDiff.Kind`."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5

    @property
    def replaces(self) -> bool:
        """Whether the resource has to be made anew for it."""
        return self in (Change.ADD_REPLACE, Change.DELETE_REPLACE, Change.UPDATE_REPLACE)

    def replacing(self) -> Change:
        """The same change, now one that replaces the resource."""
        return Change[f"{self.name.removesuffix('_REPLACE')}_REPLACE"]


@dataclass(frozen=True)
class Difference:
    """What an update would change."""

    changes: dict[str, Change] = field(default_factory=dict[str, Change])
    """By the path of the property."""
    delete_first: bool = False
    """The old resource has to go before the new one can be made."""
    of_inputs: bool = True
    """New inputs were compared with old inputs; otherwise with the resource as it was last seen."""

    @property
    def replaces(self) -> list[str]:
        """The paths that make a replacement necessary."""
        return sorted(path for path, change in self.changes.items() if change.replaces)


@dataclass(frozen=True)
class Autonaming:
    """The name that the engine proposes (the `pulumi:autonaming` setting)."""

    proposed: str
    mode: str
    """`PROPOSE`, `ENFORCE` or `DISABLE`."""


@dataclass(frozen=True)
class Resource:
    """The resource that a question is about."""

    urn: str
    id: str = ""

    @property
    def type(self) -> str:
        """Its type token, for example `aws:ec2/vpc:Vpc`."""
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.split("::", 3)[3]


class Log(Protocol):
    """Where a double tells the user something."""

    def warning(self, urn: str, text: str) -> None:
        """A line among the diagnostics of the resource."""
        ...

    def status(self, urn: str, text: str) -> None:
        """The text in the resource's line while it is being worked on."""
        ...


class Provider(Protocol):
    """A provider double. Every method may raise `ProviderError`; those that make something, `InitializationFailed`."""

    version: str

    def check_config(self, news: Properties) -> list[Failure]:
        """Judge the configuration; called before `configure`."""
        ...

    def diff_config(self, olds: Properties, news: Properties) -> Difference:
        """What a change of the configuration means for the resources of the provider."""
        ...

    def configure(self, config: Properties, log: Log) -> None:
        """Take the configuration over."""
        ...

    def check(
        self, resource: Resource, olds: Properties, news: Properties, seed: bytes, autonaming: Autonaming | None
    ) -> tuple[Properties, list[Failure]]:
        """The inputs with what the provider adds to them, and those it refuses."""
        ...

    def diff(
        self, resource: Resource, old_inputs: Properties, old_outputs: Properties, news: Properties, ignored: list[str]
    ) -> Difference:
        """What would change, and whether in place."""
        ...

    def create(self, resource: Resource, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Make the resource and return its identifier, empty in a preview, and its outputs.

        `timeout` is in seconds; 0 is the default of the type.
        """
        ...

    def read(self, resource: Resource, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The inputs and outputs as they are now; None when the resource is gone."""
        ...

    def update(
        self,
        resource: Resource,
        old_outputs: Properties,
        news: Properties,
        timeout: float,
        ignored: list[str],
        preview: bool,
    ) -> Properties:
        """Change the resource in place and return its outputs."""
        ...

    def delete(self, resource: Resource, outputs: Properties, timeout: float) -> None:
        """Remove the resource and return when it is gone."""
        ...

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """The answer of a function."""
        ...

    def cancel(self) -> None:
        """End what is going on as soon as possible."""
        ...
