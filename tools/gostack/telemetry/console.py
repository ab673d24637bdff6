"""The console of a stack's telemetry, as commands ask it: on the paths by which a browser reads the stores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

from infra.outputs import CONSOLE_PAGE
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import demand_up

_ALERTS, _QUERY, _RANGE = "/alerts/api/v1/alerts", "/metrics/api/v1/query", "/metrics/api/v1/query_range"
_LONGEST_TEXT = 400


class TelemetryError(UserError):
    """The telemetry cannot tell; the text says why."""


@dataclass(frozen=True)
class Series:
    """A value of now, and what it is about."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Console:
    """A console at its URL."""

    url: str

    seconds: float = 10
    """Time in seconds for one answer."""

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        """Return the alerts that are pending or firing, as vmalert describes them; raises TelemetryError."""
        return mappings(self._data(_ALERTS).get("alerts"))

    def now(self, query: str) -> list[Series]:
        """Return what the metrics say to a question in PromQL, without what is no number; raises TelemetryError."""
        # Nothing that was kept from before, so that what was scraped last is in it.
        found = mappings(self._data(_QUERY, query=query, nocache="1").get("result"))
        series = [Series(mapping(one.get("metric")), float(one["value"][1])) for one in found]
        return [one for one in series if not math.isnan(one.value)]

    def since(self, query: str, seconds: int) -> list[tuple[float, float]]:
        """Return time, in seconds by the clock of the store, and value of a single series, for each of the last
        `seconds`; raises TelemetryError."""
        # By itself the store repeats what it had some seconds ago in the place of the newest values.
        span = {"start": f"-{seconds}s", "end": "now", "step": "1s", "nocache": "1", "latency_offset": "1ms"}
        found = mappings(self._data(_RANGE, query=query, **span).get("result"))
        return [(float(at), float(value)) for one in found for at, value in one["values"]]

    def _data(self, path: str, **fields: str) -> Mapping[str, Any]:
        url = self.url.rstrip("/") + path
        timeout = urllib3.Timeout(total=self.seconds)
        try:
            answer = urllib3.request("GET", url, fields=fields, retries=False, redirect=False, timeout=timeout)
            document = mapping(answer.json()) if answer.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise TelemetryError(
                f"{url} does not answer ({type(error).__name__}): see whether the telemetry's containers run."
            ) from None
        if document is None:
            said = answer.data.decode(errors="replace").strip()[:_LONGEST_TEXT]
            raise TelemetryError(f"{url} answers {answer.status} ({said}): see whether the telemetry's containers run.")
        return mapping(document.get("data"))


def console_of(outputs: Mapping[str, Any], stack: str) -> Console:
    """Return the console that a stack's outputs name; raises UserError where there is none."""
    demand_up(outputs, stack)
    url = mapping(outputs.get("dashboards")).get(CONSOLE_PAGE)
    if not url:
        raise UserError(f"the stack {stack} has no telemetry: set gostack:telemetry.enabled to true and run `make up`.")
    return Console(str(url))
