"""A document in Consul that a service reads while it runs."""

from collections.abc import Mapping
from typing import TypedDict

from components.consul.args import ConsulReference
from components.region.args import RegionReference


class DynamicConfigurationArgs(TypedDict):
    """Inputs of such a document."""

    service: str
    """Name of the service."""

    region: RegionReference
    """Region whose replicas read it."""

    consul: ConsulReference
    """Datacenter of that region."""

    document: str
    """The document as JSON text; a changed one is in force within seconds, without a replica being replaced."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
