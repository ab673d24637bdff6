"""What the page is given, as JSON: nothing in it is a secret, and the same stack gives the same bytes."""

from __future__ import annotations

from typing import Any, TypedDict


class ResourceView(TypedDict):
    """One resource; others refer to it by its place in `StackView.resources`."""

    name: str
    """The name that the program gave."""

    type: str
    """Type token, for example `docker:index/container:Container`."""

    kind: str
    """Last part of the type, for example `Container`."""

    component: bool
    """True for a component, which exists in the program alone."""

    parent: int
    """Place of the parent; -1 at the top."""

    region: str
    """Place that it is in; empty for what all share."""

    card: int
    """Card that it is counted in."""

    needs: list[int]
    """Resources that it depends on directly."""

    options: dict[str, Any]
    """Options that are not the engine's defaults."""

    provider: str
    """Name of its provider; empty for the engine's own choice."""

    inputs: Any
    """Inputs, readable: a long text is `{"§": n}`, the n-th of `PageView.texts`."""


class CardView(TypedDict):
    """A component as the drawing shows it, with everything that it makes."""

    resource: int
    """The component itself."""

    title: str
    """Its name."""

    kind: str
    """Its class, for example `Microservice`."""

    role: str
    """Key of `PageView.roles`."""

    region: str
    """Place that it is drawn in; empty for what all share."""

    summary: str
    """What it stands for, from the docstring of its class."""

    facts: list[str]
    """What one wants to know of it at a glance."""

    copies: list[str]
    """Replicas or servers in it that are all the same, by their names in the drawing; empty where it is one thing."""

    makes: dict[str, int]
    """Kind of resource to how many of it, components left out."""

    needs: list[int]
    """Cards that must be there before it, directly."""


class LinkView(TypedDict):
    """What one component says to another one while the stack runs."""

    source: int
    """Card that begins the conversation; -1 is the client."""

    target: int
    """Card that answers."""

    kind: str
    """Key of `PageView.links`."""

    label: str
    """A few words, for the drawing."""

    detail: str
    """A sentence, for the details."""


class StepView(TypedDict):
    """One step of a request on its way through the stack."""

    title: str
    """Who has it."""

    text: str
    """What happens there."""

    card: int
    """The card; -1 is the client."""


class RegionView(TypedDict):
    """A place that can fail as a whole."""

    name: str
    """Its name."""

    card: int
    """Card of its own component; -1 when it has none."""

    facts: list[str]
    """What one wants to know of it at a glance."""


class PortView(TypedDict):
    """A port that something listens on."""

    region: str
    """Place; empty for what all share."""

    listens: str
    """Address and port, as one reaches it."""

    target: str
    """What answers, and on which port there."""

    protocol: str
    """`tcp`, `http`, …"""

    reach: str
    """From where it can be reached."""

    resource: int
    """Resource that opens it."""


class NetworkView(TypedDict):
    """A network, or a rule that opens or closes one."""

    region: str
    """Place; empty for what all share."""

    name: str
    """Its name."""

    kind: str
    """Kind of resource."""

    range: str
    """Addresses, in CIDR notation."""

    members: list[str]
    """What is attached, by the names that are known there."""

    resource: int
    """The resource."""


class SettingView(TypedDict):
    """One key of the stack file, as it is in force."""

    key: str
    """The key without `gostack:`, for example `regions.east.cidr`."""

    section: str
    """First part of the key."""

    value: Any
    """What is in force."""

    default: Any
    """What holds where the stack file says nothing."""

    required: bool
    """True when there is no default."""

    given: bool
    """True when the stack file says it."""

    meaning: str
    """The documentation of the key."""

    reason: str
    """Comment of the stack file on this key; empty without one."""


class StackView(TypedDict):
    """One stack."""

    name: str
    """Its name."""

    platform: str
    """`docker`, `kubernetes`, …"""

    file: str
    """The stack file."""

    introduction: str
    """First comment of the stack file."""

    regions: list[RegionView]
    """Places, the one of the primary first."""

    cards: list[CardView]
    """Components of the drawing."""

    resources: list[ResourceView]
    """Everything, in the order in which the program names it."""

    links: list[LinkView]
    """Who talks to whom."""

    walk: list[StepView]
    """A request, step by step."""

    ports: list[PortView]
    """Ports."""

    networks: list[NetworkView]
    """Networks."""

    settings: list[SettingView]
    """Settings."""


class SettingDifference(TypedDict):
    """A key that two stacks have different values for."""

    key: str
    """The key in the left stack; in the right one where the left has none."""

    right_key: str
    """The key in the right stack, where it is another one: regions are called differently."""

    left: Any
    """Value on the left; None where the key is not there."""

    right: Any
    """Value on the right."""

    left_there: bool
    """Whether the left stack has the key."""

    right_there: bool
    """Whether the right stack has the key."""

    meaning: str
    """The documentation of the key."""

    reasons: dict[str, str]
    """Stack to the comment of its file on this key."""


class PropertyDifference(TypedDict):
    """An input that two resources of the same type have different values for."""

    path: str
    """Dotted path of the input."""

    left: Any
    """Value on the left; None where it is absent."""

    right: Any
    """Value on the right."""

    count: int
    """Number of resources with exactly this difference."""

    examples: list[str]
    """Names of some of them, on the left."""


class GroupDifference(TypedDict):
    """A component, whatever number of times and in whatever regions, in two stacks."""

    title: str
    """Its name without the region, for example `ingress`."""

    kind: str
    """Its class."""

    role: str
    """Key of `PageView.roles`."""

    status: str
    """`same`, `changed`, `left only` or `right only`."""

    left: list[int]
    """Cards on the left."""

    right: list[int]
    """Cards on the right."""

    left_makes: dict[str, int]
    """Kind of resource to how many, on the left."""

    right_makes: dict[str, int]
    """The same on the right."""

    properties: list[PropertyDifference]
    """Inputs that differ, where both sides have resources of the same type."""

    more: int
    """Number of further differing inputs."""


class DifferenceView(TypedDict):
    """Two stacks side by side: the causes first, then what they make of each component."""

    left: str
    """Name of the one stack."""

    right: str
    """Name of the other one."""

    regions: list[list[str]]
    """Pairs of the regions that are compared with each other; an empty name where there is none."""

    settings: list[SettingDifference]
    """Causes."""

    defaults: int
    """Number of keys that only one side has and that have their default there: no cause of anything by themselves."""

    groups: list[GroupDifference]
    """Effects, by component."""


class PageView(TypedDict):
    """Everything that the page shows."""

    project: str
    """Name of the project."""

    roles: dict[str, str]
    """Role of a component to its title, in the order of the drawing's rows."""

    links: dict[str, str]
    """Kind of a link to its title."""

    stacks: list[StackView]
    """Stacks."""

    differences: list[DifferenceView]
    """Every two stacks, in the order of `stacks`."""

    texts: list[str]
    """Long texts of inputs, each once."""
