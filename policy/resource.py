"""The neutral form of a recorded resource: what rules, reports and the explorer look at, wherever it was recorded.

It holds no value of a secret: `Marker.SECRET` stands in its place, so that whoever prints a resource prints no secret.
`policy.readers` makes these from a recorded graph, a preview, a stack's exported state, or what the engine tells a
policy pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, cast

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


class Marker(StrEnum):
    """What stands in the place of a value that is not there to be read. Compares and prints as its text."""

    SECRET = "[secret]"  # noqa: S105  (what stands in its place)
    """A secret."""

    UNKNOWN = "[unknown]"
    """Not known before the update runs."""


@dataclass(frozen=True)
class Options:
    """Options of a resource that decide what an update or a `destroy` does with it."""

    protect: bool = False
    """The engine refuses to delete it."""

    retain_on_delete: bool | None = False
    """A deletion forgets it and leaves it where it is; None where the source does not tell."""

    delete_before_replace: bool | None = None
    """Whether a replacement deletes first; None where nobody said so, or the source does not tell."""

    ignore_changes: tuple[str, ...] = ()
    """Inputs whose changes are not looked at."""

    replace_on_changes: tuple[str, ...] = ()
    """Inputs whose changes replace it."""

    additional_secret_outputs: tuple[str, ...] = ()
    """Outputs that are secret whatever the provider says."""

    aliases: tuple[str, ...] = ()
    """Earlier URNs."""


@dataclass(frozen=True)
class Resource:
    """One resource as the engine is told of it, with no value of a secret."""

    urn: str
    type: str
    """Type token, for example `docker:index/container:Container`."""

    name: str
    """The name that the program gave; the platform's own may differ."""

    custom: bool = True
    """False for a component, which exists in the program alone."""

    parent: str = ""
    """URN of the parent; empty for the stack itself and for what stands directly below it."""

    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs under the names that providers know (camelCase); `Marker` for secrets and unknown values."""

    outputs: Mapping[str, Any] | None = None
    """Outputs in the same form; None where the source has none."""

    id: str = ""
    """Identity on the platform; empty while it is unknown and for components."""

    options: Options = Options()

    provider: str = ""
    """URN of the explicit or default provider; empty for components and where nobody chose one."""

    dependencies: frozenset[str] = frozenset()
    """URNs of the resources that it depends on directly, by value or by `depends_on`; not its parent."""

    property_dependencies: Mapping[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])
    """Input to the URNs of the resources that it takes values from."""

    @property
    def stack(self) -> str:
        """Name of the stack, by the URN."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    @property
    def package(self) -> str:
        """Package of the type: `docker`, `kubernetes`, `aws`, `gostack`, `pulumi`."""
        return self.type.split(":", 1)[0]

    @property
    def kind(self) -> str:
        """Last part of the type: `Container`, `Deployment`, `SecurityGroup`."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def is_provider(self) -> bool:
        """Whether it is itself a provider."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_default_provider(self) -> bool:
        """Whether it is a provider that the engine made by itself."""
        return self.is_provider and _engine_made(self.name)

    @property
    def provider_name(self) -> str:
        """Name of its provider; the engine's own are called `default` or `default_<version>`."""
        return self.provider.split("::")[-1]

    @property
    def has_default_provider(self) -> bool:
        """Whether the engine chose the provider, from what lies around on the machine."""
        return _engine_made(self.provider_name)

    def at(self, path: str, default: Any = None) -> Any:
        """Return the input at a path such as `spec.template.spec.containers`, or the default.

        Segments are keys of objects; numbers are positions in lists. A `Marker` on the way is what is returned: what is
        below it cannot be read.
        """
        return value_at(self.inputs, path, default)


def _engine_made(provider: str) -> bool:
    return provider == "default" or provider.startswith("default_")


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object, and an empty one for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def listing(value: Any) -> list[Any]:
    """Return a value that is a list, and an empty one for anything else."""
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []


def value_at(value: Any, path: str, default: Any = None) -> Any:
    """Return what lies at a dotted path of objects and lists, the first `Marker` on the way, or the default."""
    current = value
    for segment in path.split("."):
        if isinstance(current, Marker):
            return current
        items = listing(current)
        if segment in mapping(current):
            current = mapping(current)[segment]
        elif segment.isdecimal() and int(segment) < len(items):
            current = items[int(segment)]
        else:
            return default
    return default if current is None else current


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Return (dotted path, text) of every text in a value, however deep; markers are left out."""
    if isinstance(value, Marker):
        return
    if isinstance(value, str):
        yield path, value
    for key, item in [*mapping(value).items(), *enumerate(listing(value))]:
        yield from texts(item, f"{path}.{key}" if path else str(key))


@dataclass(frozen=True)
class Graph:
    """The resources of one stack, in the order in which they were recorded."""

    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Graph:
        """Return a graph of any resources."""
        return cls(tuple(resources))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """URN to resource."""
        return {resource.urn: resource for resource in self.resources}

    @property
    def stack(self) -> str:
        """Name of the stack; empty for an empty graph."""
        return self.resources[0].stack if self.resources else ""

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of any of these type tokens."""
        return [resource for resource in self.resources if resource.type in types]

    def of_kind(self, package: str, *kinds: str) -> list[Resource]:
        """Return a package's resources of any of these kinds, whatever their module or API version."""
        return [item for item in self.resources if item.package == package and item.kind in kinds]

    def named(self, name: str) -> list[Resource]:
        """Return the resources with a name; of different types there may be several."""
        return [resource for resource in self.resources if resource.name == name]

    def provider_of(self, resource: Resource) -> Resource | None:
        """Return the provider of a resource; None where it is not part of the graph."""
        return self.by_urn.get(resource.provider)

    def parent_of(self, resource: Resource) -> Resource | None:
        """Return the parent; None at the top."""
        return self.by_urn.get(resource.parent)

    def ancestors(self, resource: Resource) -> list[Resource]:
        """Return the parent, its parent, and so on; the stack itself is not among them."""
        found: list[Resource] = []
        current = self.parent_of(resource)
        while current is not None and current.type != STACK_TYPE:
            found.append(current)
            current = self.parent_of(current)
        return found

    def children(self, resource: Resource) -> list[Resource]:
        """Return the resources directly below one."""
        return [item for item in self.resources if item.parent == resource.urn]

    def used_by(self, resource: Resource) -> list[Resource]:
        """Return the resources that depend directly on one."""
        return [item for item in self.resources if resource.urn in item.dependencies]
