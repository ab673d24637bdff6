"""Settings of a service's schema: its name, who may change it, and how much of the database it may take."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.settings.base import FilePath, ImageReference, Name, Section, shaped


class MigrationsSettings(Section):
    """Migrations as plain SQL files, which a job of the stack applies (golang-migrate)."""

    directory: Annotated[FilePath, StringConstraints(min_length=1)] | None = None
    """Folder of the files `<number>_<name>.up.sql`, relative to the service's `context` or to the project, or absolute,
    for example "./db/migrations". They are applied in the order of their numbers, each once. `.down.sql` files may be
    beside them and are never run. Files of goose, `<number>_<name>.sql` with `-- +goose Up`, are taken as well. This or
    `image` must be given."""

    image: ImageReference | None = None
    """Image that was built from such a folder elsewhere, as the output `services.<name>.migrations_image` of another
    stack names it: for AWS, where none is built."""

    force: Annotated[int, Field(ge=0)] | None = None
    """Version to record where a file ended half-way, once a person has looked: its own number when all of it is there,
    the number before (0 for none) to let it run again. Nothing happens at any other time."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.directory is None) == (self.image is None):
            raise ValueError("it takes a directory or an image, one of them: write the folder of the SQL files.")
        return self


class DatabaseSettings(Section):
    """The MySQL schema of a service."""

    service: Name | None = None
    """Service whose schema this one uses, for example a worker that of its service: with the same account and
    connection, once the stable track's migrations have ended. It has no schema, account or migrations of its own, and
    no other key of `database`; None for a schema of its own."""

    name: Annotated[str, shaped("[a-z][a-z0-9_]{0,31}", "the name of a schema", "order_history")] | None = None
    """Name of the schema; the service's name (hyphens as underscores) when it is not given."""

    rights: Literal["rows", "schema"] = "rows"
    """What the service's own account may do in its schema. `rows`: read and change rows, and call routines; tables are
    changed by its migrations. `schema`: also create, alter and drop tables, indexes, views, triggers and routines, for
    a program that makes its schema when it starts (AutoMigrate). Triggers that it made run with its rights: before they
    are taken back, drop them or make them in a migration."""

    migrate: list[str] | None = None
    """Arguments that make the service apply its schema migrations and exit, for example ["migrate"]; run once for each
    image before its replicas start, with the account that may change tables and with the service's own environment.
    None when it has no migrations."""

    migrations: MigrationsSettings | None = None
    """The same as SQL files, for a service that has no such command: {directory: ./db/migrations}. They are applied
    before its replicas start, with the account that may change tables. None when it has none."""

    migrate_timeout_seconds: Annotated[int, Field(ge=10, le=86_400)] = 1800
    """Time in seconds that the migrations of an image may take. On Kubernetes, repetitions of failed ones included,
    they are ended after it and the update fails; on Docker it is what they have to end by themselves when their
    update is cut off. MySQL does not roll back a change of a table's definition that was ended half-way, so it is
    longer than the slowest of them."""

    max_connections: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Connections that one replica opens to a MySQL member at the most, as its pool is set (`SetMaxOpenConns`). The
    service's account may have as many for each replica that there can be, its own and those of the services that use
    its schema, autoscalers at their maximum and an update going on; all services together must fit into what a member
    accepts (`mysql.max_connections`). When it is not given, each replica may have an equal share of what is left with
    those of the other services that do not give it."""

    @model_validator(mode="after")
    def _nothing_beside_a_service(self) -> Self:
        beside = sorted(self.model_fields_set - {"service"})
        if self.service is not None and beside:
            raise ValueError(
                f'the schema is that of "{self.service}", and {beside[0]} is set up there: remove {", ".join(beside)}.'
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_migrate(self) -> Self:
        if self.migrate and self.migrations is not None:
            raise ValueError("there are migrate and migrations: remove one of them.")
        return self
