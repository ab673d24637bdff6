"""A document in Consul that a service reads while it runs."""

from components.consul.args import RegionalArgs


class DynamicConfigurationArgs(RegionalArgs):
    """Inputs of such a document."""

    service: str
    """Name of the service."""

    document: str
    """The document as JSON text; a changed one is in force within seconds, without a replica being replaced."""
