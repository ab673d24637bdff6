"""Kinds of services that there are skeletons of."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a service answers."""

    HTTP = "http"
    GRPC = "grpc"
    WORKER = "worker"
