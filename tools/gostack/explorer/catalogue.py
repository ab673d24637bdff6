"""What each class of component stands for: its role in the drawing, and its own docstring."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

import pulumi

import components
from policy.resource import Resource

ROLES = {
    "front": "DNS and load balancers",
    "entry": "Way in",
    "service": "Services",
    "data": "Database",
    "discovery": "Discovery",
    "platform": "Networks and clusters",
    "supply": "Images",
    "trust": "Certificates, keys and secrets",
    "watch": "Telemetry, alarms and cost",
    "provider": "Providers",
    "other": "Other",
}
"""Role to its title, in the order of the drawing's rows."""

_CLASSES = {
    "front": "GlobalDns NetworkLoadBalancer",
    "entry": "Ingress ServiceGateway",
    "service": "Microservice DynamicConfiguration ScheduledTasks Job",
    "data": "MySqlProxy MySqlCluster MySqlMember Database DatabaseMember ServiceDatabase Accessory ElastiCache"
    " ServiceVolumes",
    "discovery": "ConsulDatacenter",
    "platform": "Region Backbone Cluster ClusterDefaults Network TargetBinding DnsDrain",
    "supply": "Registry ReleasedImage ServiceImage UpstreamImages",
    "trust": "CertificateAuthority Certificate CertificateClient PublicCertificate EncryptionKey GossipKey SigningKeys"
    " GeneratedPassword",
    "watch": "Telemetry AlarmTopic Budget",
}
"""Role to its classes, in the order in which a request meets them."""

_ROLE_OF_CLASS = {cls: role for role, classes in _CLASSES.items() for cls in classes.split()}
_ORDER = list(_ROLE_OF_CLASS)

_PROVIDER = "Where the resources of a region are made: the account, the cluster and the region, said explicitly."


def kind_of(resource: Resource) -> str:
    """Return the class of a component, or the kind of a resource; a provider's is named after its package."""
    return f"{resource.kind.capitalize()}Provider" if resource.is_provider else resource.kind


def order_of(kind: str) -> int:
    """Return where a class stands among the cards of a place: what a request meets first comes first."""
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def role_of(kind: str) -> str:
    """Return the role of a class of components; `other` for one that nobody has said it of."""
    return "provider" if kind.endswith("Provider") else _ROLE_OF_CLASS.get(kind, "other")


def summary(kind: str, platform: str) -> str:
    """Return the docstring of a class as one paragraph; empty when there is no such class.

    Platforms have classes of the same names: that of the platform counts before that of the others.
    """
    if kind.endswith("Provider"):
        return _PROVIDER
    found = _docstrings()
    nearest = sorted(found.get(kind, {}).items(), key=lambda item: (f".{platform}." not in f"{item[0]}.", item[0]))
    return nearest[0][1] if nearest else ""


@cache
def _docstrings() -> dict[str, dict[str, str]]:
    """Class to module to docstring, for every component of the project."""
    found: dict[str, dict[str, str]] = {}
    for module_info in pkgutil.walk_packages(components.__path__, "components."):
        module = importlib.import_module(module_info.name)
        for name, item in inspect.getmembers(module, inspect.isclass):
            if issubclass(item, pulumi.ComponentResource) and item.__module__ == module_info.name:
                found.setdefault(name, {})[module_info.name] = " ".join((inspect.getdoc(item) or "").split())
    return found
