"""What a rule is: a pure function over resources, with a name, a level and the environments in which it holds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from policy.resource import Graph, Marker, Resource


class Level(StrEnum):
    """What a violation does."""

    MANDATORY = "mandatory"
    """It stops the update."""

    ADVISORY = "advisory"
    """It is told."""


class Environment(StrEnum):
    """The kind of stack that is judged."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


EVERYWHERE = frozenset(Environment)
SHARED = frozenset({Environment.STAGING, Environment.PROD})
PROD_ALONE = frozenset({Environment.PROD})
STAGING_ALONE = frozenset({Environment.STAGING})


class Scope(StrEnum):
    """How much of a stack a rule has to see."""

    RESOURCE = "resource"
    """One resource and its provider: the engine asks before it makes the resource."""

    STACK = "stack"
    """All resources: the engine asks at the end of a preview."""


@dataclass(frozen=True)
class Finding:
    """What a rule has found: the message names the resource, the property and the fix."""

    resource: Resource
    path: str
    """Path of the input, or the option, that is wrong."""

    problem: str
    """What is wrong, as the end of a sentence that begins with the property."""

    fix: str
    """What to do, as an imperative."""

    @property
    def message(self) -> str:
        """One sentence."""
        return f"{self.resource.name} ({self.resource.type}): {self.path} {self.problem}; {self.fix}."


Findings = Iterable[Finding]
ResourceCheck = Callable[[Resource], Findings]
ContextCheck = Callable[[Resource, "Context"], Findings]
StackCheck = Callable[[Graph], Findings]


@dataclass(frozen=True)
class Context:
    """What a rule about one resource may look at beside it."""

    graph: Graph
    """The stack as far as it is known: in the engine it is the resource and its provider alone."""

    environment: Environment


@dataclass(frozen=True)
class Rule:
    """One rule."""

    name: str
    """Name under which a violation is told, and under which an exemption names it."""

    description: str
    """What is demanded and why, in a sentence."""

    level: Level
    environments: frozenset[Environment]
    scope: Scope
    check: Callable[[Graph, Environment], Findings]
    """Judges a whole graph."""

    def judge(self, graph: Graph, environment: Environment) -> list[Finding]:
        """Return what the rule finds in a graph; nothing where it does not hold.

        What is not known before the update runs, or is a secret, is not wrong.
        """
        if environment not in self.environments:
            return []
        found = self.check(graph, environment)
        return [finding for finding in found if not isinstance(finding.resource.at(finding.path), Marker)]


def resource_rule(
    name: str, *, level: Level = Level.MANDATORY, environments: frozenset[Environment] = EVERYWHERE
) -> Callable[[ResourceCheck], Rule]:
    """Make a rule of a function that judges one resource after the other; its docstring is the description."""

    def make(check: ResourceCheck) -> Rule:
        def judge(graph: Graph, _: Environment) -> Findings:
            for resource in graph:
                yield from check(resource)

        return Rule(name, _description(check), level, environments, Scope.RESOURCE, judge)

    return make


def context_rule(
    name: str, *, level: Level = Level.MANDATORY, environments: frozenset[Environment] = EVERYWHERE
) -> Callable[[ContextCheck], Rule]:
    """Make a rule of a function that judges one resource by its provider or its environment."""

    def make(check: ContextCheck) -> Rule:
        def judge(graph: Graph, environment: Environment) -> Findings:
            context = Context(graph, environment)
            for resource in graph:
                yield from check(resource, context)

        return Rule(name, _description(check), level, environments, Scope.RESOURCE, judge)

    return make


def stack_rule(
    name: str, *, level: Level = Level.MANDATORY, environments: frozenset[Environment] = EVERYWHERE
) -> Callable[[StackCheck], Rule]:
    """Make a rule of a function that judges all resources together."""

    def make(check: StackCheck) -> Rule:
        return Rule(name, _description(check), level, environments, Scope.STACK, lambda graph, _: check(graph))

    return make


def _description(check: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(check) or "").split())


def environment_of(stack: str, packages: Iterable[str] = ()) -> Environment:
    """Return the stricter of the environments that a stack's name and the packages of its resources stand for.

    A stack on AWS is judged as prod, one on Kubernetes at least as staging, whatever it is called.
    """
    made_of = set(packages)
    for environment, package in ((Environment.PROD, "aws"), (Environment.STAGING, "kubernetes")):
        if package in made_of or stack == environment or stack.startswith(f"{environment}-"):
            return environment
    return Environment.DEV


def packages_of(resources: Iterable[Resource]) -> set[str]:
    """Return the packages that resources come from; a provider counts as what it provides."""
    return {resource.kind if resource.is_provider else resource.package for resource in resources}
