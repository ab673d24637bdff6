"""Health checks of containers on Docker."""

from __future__ import annotations

PROBE_TIMEOUT_SECONDS = 40
"""Time in seconds that a health probe may take; it needs less."""

_PROBE = """\
if [ -e /tmp/.healthy ]; then sleep 15; {{ {command}; }} && exit 0; mv /tmp/.healthy /tmp/.unhealthy; exit 1; fi
if [ -e /tmp/.unhealthy ]; then sleep 3; {{ {command}; }} || exit 1; mv /tmp/.unhealthy /tmp/.healthy; exit 0; fi
for attempt in $(seq 60); do if {{ {command}; }}; then touch /tmp/.healthy; exit 0; fi; sleep 0.3; done; exit 1"""


def health_probe(command: str) -> str:
    """Return a Docker health check around `command` that asks often until it first succeeds, then every 15 s, and every
    3 s while what was healthy is not.

    The engine begins each probe with a new process inside the container. With one every other second in each of some
    forty containers that alone kept a core busy; and a container that starts was known to be well only at the next one.
    What is away for minutes makes many containers unhealthy at once: asking each as often as at its start would starve
    what still serves.
    """
    return _PROBE.format(command=command)
