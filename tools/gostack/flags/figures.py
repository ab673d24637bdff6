"""What requests did by the variant that they had, from the stack's metrics."""

from __future__ import annotations

from dataclasses import dataclass

from tools.gostack.canary.figures import Figures, figures_by
from tools.gostack.telemetry.console import Console

METRIC = "feature_flag_request_duration_seconds"
"""Histogram of a service, with the labels `flag`, `variant` and `outcome` (`ok` or `failed`)."""

SCRAPED_SECONDS = 17
"""Time in seconds until what a service counts is in the store: services are scraped every 15 s."""


@dataclass(frozen=True)
class VariantMetrics:
    """Figures of one flag's variants over all replicas of a service."""

    console: Console
    service: str
    flag: str

    def figures(self, seconds: float) -> dict[str, Figures]:
        """Return variant to its figures of the last `seconds`; raises TelemetryError when the store cannot tell."""
        return figures_by(
            self.console,
            "variant",
            f"{max(1, round(seconds))}s",
            buckets=self._of("bucket"),
            errors=self._of("count", ',outcome="failed"'),
            requests=self._of("count"),
        )

    def _of(self, part: str, more: str = "") -> str:
        return f'{METRIC}_{part}{{service="{self.service}",flag="{self.flag}"{more}}}'
