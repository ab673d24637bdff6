"""Where a service's metrics are. Declared once: the stack file, its registration and a pod's annotations share it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.section import Section, shaped


class Metrics(Section):
    """Metrics that a program offers in Prometheus' text format, and that are scraped from every replica.

    Who may call the program by its name may read them, and so may clients where a route leads to the path.
    """

    path: Annotated[str, shaped("/[A-Za-z0-9._~!*,;=:@%/-]*", "a URL path", "/metrics")] = "/metrics"
    """Path at which they are."""

    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    """Port inside the container; the program's own when it is not given."""

    def metadata(self, own_port: int) -> dict[str, str]:
        """Return where a scraper that asks Consul finds them."""
        port = {"metrics_port": str(self.port)} if self.port not in (None, own_port) else {}
        return {"metrics_path": self.path, **port}

    def annotations(self, own_port: int) -> dict[str, str]:
        """Return those by which scrapers find a pod that do not ask Consul."""
        return {
            "prometheus.io/scrape": "true",
            "prometheus.io/path": self.path,
            "prometheus.io/port": str(self.port or own_port),
        }
