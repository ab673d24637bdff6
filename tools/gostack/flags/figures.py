"""What requests did by the variant that they had, from the stack's metrics."""

from __future__ import annotations

from dataclasses import dataclass

from tools.gostack.canary.figures import Figures
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
        # In this order: what is asked later has more, and so no failure is without its request.
        slow = self._by_variant(f"histogram_quantile(0.99, {self._grown('bucket', 'variant, le', seconds)})")
        failed = self._by_variant(self._grown("count", "variant", seconds, ',outcome="failed"'))
        requests = self._by_variant(self._grown("count", "variant", seconds))
        return {
            variant: Figures(round(number), round(failed.get(variant, 0)), 1000 * slow.get(variant, 0))
            for variant, number in requests.items()
        }

    def _grown(self, part: str, by: str, seconds: float, more: str = "") -> str:
        series = f'{METRIC}_{part}{{service="{self.service}",flag="{self.flag}"{more}}}'
        # Of a variant that is new, all of its first value counts, too. `increase` would guess.
        return f"sum by ({by}) (increase_pure({series}[{max(1, round(seconds))}s]))"

    def _by_variant(self, query: str) -> dict[str, float]:
        return {one.labels.get("variant", ""): one.value for one in self.console.now(query)}
