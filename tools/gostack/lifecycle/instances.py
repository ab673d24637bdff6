"""What Consul knows of the services' replicas, and how that differs from what the settings ask for.

Read only, and the same wherever Consul answers over HTTP: what to do about a difference is others' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

from infra.settings import Settings

SCHEDULES = "schedules"
"""In the place of a track: what begins the runs of a service that are due."""

_PATIENCE_SECONDS = 5.0
_PASSING = "passing"


class DiscoveryError(RuntimeError):
    """Consul of a region could not be asked; the text is one sentence."""


@dataclass(frozen=True, order=True)
class Place:
    """Where replicas of one kind run."""

    service: str
    track: str
    """`stable`, `canary`, or SCHEDULES."""

    region: str

    def __str__(self) -> str:
        return f"{self.service} ({self.track}) in {self.region}"


@dataclass(frozen=True)
class Instance:
    """One replica as Consul knows it."""

    place: Place

    node: str
    """Name of its agent: the replica's name and its pod's identity, with a hyphen between them; the identity alone
    where both are too long for a DNS label."""

    address: str
    """Where clients of its region reach it."""

    passing: bool
    """Whether every check of it, and of its agent, passes."""

    reason: str
    """What the checks that do not pass say; empty when all do."""

    @property
    def replica(self) -> str:
        """Name of the replica."""
        return self.node.rpartition("-")[0] or self.node

    @property
    def pod(self) -> str:
        """Identity of its pod."""
        return self.node.rpartition("-")[2]


@dataclass(frozen=True)
class Standing:
    """How many replicas of a place pass, and which do not."""

    place: Place
    wanted: int

    instances: tuple[Instance, ...] = ()
    """Those that are registered, passing or not."""

    @property
    def passing(self) -> int:
        """How many pass."""
        return sum(instance.passing for instance in self.instances)

    @property
    def lacks(self) -> bool:
        """Whether fewer replicas pass than the settings ask for; otherwise those that fail are beside enough others."""
        return self.passing < self.wanted

    def __str__(self) -> str:
        more = "" if self.lacks else ", and others beside them do not"
        return f"{self.place}: {self.passing} of {self.wanted} replicas pass their check{more}"


def wanted_replicas(settings: Settings) -> dict[Place, int]:
    """Return how many replicas the settings ask for in each place, canaries among them."""
    return {
        Place(name, track.name, region): track.replicas
        for name, service in settings.services.items()
        for track in service.tracks()
        for region in settings.regions
    }


def wanted_schedulers(settings: Settings) -> dict[Place, int]:
    """Return the places of what begins the runs that are due, on Docker: one in each region."""
    return {
        Place(name, SCHEDULES, region): 1
        for name, service in settings.services.items()
        for region in settings.regions
        if service.schedules
    }


def registered_replicas(services: Iterable[str], region: str, url: str) -> list[Instance]:
    """Return the replicas that a region's Consul knows, passing or not; raises DiscoveryError.

    `url` is where its HTTP interface answers.
    """
    with urllib3.PoolManager(retries=False, timeout=_PATIENCE_SECONDS) as pool:
        return [
            _instance(service, region, entry)
            for service in services
            for entry in _asked(pool, region, f"{url}/v1/health/service/{quote(service)}")
        ]


def compared(wanted: Mapping[Place, int], instances: Iterable[Instance]) -> list[Standing]:
    """Return how each place stands, sorted."""
    known = list(instances)
    return [
        Standing(place, number, tuple(instance for instance in known if instance.place == place))
        for place, number in sorted(wanted.items())
    ]


def forget_agents(region: str, url: str, pods: Iterable[str]) -> list[str]:
    """Make a region's Consul forget agents that died without a word and whose pod is not one of these.

    Returns their names; raises DiscoveryError.
    """
    kept = set(pods)
    forgotten: list[str] = []
    with urllib3.PoolManager(retries=False, timeout=_PATIENCE_SECONDS) as pool:
        for member in _asked(pool, region, f"{url}/v1/agent/members"):
            name = str(member["Name"])
            if member["Status"] == _FAILED and member["Tags"].get("role") == "node" and _pod(name) not in kept:
                _asked(pool, region, f"{url}/v1/agent/force-leave/{quote(name)}?prune", method="PUT")
                forgotten.append(name)
    return forgotten


# https://pkg.go.dev/github.com/hashicorp/serf/serf#MemberStatus
_FAILED = 4


def _pod(node: str) -> str:
    return node.rpartition("-")[2]


def _instance(service: str, region: str, entry: Mapping[str, Any]) -> Instance:
    tags: list[str] = entry["Service"]["Tags"] or [""]
    failing = [check for check in entry["Checks"] if check["Status"] != _PASSING]
    # The replica's own words before those on its agent.
    failing.sort(key=lambda check: not check["ServiceID"])
    return Instance(
        place=Place(service, tags[0], region),
        node=str(entry["Node"]["Node"]),
        address=str(entry["Service"]["Address"] or entry["Node"]["Address"]),
        passing=not failing,
        reason=" ".join(str(failing[0]["Output"]).split()) if failing else "",
    )


def _asked(pool: urllib3.PoolManager, region: str, url: str, method: str = "GET") -> list[Any]:
    try:
        answer = pool.request(method, url)
    except urllib3.exceptions.HTTPError as error:
        raise DiscoveryError(f"Consul of {region} gives no answer at {url} ({type(error).__name__}).") from None
    if answer.status != 200:
        raise DiscoveryError(f"Consul of {region} answers {answer.status} at {url}: {answer.data.decode().strip()}.")
    return answer.json() if method == "GET" else []
