"""Settings of a service: what a team writes to put its Go program into the stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, SecretStr, field_validator, model_validator

from components.images.build_options import DEFAULT_DOCKERFILE, BuildOptions
from components.ingress.route import Route
from components.ingress.tracks import CANARY, STABLE
from components.microservice.schedule import Schedule
from components.microservice.task import Hooks, Task
from components.microservice.tokens import Tokens
from components.microservice.workload import Workload
from components.telemetry.objectives import Objective
from infra.settings.base import FilePath, ImageReference, Name, shaped
from infra.settings.canary import CanarySettings
from infra.settings.database import DatabaseSettings, MigrationsSettings
from infra.settings.environment import Variables, require_own, require_size
from infra.settings.ports import port_problems
from infra.settings.secrets import Secrets
from infra.settings.workers import kind_problems

_PACKAGE = r"\.|(\./)?[A-Za-z0-9_][A-Za-z0-9_.~+-]*(/[A-Za-z0-9_][A-Za-z0-9_.~+-]*)*/?"
LARGEST_DOCUMENT = 65_536
"""Bytes of a service's dynamic configuration: it travels in a variable, of which Linux takes 128 KiB."""


@dataclass(frozen=True)
class Track:
    """One version of a service that serves: the stable one or the canary."""

    name: str
    """`stable` or `canary`."""

    context: str | None
    """Folder of its Go module; None when it has an image, or the stable track's."""

    build: BuildOptions
    """How its image is built."""

    image: str | None
    """Image that was built elsewhere; None when it has a folder, or the stable track's."""

    replicas: int
    """Number of replicas in each region."""

    environment: dict[str, str]
    """Environment variables."""

    @property
    def has_source(self) -> bool:
        """Whether it is made from something else than the stable track."""
        return self.context is not None or self.image is not None

    @property
    def suffix(self) -> str:
        """Last part of the names of its resources; empty for the stable track."""
        return "" if self.name == STABLE else f"-{self.name}"


class ServiceSettings(Workload):
    """One Go service."""

    context: FilePath | None = None
    """Folder that the image is built from, relative to the project or absolute; this or `image` must be given. It has
    the program's go.mod, or is the root of its workspace (go.work), or the folder that holds its module and those that
    it replaces by `../x`. It may be outside of the project; the folder of the project itself, or of another stack,
    holds a state and is refused."""

    image: ImageReference | None = None
    """Image that was built elsewhere, instead of `context`."""

    dockerfile: FilePath = DEFAULT_DOCKERFILE
    """Dockerfile in the project or in `context`, relative to the project or absolute; the default builds any Go
    program. Another one is built as it is."""

    main_package: Annotated[FilePath, shaped(_PACKAGE, "a Go package of the module", "./cmd/server")] = "."
    """Go package of the program, relative to `context`, for example "./cmd/server"."""

    build: BuildOptions = BuildOptions()
    """How the image is built."""

    replicas: Annotated[int, Field(ge=1, le=20)] = 2
    """Number of replicas in each region; with `autoscaling` the lowest number."""

    routes: list[Route] = Field(default_factory=list[Route])
    """Paths of the ingress that lead here; none for a service that only others call."""

    ingress_limit_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Requests a second that the ingress of a region lets through to the service, of all clients and on all routes
    together, for example 500; one second's worth may come at once. More get 429 with `Retry-After: 1`, so that a crowd
    does not take what the service needs for the others. 0 is no limit. `rate_limit_per_second` of a route is for each
    client."""

    maintenance: bool = False
    """True: the ingress answers every route of the service with 503, `Retry-After` and a page for browsers, and asks no
    replica. Other services still reach it by its name. A change replaces no replica; `gostack maintenance on` writes
    it."""

    environment: Variables = Field(default_factory=dict[str, str])
    """Environment variables: texts, numbers, true and false, each of which arrives as text. `${…}` stands for what
    other parts of the stack tell, `${mysql.dsn}`, `${secret.JWT_KEY}`, `${service.orders.url}`,
    `${accessory.cache.address}`, `${region}`, `${track}`; `$${` arrives as `${`. One has at most 128 KiB, as Linux
    takes no longer one, and all of them together 512 KiB."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """Name to a value that `gostack secrets set`, or `pulumi config set --secret --path`, has encrypted, or to where
    another store keeps it: ref+env://NAME, ref+file://path#key, ref+vault://mount/path#key, or, on AWS,
    ref+awssecrets://name#key. The program reads it in the file /run/secrets/<name>, and in a variable only where
    `environment` refers to it. Another value is another release."""

    canary: CanarySettings | None = None
    """Second track, which some clients get; None for a service with one track."""

    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """What the service may be told while it runs, as a JSON document in Consul's key `services/<name>/settings`; a
    change is in force within seconds and replaces no replica. Empty: the key is absent and services use what their
    environment says. None of it a secret. The sample service knows `rate_limit_per_second`, `rate_limit_burst` and
    `features`."""

    tasks: dict[Name, Task] = Field(default_factory=dict[str, Task])
    """Name to what `gostack run <service> <name>` runs to its end, in a container of its own with the image, the
    environment and the secrets of a replica, for example {"report": {"args": ["report", "--daily"]}}."""

    hooks: Hooks = Hooks()
    """Tasks that run before and after a release of the stable track, for example {"before": "warm-up"}."""

    schedules: dict[Name, Schedule] = Field(default_factory=dict[str, Schedule])
    """Name to when a task runs by itself, once over all regions, with the image of the stable track."""

    tokens: Tokens | None = None
    """Makes it an issuer of tokens, with keys of its own that the stack makes and rotates; None for a service that
    signs none."""

    database: DatabaseSettings | None = None
    """MySQL schema, its own or that of another service; None for a service without one."""

    slo: Objective | None = None
    """What its clients are promised; alerts tell when it is about to be broken (Docker). None for no promise."""

    @field_validator("settings", mode="before")
    @classmethod
    def _json_document(cls, settings: Any) -> Any:
        try:
            size = len(json.dumps(settings, allow_nan=False).encode())
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"it cannot be written as JSON ({error}): use texts, numbers, lists and mappings."
            ) from None
        if size > LARGEST_DOCUMENT:
            raise ValueError(f"it has {size} bytes as JSON: use at most {LARGEST_DOCUMENT}.")
        return settings

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.context is None and self.image is None:
            raise ValueError("context is missing: write the folder of the service's Go module, or an image.")
        if self.context is not None and self.image is not None:
            raise ValueError("there are a context and an image: remove one of them.")
        return self

    @model_validator(mode="after")
    def _fits_its_kind_and_ports(self) -> Self:
        for problem in kind_problems(self):
            raise ValueError(problem)
        for route in self.routes:
            for problem in port_problems(route, self.ports):
                raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _tasks_are_there(self) -> Self:
        hooks: dict[str, str] = self.hooks.model_dump(exclude_none=True)
        wanted = {f"hooks.{key}": task for key, task in hooks.items()}
        wanted |= {f"schedules.{name}.task": schedule.task for name, schedule in self.schedules.items()}
        for key, task in wanted.items():
            if task not in self.tasks:
                known = f"use one of {', '.join(sorted(self.tasks))}" if self.tasks else f"add it as tasks.{task}"
                raise ValueError(f'{key} is "{task}", which is no task of this service: {known}.')
        return self

    @model_validator(mode="after")
    def _own_variables_only(self) -> Self:
        given = self.tokens.variables() if self.tokens is not None else {}
        require_own("environment", self.environment, given)
        if self.canary is not None:
            require_own("canary.environment", self.canary.environment, given)
            # What a replica of the canary gets is both.
            require_size("canary.environment", {**self.environment, **self.canary.environment})
        return self

    def tracks(self) -> list[Track]:
        """Return the stable track and, when there is one, the canary."""
        stable = Track(STABLE, self.context, self.build, self.image, self.replicas, self.environment)
        canary = self.canary
        if canary is None:
            return [stable]
        environment = {**self.environment, **canary.environment}
        build = canary.build or self.build
        return [stable, Track(CANARY, canary.context, build, canary.image, canary.replicas, environment)]

    @property
    def migrations(self) -> MigrationsSettings | None:
        """Its migrations as SQL files; None without them."""
        return self.database.migrations if self.database is not None else None

    def is_built_here(self) -> bool:
        """Whether this machine builds an image of it: of a track, or of its migrations."""
        return any(track.context is not None for track in self.tracks()) or (
            self.migrations is not None and self.migrations.directory is not None
        )

    def migrated_tracks(self) -> list[Track]:
        """Return the tracks before whose replicas a job migrates the schema; none without migrations."""
        if self.migrations is not None:
            return self.tracks()[:1]
        if self.database is None or not self.database.migrate:
            return []
        return [track for track in self.tracks() if track.name == STABLE or track.has_source]

    @property
    def own_schema(self) -> DatabaseSettings | None:
        """Its schema; None without a database, or with that of another service."""
        return self.database if self.database is not None and self.database.service is None else None

    def database_owner(self, service: str) -> str | None:
        """Return whose schema the service with this name uses, its own name for its own; None without a database."""
        return (self.database.service or service) if self.database is not None else None

    def document(self) -> str | None:
        """Return `settings` as JSON text, or None when there are none."""
        # Sorted: Pulumi and a file hand the same mapping over in different orders.
        return json.dumps(self.settings, sort_keys=True, ensure_ascii=False) if self.settings else None

    def database_name(self, service: str) -> str | None:
        """Return the name of the schema that the service with this name owns, or None without one of its own."""
        if self.own_schema is None:
            return None
        return self.own_schema.name or service.replace("-", "_")
