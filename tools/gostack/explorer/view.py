"""From recorded stacks to what the page shows: pure, and the same bytes for the same stacks."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from policy.resource import Options, Resource
from tools.gostack.explorer.catalogue import ROLES, kind_of, role_of, summary
from tools.gostack.explorer.comments import introduction, reasons
from tools.gostack.explorer.differences import difference
from tools.gostack.explorer.exposure import networks, ports
from tools.gostack.explorer.facts import card_copies, card_facts, made_by, region_facts, walk
from tools.gostack.explorer.model import CardView, PageView, RegionView, ResourceView, SettingView, StackView
from tools.gostack.explorer.placement import REGION, Placement
from tools.gostack.explorer.recording import RecordedStack
from tools.gostack.explorer.settings_table import settings_of
from tools.gostack.explorer.texts import Texts, readable_inputs
from tools.gostack.explorer.traffic import LINKS, links

PROJECT_NAME = "gostack"


def page_view(stacks: list[RecordedStack]) -> PageView:
    """Return everything that the page shows of these stacks."""
    texts = Texts()
    views = [_StackViewer(stack, texts).view() for stack in stacks]
    return {
        "project": PROJECT_NAME,
        "roles": ROLES,
        "links": LINKS,
        "stacks": views,
        "differences": [difference(left, right, texts.kept) for left, right in combinations(views, 2)],
        "texts": texts.kept,
    }


class _StackViewer:
    def __init__(self, stack: RecordedStack, texts: Texts) -> None:
        self.stack = stack
        self.texts = texts
        self.placement = Placement(stack.graph, stack.settings)
        self.resources = sorted(stack.graph, key=lambda item: item.urn)
        self.places = {resource.urn: place for place, resource in enumerate(self.resources)}

    def view(self) -> StackView:
        settings = self.stack.settings
        conversations = links(self.placement, settings)
        return {
            "name": self.stack.name,
            "platform": settings.platform,
            "file": f"Pulumi.{self.stack.name}.yaml",
            "introduction": introduction(self.stack.text),
            "regions": [self._region(name) for name in self.placement.places],
            "cards": [self._card(place) for place in range(len(self.placement.cards))],
            "resources": [self._resource(resource) for resource in self.resources],
            "links": conversations,
            "walk": walk(self.placement, settings, conversations),
            "ports": ports(self.placement, self._place),
            "networks": networks(self.placement, self._place),
            "settings": self._settings(),
        }

    def _place(self, resource: Resource) -> int:
        return self.places[resource.urn]

    def _region(self, name: str) -> RegionView:
        place = self.placement.find(name, REGION)
        return {"name": name, "card": -1 if place is None else place, "facts": self._region_facts(name)}

    def _region_facts(self, name: str) -> list[str]:
        made = [
            f"{network['kind']} {network['range'] or network['name']}"
            for network in networks(self.placement, self._place)
            if network["region"] == name and network["kind"] in ("Namespace", "VPC")
        ]
        return [*region_facts(name, self.stack.settings), *made]

    def _card(self, place: int) -> CardView:
        card = self.placement.cards[place]
        kind = kind_of(card.resource)
        return {
            "resource": self._place(card.resource),
            "title": card.resource.name,
            "kind": kind,
            "role": role_of(kind),
            "region": card.region,
            "summary": summary(kind, self.stack.settings.platform),
            "facts": card_facts(card, self.stack.settings),
            "copies": card_copies(card, self.stack.settings),
            "makes": made_by(card),
            "needs": self.placement.needs(place),
        }

    def _resource(self, resource: Resource) -> ResourceView:
        return {
            "name": resource.name,
            "type": resource.type,
            "kind": kind_of(resource),
            "component": not resource.custom,
            "parent": self.places.get(resource.parent, -1),
            "region": self.placement.region_of(resource),
            "card": self.placement.card_of(resource.urn),
            "needs": sorted(self.places[urn] for urn in resource.dependencies if urn in self.places),
            "options": _options(resource.options),
            "provider": "" if resource.has_default_provider else resource.provider_name,
            "inputs": readable_inputs(resource, self.texts),
        }

    def _settings(self) -> list[SettingView]:
        said = reasons(self.stack.text)
        return [
            {
                "key": setting.key,
                "section": setting.key.split(".")[0],
                "value": setting.value,
                "default": setting.default,
                "required": setting.required,
                "given": setting.given,
                "meaning": setting.meaning,
                "reason": said.get(setting.key, ""),
            }
            for setting in settings_of(self.stack.settings)
        ]


def _options(options: Options) -> dict[str, Any]:
    told: dict[str, Any] = {
        "protect": options.protect,
        "retainOnDelete": options.retain_on_delete,
        "deleteBeforeReplace": options.delete_before_replace,
        "ignoreChanges": list(options.ignore_changes),
        "replaceOnChanges": list(options.replace_on_changes),
        "additionalSecretOutputs": list(options.additional_secret_outputs),
        "aliases": list(options.aliases),
    }
    return {key: value for key, value in told.items() if value not in (False, None, [])}
