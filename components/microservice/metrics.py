"""Where a service's metrics are. Declared once: the stack file, its registration and a pod's annotations share it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from components.section import Section

_PATH = re.compile(r"/[A-Za-z0-9._~!*,;=:@%/-]*")


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise ValueError(f'"{value}" is not a URL path; write it like "/metrics".')
    return value


class Metrics(Section):
    """Metrics that a service offers in Prometheus' text format, and that are scraped from every replica.

    Who may call the service by its name may read them, and so may clients where a route leads to the path.
    """

    path: Annotated[str, AfterValidator(_path)] = "/metrics"
    """Path at which they are."""

    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    """Port inside the container; the service's own when it is not given."""
