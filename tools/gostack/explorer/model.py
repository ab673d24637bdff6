"""What the page is given, as JSON: nothing in it is a secret, and the same stack gives the same bytes."""

from __future__ import annotations

from typing import Any, TypedDict


class ResourceView(TypedDict):
    """One resource; others refer to it by its place in `StackView.resources`."""

    name: str  # the name that the program gave
    type: str  # type token, for example `docker:index/container:Container`
    kind: str  # last part of the type, for example `Container`
    component: bool  # true for a component, which exists in the program alone
    parent: int  # place of the parent; -1 at the top
    region: str  # place that it is in; empty for what all share
    card: int  # card that it is counted in
    needs: list[int]  # resources that it depends on directly
    options: dict[str, Any]  # options that are not the engine's defaults
    provider: str  # name of its provider; empty for the engine's own choice
    inputs: Any  # inputs, readable: a long text is `{"§": n}`, the n-th of `PageView.texts`


class CardView(TypedDict):
    """A component as the drawing shows it, with everything that it makes."""

    resource: int  # the component itself
    title: str
    kind: str  # its class, for example `Microservice`
    role: str  # key of `PageView.roles`
    region: str  # place that it is drawn in; empty for what all share
    summary: str  # what it stands for, from the docstring of its class
    facts: list[str]  # what one wants to know of it at a glance
    # replicas or servers in it that are all the same, by their names in the drawing; empty where it is one thing
    copies: list[str]
    makes: dict[str, int]  # kind of resource to how many of it, components left out
    needs: list[int]  # cards that must be there before it, directly


class LinkView(TypedDict):
    """What one component says to another one while the stack runs."""

    source: int  # card that begins the conversation; -1 is the client
    target: int  # card that answers
    kind: str  # key of `PageView.links`
    label: str  # a few words, for the drawing
    detail: str  # a sentence, for the details


class StepView(TypedDict):
    """One step of a request on its way through the stack."""

    title: str  # who has it
    text: str  # what happens there
    card: int  # the card; -1 is the client


class RegionView(TypedDict):
    """A place that can fail as a whole."""

    name: str
    card: int  # card of its own component; -1 when it has none
    facts: list[str]  # what one wants to know of it at a glance


class PortView(TypedDict):
    """A port that something listens on."""

    region: str  # place; empty for what all share
    listens: str  # address and port, as one reaches it
    target: str  # what answers, and on which port there
    protocol: str  # `tcp`, `http`, …
    reach: str  # from where it can be reached
    resource: int  # resource that opens it


class NetworkView(TypedDict):
    """A network, or a rule that opens or closes one."""

    region: str  # place; empty for what all share
    name: str
    kind: str  # kind of resource
    range: str  # addresses, in CIDR notation
    members: list[str]  # what is attached, by the names that are known there
    resource: int


class SettingView(TypedDict):
    """One key of the stack file, as it is in force."""

    key: str  # the key without `gostack:`, for example `regions.east.cidr`
    section: str  # first part of the key
    value: Any  # what is in force
    default: Any  # what holds where the stack file says nothing
    required: bool  # true when there is no default
    given: bool  # true when the stack file says it
    meaning: str  # the documentation of the key
    reason: str  # comment of the stack file on this key; empty without one


class StackView(TypedDict):
    """One stack."""

    name: str
    platform: str  # `docker`, `kubernetes`, …
    file: str  # the stack file
    introduction: str  # first comment of the stack file
    regions: list[RegionView]  # places, the one of the primary first
    cards: list[CardView]  # components of the drawing
    resources: list[ResourceView]  # everything, in the order in which the program names it
    links: list[LinkView]  # who talks to whom
    walk: list[StepView]  # a request, step by step
    ports: list[PortView]
    networks: list[NetworkView]
    settings: list[SettingView]


class SettingDifference(TypedDict):
    """A key that two stacks have different values for."""

    key: str  # the key in the left stack; in the right one where the left has none
    right_key: str  # the key in the right stack, where it is another one: regions are called differently
    left: Any  # value on the left; None where the key is not there
    right: Any  # value on the right
    left_there: bool  # whether the left stack has the key
    right_there: bool  # whether the right stack has the key
    meaning: str  # the documentation of the key
    reasons: dict[str, str]  # stack to the comment of its file on this key


class PropertyDifference(TypedDict):
    """An input that two resources of the same type have different values for."""

    path: str  # dotted path of the input
    left: Any  # value on the left; None where it is absent
    right: Any  # value on the right
    count: int  # number of resources with exactly this difference
    examples: list[str]  # names of some of them, on the left


class GroupDifference(TypedDict):
    """A component, whatever number of times and in whatever regions, in two stacks."""

    title: str  # its name without the region, for example `ingress`
    kind: str
    role: str  # key of `PageView.roles`
    status: str  # `same`, `changed`, `left only` or `right only`
    left: list[int]  # cards on the left
    right: list[int]  # cards on the right
    left_makes: dict[str, int]  # kind of resource to how many, on the left
    right_makes: dict[str, int]  # the same on the right
    properties: list[PropertyDifference]  # inputs that differ, where both sides have resources of the same type
    more: int  # number of further differing inputs


class DifferenceView(TypedDict):
    """Two stacks side by side: the causes first, then what they make of each component."""

    left: str  # name of the one stack
    right: str  # name of the other one
    # pairs of the regions that are compared with each other; an empty name where there is none
    regions: list[list[str]]
    settings: list[SettingDifference]  # causes
    # number of keys that only one side has and that have their default there: no cause of anything by themselves
    defaults: int
    groups: list[GroupDifference]  # effects, by component


class PageView(TypedDict):
    """Everything that the page shows."""

    project: str
    roles: dict[str, str]  # role of a component to its title, in the order of the drawing's rows
    links: dict[str, str]  # kind of a link to its title
    stacks: list[StackView]
    differences: list[DifferenceView]  # every two stacks, in the order of `stacks`
    texts: list[str]  # long texts of inputs, each once
