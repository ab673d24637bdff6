"""Settings of a canary: a second track of a service, and how its walk to all clients is judged."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from components.images.build_options import BuildOptions
from components.ingress.tracks import CanaryTraffic
from infra.settings.base import FilePath, ImageReference, Section
from infra.settings.environment import Variables


class AnalysisSettings(Section):
    """How `gostack promote` walks a canary to all clients, and what sends it back."""

    steps: Annotated[list[Annotated[int, Field(ge=1, le=100)]], Field(min_length=1)] = Field(default=[5, 25, 50, 100])
    """Weights in percent, one after the other; the last one is 100."""

    interval_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    """Time in seconds between two looks at the figures of both tracks."""

    checks: Annotated[int, Field(ge=1, le=1000)] = 3
    """Looks in a row that must find nothing wrong before the next step."""

    threshold: Annotated[int, Field(ge=1, le=100)] = 2
    """Looks in a row that find something wrong, or no data, after which the canary is rolled back."""

    minimum_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """Requests of the canary since the step began; fewer are no data."""

    quiet_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Time in seconds since the step began during which fewer requests speak neither for nor against a canary; after
    it one request is enough. For a service that is asked seldom; 0: fewer requests are held against it at once."""

    error_percent: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Highest share in percent of the canary's requests that may end in a 5xx."""

    p99_milliseconds: Annotated[int, Field(ge=1, le=600_000)] = 800
    """Longest time in milliseconds in which the canary must answer 99 % of its requests. 1, 1.25, 1.5, 2, 2.5, 3, 4,
    5, 6 and 8 times a power of ten are judged exactly, others within a third between these."""

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if self.steps != sorted(set(self.steps)) or self.steps[-1] != 100:
            raise ValueError(f"steps are {self.steps}: write rising weights that end with 100.")
        return self


class CanarySettings(CanaryTraffic):
    """A second track of a service beside the stable one."""

    context: FilePath | None = None
    """Folder with the Go module of the new version, relative to the project; the service's own when neither this nor
    `image` is given."""

    build: BuildOptions | None = None
    """How `context` is built, all of it; as the service's own source when it is not given."""

    image: ImageReference | None = None
    """Image of the new version, instead of `context`."""

    replicas: Annotated[int, Field(ge=1, le=20)] = 1
    """Number of replicas in each region."""

    environment: Variables = Field(default_factory=dict[str, str])
    """Environment variables beside those of the service, or instead of them."""

    analysis: AnalysisSettings = AnalysisSettings()
    """How `gostack promote` judges it."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.context is not None and self.image is not None:
            raise ValueError("canary has a context and an image: remove one of them.")
        if self.build is not None and self.context is None:
            raise ValueError("canary.build has a meaning only with canary.context: remove it, or add the folder.")
        return self

    def traffic(self, weight: int | None = None) -> CanaryTraffic:
        """Return what the ingress is told of it, with another weight in percent where one is given."""
        return CanaryTraffic(weight=self.weight if weight is None else weight, match=self.match)
