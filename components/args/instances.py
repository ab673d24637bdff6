"""What a pod offers to others and how Consul checks it."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict


class CheckArgs(TypedDict):
    """How Consul checks an instance."""

    protocol: str
    """What is asked: a path (`http`), a connection (`tcp`), or gRPC health checking (`grpc`)."""

    path: NotRequired[str]
    """For `http`: path, with or without a query, that answers 2xx; "/" when it is not given."""

    live_path: NotRequired[str]
    """On Kubernetes, for `http`: path that answers 2xx unless only a restart helps; without it a TCP connection is
    enough."""

    interval: str
    """Time between two checks, for example "1s"."""

    timeout: str
    """Time after which a check has failed, for example "500ms"."""

    failures: NotRequired[int]
    """Checks in a row that must fail before the instance gets nothing any more; 1 when it is not given."""


class ServiceInstanceArgs(TypedDict):
    """What a pod offers to others, as its agent registers it."""

    service: str
    """Name of the service."""

    id: NotRequired[str]
    """Name of the instance, unique in the pod; the service's own by default."""

    port: int
    """Port on which the pod answers."""

    check: NotRequired[CheckArgs]
    """How Consul checks it."""

    ttl: NotRequired[str]
    """Given instead of `check`: the instance reports itself, and counts as failed when it has not done so for this
    long, for example "3s". Its report goes to the check with the instance's name."""

    tags: Sequence[str]
    """Tags by which it can be asked for."""

    metadata: Mapping[str, str]
    """What else Consul tells of it."""
