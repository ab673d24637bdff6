"""The schema of a service in the database."""

from collections.abc import Mapping, Sequence
from typing import NotRequired

import pulumi

from components.args import StackArgs
from components.microservice.given import WrittenProgram
from components.mysql.args import MySqlReference
from components.region.args import RegionReference

MIGRATE_TIMEOUT_SECONDS = 1800
"""Default of `migrate_timeout_seconds`."""


class ServiceDatabaseArgs(StackArgs):
    """Inputs of a service's schema."""

    database: str
    """Name of the schema."""

    mysql: MySqlReference
    """The cluster that holds it."""

    region: RegionReference
    """Region of the primary."""

    service_images: Mapping[str, pulumi.Input[str]]
    """Track to image that carries the schema's migrations, of the service or of nothing else; `stable` is there, others
    where their image is another one."""

    migrate: Sequence[str]
    """Arguments that make the image apply them; empty for none."""

    migrate_timeout_seconds: NotRequired[int]
    """Time in seconds that the migrations of an image may take; 1800 when it is not given. On Kubernetes they are ended
    after it; on Docker it is what they have to end by themselves when their update is cut off."""

    password_file: NotRequired[bool]
    """True for an image whose program reads its password from the file that MYSQL_PASSWORD_FILE names: on Docker no
    variable holds it then."""

    repeat_failed: NotRequired[bool]
    """On Kubernetes: whether a migration that failed is tried again, as it is by default."""

    environments: NotRequired[Mapping[str, Mapping[str, pulumi.Input[str]]]]
    """Track to the variables that the platform gives its program, none of them a secret: migrations get them beside
    those by which they connect, as they are the same program."""

    programs: NotRequired[Mapping[str, WrittenProgram]]
    """Track to what its program is given as its settings say; migrations get it with their own account."""

    rights: NotRequired[str]
    """`rows` when it is not given: the service's own account changes rows, and its migrations tables. `schema`: it may
    change tables, views, routines and triggers too, as a program does that makes its schema when it starts."""

    max_connections: NotRequired[int]
    """Connections that the service's account may have to a member of the database, all replicas together; as many as
    the member takes when it is not given."""

    password_rotation: int
    """Counter; a new value makes new passwords."""
