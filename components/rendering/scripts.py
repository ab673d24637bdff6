"""First processes of containers, as shell scripts: files are written from the environment, as the root is read-only.

The scripts are in the folder `shell`, each with what it reads from the environment.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "shell"

RELEASES = "/var/lib/ingress"
"""Volume with the ingress's configuration releases; `current` is the one in force."""

INGRESS_HEALTH = f"test -e /tmp/ready && {{ [ ! -e {RELEASES}/current/nginx.conf ] || kill -0 $(cat /tmp/nginx.pid); }}"
"""Health of the ingress: it waits for its first release, or its own Nginx runs."""

RELEASE_HEALTH = 'test "$(curl -fsS --max-time 1 http://127.0.0.1:8081/release)" = "$(cat /tmp/release)"'
"""Health of a configuration release: passes while Nginx serves the release of this container."""

DYNAMIC_CONFIGURATION_HEALTH = 'test "$(wget -q -O - "http://127.0.0.1:8500/v1/kv/$KEY?raw")" = "$(cat /tmp/document)"'
"""Health of a dynamic configuration: passes while Consul holds the document of this container."""

PROBE_TIMEOUT_SECONDS = 40
"""Time in seconds that a health probe may take; it needs less."""

_PROBE = """\
if [ -e /tmp/.healthy ]; then sleep 15; {{ {command}; }} && exit 0; rm -f /tmp/.healthy; exit 1; fi
for attempt in $(seq 60); do if {{ {command}; }}; then touch /tmp/.healthy; exit 0; fi; sleep 0.3; done; exit 1"""


def health_probe(command: str) -> str:
    """Return a Docker health check around `command` that asks often until it succeeds, then every 15 s.

    The engine begins each probe with a new process inside the container. With one every other second in each of some
    forty containers that alone kept a core busy; and a container that starts was known to be well only at the next one.
    """
    return _PROBE.format(command=command)


def script(*names: str) -> str:
    """Return the text of a script, or of several, one after the other; raises FileNotFoundError for an unknown one."""
    return "".join((_FOLDER / f"{name}.sh").read_text(encoding="utf-8") for name in names)
