"""Settings of a canary: a second track of a service, and how its walk to all clients is judged."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from components.rendering.names import NGINX_WORDS
from infra.settings.base import FilePath, ImageReference, Section, shaped
from infra.settings.environment import Variables

Percent = Annotated[int, Field(ge=0, le=100)]
"""A share in percent."""


_HEADER = shaped("[A-Za-z][A-Za-z0-9-]{0,62}", "the name of a header", "X-User-Tag")
_HEADER_VALUE = shaped("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}", "a value that can be matched", "beta-2")


def _header(value: str) -> str:
    if value.lower() in ("x-region", "cookie", "host", "authorization"):
        raise ValueError(f'"{value}" has a meaning of its own: match another header, for example X-User-Tag.')
    return value


def _header_value(value: str) -> str:
    if value.lower() in NGINX_WORDS:
        raise ValueError(f'"{value}" is a word that nginx gives a meaning of its own: match another value.')
    return value


class HeaderMatchSettings(Section):
    """A request header that leads to the canary."""

    header: Annotated[str, _HEADER, AfterValidator(_header)]
    """Name, for example X-App-Version or X-User-Tag."""

    value: Annotated[
        str,
        _HEADER_VALUE,
        AfterValidator(_header_value),
    ]
    """Value; upper and lower case are the same."""


class AnalysisSettings(Section):
    """How `make promote` walks a canary to all clients, and what sends it back."""

    steps: Annotated[list[Annotated[int, Field(ge=1, le=100)]], Field(min_length=1)] = Field(default=[5, 25, 50, 100])
    """Weights in percent, one after the other; the last one is 100."""

    interval_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    """Time in seconds between two looks at the ingress's figures."""

    checks: Annotated[int, Field(ge=1, le=1000)] = 3
    """Looks in a row that must find nothing wrong before the next step."""

    threshold: Annotated[int, Field(ge=1, le=100)] = 2
    """Looks in a row that find something wrong, or no data, after which the canary is rolled back."""

    minimum_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """Requests of the canary since the step began; fewer are no data."""

    error_percent: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Highest share in percent of the canary's requests that may end in a 5xx."""

    p99_milliseconds: Annotated[int, Field(ge=1, le=600_000)] = 800
    """Longest time in milliseconds in which 99 % of the canary's requests must be answered."""

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if self.steps != sorted(set(self.steps)) or self.steps[-1] != 100:
            raise ValueError(f"steps are {self.steps}: write rising weights that end with 100.")
        return self


class CanarySettings(Section):
    """A second track of a service beside the stable one."""

    context: FilePath | None = None
    """Folder with the Go module of the new version, relative to the project; the service's own when neither this nor
    `image` is given."""

    image: ImageReference | None = None
    """Image of the new version, instead of `context`."""

    weight: Percent = 0
    """Share of the clients in percent that get the canary; each keeps its track. 0 -> 100 is a blue/green switch."""

    match: list[HeaderMatchSettings] = Field(default_factory=list[HeaderMatchSettings])
    """Headers that lead to the canary whatever the weight."""

    replicas: Annotated[int, Field(ge=1, le=20)] = 1
    """Number of replicas in each region."""

    environment: Variables = Field(default_factory=dict[str, str])
    """Environment variables beside those of the service, or instead of them; none of them a secret."""

    analysis: AnalysisSettings = AnalysisSettings()
    """How `make promote` judges it."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.context is not None and self.image is not None:
            raise ValueError("canary has a context and an image: remove one of them.")
        return self
