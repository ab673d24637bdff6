"""What each class of component stands for: its role in the drawing, and its own docstring."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

import pulumi

import components

ROLES = {
    "entry": "Way in",
    "service": "Services",
    "data": "Database",
    "discovery": "Discovery",
    "platform": "Networks and clusters",
    "supply": "Images",
    "trust": "Certificates and secrets",
    "other": "Other",
}
"""Role to its title, in the order of the drawing's rows."""

_ROLE_OF_CLASS = {
    "GlobalDns": "entry",
    "Ingress": "entry",
    "DynamicConfiguration": "service",
    "Microservice": "service",
    "MySqlCluster": "data",
    "MySqlMember": "data",
    "Database": "data",
    "ServiceDatabase": "data",
    "ConsulDatacenter": "discovery",
    "Backbone": "platform",
    "Cluster": "platform",
    "Network": "platform",
    "Region": "platform",
    "Registry": "supply",
    "ReleasedImage": "supply",
    "ServiceImage": "supply",
    "UpstreamImages": "supply",
    "Certificate": "trust",
    "CertificateAuthority": "trust",
    "GeneratedPassword": "trust",
    "GossipKey": "trust",
}


def role_of(kind: str) -> str:
    """Return the role of a class of components; `other` for one that nobody has said it of."""
    return _ROLE_OF_CLASS.get(kind, "other")


def summary(kind: str, platform: str) -> str:
    """Return the docstring of a class as one paragraph; empty when there is no such class.

    Platforms have classes of the same names: that of the platform counts before that of the others.
    """
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
