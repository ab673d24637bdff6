"""Where the ingress keeps its configuration releases, and how a container tells which one is in force."""

from __future__ import annotations

RELEASES = "/var/lib/ingress"
"""Volume with the ingress's configuration releases; `current` is the one in force."""

INGRESS_HEALTH = f"test -e /tmp/ready && {{ [ ! -e {RELEASES}/current/nginx.conf ] || kill -0 $(cat /tmp/nginx.pid); }}"
"""Health of the ingress: it waits for its first release, or its own Nginx runs."""

RELEASE_HEALTH = 'test "$(curl -fsS --max-time 1 http://127.0.0.1:8081/release)" = "$(cat /tmp/release)"'
"""Health of a configuration release: passes while Nginx serves the release of this container."""
