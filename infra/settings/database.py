"""Settings of a service's schema: its name, who may change it, and how much of the database it may take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Section, shaped


class DatabaseSettings(Section):
    """The MySQL schema of a service."""

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

    migrate_timeout_seconds: Annotated[int, Field(ge=10, le=86_400)] = 1800
    """Time in seconds that the migrations of an image may take. On Kubernetes, repetitions of failed ones included,
    they are ended after it and the update fails; on Docker it is what they have to end by themselves when their
    update is cut off. MySQL does not roll back a change of a table's definition that was ended half-way, so it is
    longer than the slowest of them."""

    max_connections: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Connections that one replica opens to a MySQL member at the most, as its pool is set (`SetMaxOpenConns`). The
    service's account may have as many for each replica that there can be, autoscalers at their maximum and an update
    going on; all services together must fit into what a member accepts (`mysql.max_connections`). When it is not given,
    each replica may have an equal share of what is left with those of the other services that do not give it."""
