"""What requests did by the variant that they had, from the stack's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from tools.gostack.canary.figures import Figures, Sample
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.errors import UserError

METRIC = "feature_flag_request_duration_seconds"
"""Histogram of a service, with the labels `flag`, `variant` and `outcome` (`ok` or `failed`)."""

SCRAPED_SECONDS = 17
"""Time in seconds until what a service counts is in the store: services are scraped every 15 s."""

_QUERY = "/metrics/api/v1/query"
_SECONDS = 10


@dataclass(frozen=True)
class VariantMetrics:
    """Figures of one flag's variants over all replicas of a service."""

    console: str
    """URL of the telemetry's console."""

    service: str
    flag: str

    def figures(self, seconds: float) -> dict[str, Figures]:
        """Return variant to its figures of the last `seconds`; raises UserError when the store cannot tell."""
        requests = self._grown("count", "variant", seconds)
        failed = self._grown("count", "variant", seconds, ',outcome="failed"')
        slow = self._asked(f"histogram_quantile(0.99, {self._query('bucket', 'variant, le', seconds)})")
        return {
            variant: _figures(round(number), round(failed.get(variant, 0)), slow.get(variant, 0))
            for variant, number in requests.items()
        }

    def _grown(self, part: str, by: str, seconds: float, more: str = "") -> dict[str, float]:
        return self._asked(self._query(part, by, seconds, more))

    def _query(self, part: str, by: str, seconds: float, more: str = "") -> str:
        series = f'{METRIC}_{part}{{service="{self.service}",flag="{self.flag}"{more}}}'
        # Of a variant that is new, all of its first value counts, too. `increase` would guess.
        return f"sum by ({by}) (increase_pure({series}[{max(1, round(seconds))}s]))"

    def _asked(self, query: str) -> dict[str, float]:
        url = self.console.rstrip("/") + _QUERY
        try:
            answer = urllib3.request(
                "GET", url, fields={"query": query, "nocache": "1"}, retries=False, redirect=False, timeout=_SECONDS
            )
            data = mapping(answer.json()).get("data") if answer.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise UserError(f"{url} does not answer ({type(error).__name__}): see `gostack open dashboards`.") from None
        if data is None:
            raise UserError(f"{url} answers {answer.status}: see whether the telemetry's containers run.")
        return {_variant(one): float(one["value"][1]) for one in mappings(mapping(data).get("result"))}


def _variant(series: Mapping[str, Any]) -> str:
    return str(mapping(series.get("metric")).get("variant", ""))


def _figures(requests: int, failed: int, p99_seconds: float) -> Figures:
    # The store has sums: each request is given the time in which 99 % were answered, which is the only one that counts.
    return Figures([Sample(failed=number < failed, seconds=p99_seconds) for number in range(requests)])
