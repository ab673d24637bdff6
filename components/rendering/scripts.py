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


def script(name: str) -> str:
    """Return the text of a script; raises FileNotFoundError for a name that is none."""
    return (_FOLDER / f"{name}.sh").read_text(encoding="utf-8")
