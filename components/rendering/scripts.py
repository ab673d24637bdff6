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


def script(*names: str) -> str:
    """Return the text of a script, or of several, one after the other; raises FileNotFoundError for an unknown one."""
    return "".join((_FOLDER / f"{name}.sh").read_text(encoding="utf-8") for name in names)
