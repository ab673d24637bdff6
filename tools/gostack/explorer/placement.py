"""Where everything is drawn: the region of each resource, and the components that are cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from infra.settings import Settings
from policy.resource import Graph, Resource
from tools.gostack.explorer.catalogue import kind_of, order_of

REGION = "Region"
"""Class of the components that are places; its card is the heading of a column."""


@dataclass(frozen=True)
class Card:
    """A component of the drawing."""

    resource: Resource
    """The component."""

    region: str
    """Its place; empty for what all share."""

    members: list[Resource] = field(default_factory=list[Resource])
    """Everything that it makes and that no other card shows."""


class Placement:
    """The cards of a stack, and which one each resource belongs to."""

    def __init__(self, graph: Graph, settings: Settings) -> None:
        # The program registers what can be made side by side in any order.
        self.graph = graph = Graph.of(sorted(graph, key=lambda item: item.urn))
        self.places = _places(graph, settings)
        self._regions = {item.urn: region for item, region in self._with_regions()}
        roots = [item for item in graph if not item.parent]
        self.cards: list[Card] = []
        self._card_of: dict[str, int] = {}
        for root in sorted(roots, key=lambda item: (order_of(kind_of(item)), item.name)):
            self._lay(root)

    def region_of(self, resource: Resource) -> str:
        """Return the place of a resource; empty for what all share."""
        return self._regions[resource.urn]

    def card_of(self, urn: str) -> int:
        """Return the place in `cards` of the card that a resource belongs to."""
        return self._card_of[urn]

    def find(self, name: str, *kinds: str) -> int | None:
        """Return the card of the component with a name and one of these classes; None where there is none.

        A name alone does not tell: a service may be called like another part of the stack.
        """
        return next((place for kind in kinds if (place := self._by_kind_and_name.get((kind, name))) is not None), None)

    @cached_property
    def _by_kind_and_name(self) -> dict[tuple[str, str], int]:
        return {(card.resource.kind, card.resource.name): place for place, card in enumerate(self.cards)}

    def of_kind(self, *kinds: str) -> list[int]:
        """Return the cards of any of these classes."""
        return [place for place, card in enumerate(self.cards) if card.resource.kind in kinds]

    def needs(self, place: int) -> list[int]:
        """Return the cards that must be there before a card, directly."""
        found = {
            self._card_of[urn]
            for item in self.cards[place].members
            for urn in item.dependencies
            if urn in self._card_of
        }
        return sorted(found - {place})

    def _lay(self, resource: Resource) -> None:
        place = len(self.cards)
        card = Card(resource, self.region_of(resource))
        self.cards.append(card)
        waiting = [resource]
        apart: list[Resource] = []
        while waiting:
            current = waiting.pop(0)
            card.members.append(current)
            self._card_of[current.urn] = place
            for child in self.graph.children(current):
                # A component that spans regions leaves its parts in them to cards of their own.
                if not card.region and not child.custom and self.region_of(child):
                    apart.append(child)
                else:
                    waiting.append(child)
        for child in sorted(apart, key=lambda item: (order_of(kind_of(item)), item.name)):
            self._lay(child)

    def _with_regions(self) -> Iterable[tuple[Resource, str]]:
        known: dict[str, str] = {}
        for resource in sorted(self.graph, key=lambda item: len(self.graph.ancestors(item))):
            region = known.get(resource.parent, "") or region_in(resource.name, self.places)
            known[resource.urn] = region
            yield resource, region


def region_in(name: str, places: Iterable[str]) -> str:
    """Return the place whose name is a part of a resource's name, the longest one; empty when there is none."""
    found = [place for place in places if f"-{place}-" in f"-{name}-"]
    return max(found, key=len, default="")


def without_region(name: str, region: str) -> str:
    """Return a resource's name without its region: what is the same in each of them."""
    return f"-{name}-".replace(f"-{region}-", "-", 1).strip("-") if region else name


def _places(graph: Graph, settings: Settings) -> list[str]:
    ordered = settings.ordered_regions()
    others = sorted(item.name for item in graph if item.kind == REGION and item.name not in ordered)
    return [*ordered, *others]
