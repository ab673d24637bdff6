"""A document in Consul that a service reads while it runs."""

from components.consul.args import RegionalArgs

DYNAMIC_CONFIGURATION_HEALTH = 'test "$(wget -q -O - "http://127.0.0.1:8500/v1/kv/$KEY?raw")" = "$(cat /tmp/document)"'
"""Health of a container that keeps such a document: passes while Consul holds the document of this container."""


class DynamicConfigurationArgs(RegionalArgs):
    """Inputs of such a document."""

    service: str
    """Name of the service."""

    document: str
    """The document as JSON text; a changed one is in force within seconds, without a replica being replaced."""
