"""What the programs of the telemetry read at their start, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from components.consul.args import ConsulReference
from components.mysql.args import MySqlMonitoring
from components.telemetry.architecture import Architecture
from components.text import rendered

HOST = "telemetry"
"""Name of the pod in the network of every region."""

COLLECTOR = "gostack-collector"
"""Name of the collector's image."""

COLLECTOR_SOURCE = "components/telemetry/collector"
"""Folder of its source, relative to the project."""

CONSOLE = "gostack-console"
"""Name of the console's image."""

CONSOLE_SOURCE = "components/telemetry/console"
"""Folder of its source, relative to the project."""

CONSOLE_ADDRESS = "127.0.0.1"
"""The console has no login: on Docker it is never opened beyond this machine."""

CONSOLE_HOSTS = ("localhost", "*.localhost", CONSOLE_ADDRESS)
"""Names by which a browser may ask for it: it is always at a port of the browser's own machine."""

METRICS_PORT, LOGS_PORT, ALERTS_PORT, OTLP_PORT, CONSOLE_PORT = 8428, 9428, 8880, 4318, 3000

TRACKS_INTERVAL_SECONDS = 2
"""Time in seconds between two readings of what a canary is judged by."""

METRICS_URL = f"http://127.0.0.1:{METRICS_PORT}/metrics"
LOGS_URL = f"http://127.0.0.1:{LOGS_PORT}/logs"
ALERTS_URL = f"http://127.0.0.1:{ALERTS_PORT}/alerts"
"""Where the containers of the pod reach each other."""

OTLP_ENDPOINT = f"http://{HOST}:{OTLP_PORT}"
"""Where services send what an OpenTelemetry SDK makes of their work."""

MEMORY_MIB = {"metrics": 256, "logs": 192, "alerts": 64}
"""Memory limit in MiB of the programs that others publish; what they give themselves, in their arguments, is less."""

CONTAINERS, CGROUPS, STATE = "/containers", "/cgroups", "/state"
"""Folders of the collector: the engine's containers and the machine's control groups, both read-only, and its own."""

MYSQL_PASSWORD, MYSQL_AUTHORITY = "/etc/gostack/mysql-password", "/etc/gostack/mysql-authority.pem"
"""Files of the collector, with which it asks the members of MySQL."""


def scrape_configuration(datacenters: Sequence[ConsulReference], certificate_client: str) -> str:
    """Return what VictoriaMetrics scrapes: whatever the datacenters know, their servers, the telemetry itself, and the
    certificate client at `certificate_client`, host and port; empty where there is none."""
    return rendered(
        "telemetry/templates/scrape.yml.j2",
        datacenters=datacenters,
        certificate_client=certificate_client,
        metrics=f"127.0.0.1:{METRICS_PORT}",
        logs=f"127.0.0.1:{LOGS_PORT}",
        alerts=f"127.0.0.1:{ALERTS_PORT}",
        collector=f"127.0.0.1:{OTLP_PORT}",
        tracks_interval=TRACKS_INTERVAL_SECONDS,
    )


def collector_configuration(
    stack: str,
    certificates: Mapping[str, str],
    hosts: Sequence[str],
    redact: Sequence[str],
    mysql: MySqlMonitoring | None = None,
    namespaces: Sequence[str] = (),
) -> str:
    """Return what the collector reads; `certificates` is region to host and port of the ingress there, `hosts`
    are those whose certificates are watched, `mysql` is how the members of the database are asked, `namespaces` are
    those of the stack's pods where there are any: then the cluster tells of them, and no folder of a machine."""
    members = {} if mysql is None else {"members": dict(mysql["addresses"]), "user": mysql["user"]}
    return _json(
        {
            "stack": stack,
            **({"namespaces": list(namespaces)} if namespaces else {"containers": CONTAINERS, "cgroups": CGROUPS}),
            "state": STATE,
            "listen": f":{OTLP_PORT}",
            "logs": LOGS_URL,
            "certificates": dict(certificates),
            "hosts": list(hosts),
            "redact": list(redact),
            "mysql": members and {**members, "password": MYSQL_PASSWORD, "authority": MYSQL_AUTHORITY},
        }
    )


def console_configuration(stack: str, hosts: Sequence[str], architecture: Architecture) -> str:
    """Return what the console reads; `hosts` are the names by which a browser may ask for it."""
    return _json(
        {
            "stack": stack,
            "listen": f":{CONSOLE_PORT}",
            "hosts": list(hosts),
            "metrics": METRICS_URL,
            "logs": LOGS_URL,
            "alerts": ALERTS_URL,
            "architecture": architecture,
        }
    )


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
