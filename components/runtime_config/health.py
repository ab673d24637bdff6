"""How a container tells that Consul holds its document."""

from __future__ import annotations

DYNAMIC_CONFIGURATION_HEALTH = 'test "$(wget -q -O - "http://127.0.0.1:8500/v1/kv/$KEY?raw")" = "$(cat /tmp/document)"'
"""Health of a dynamic configuration: passes while Consul holds the document of this container."""
