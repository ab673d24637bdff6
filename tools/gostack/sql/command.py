"""`gostack sql`.

Whoever asks gets exactly what the service itself may do: its application account, which changes rows of its own schema
and nothing else. The password is that of a running replica, and travels in an environment or through standard input,
never as an argument of a program.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from infra.settings import Settings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.programs import run
from tools.gostack.running.replica import RunningReplica, Runtime, check_names
from tools.gostack.running.runtime import runtime_of

READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
_PASSWORD = "MYSQL_PASSWORD"  # noqa: S105 (a variable's name)
# The client's own variables: https://dev.mysql.com/doc/refman/9.7/en/environment-variables.html.
_CLIENT = 'export MYSQL_PWD MYSQL_HISTFILE=/dev/null; exec mysql "$@"'
_FROM_INPUT = f"IFS= read -r MYSQL_PWD; {_CLIENT}"
_FROM_FILE = f'MYSQL_PWD=$(cat "$0"); rm -f "$0"; {_CLIENT}'
_TO_FILE = 'umask 077; cat > "$0"'


@dataclass(frozen=True)
class Account:
    """How a service logs in to its schema."""

    name: str
    schema: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class MemberChoice:
    """A member, and whether it takes writes."""

    replica: RunningReplica
    primary: bool


def sql(
    workspace: Workspace,
    service: str | None = None,
    *,
    write: bool = False,
    region: str | None = None,
    statement: str | None = None,
) -> int:
    """Run MySQL's client on a service's schema and return its exit code; raises UserError.

    Without `write` its transactions are read only, on a member that others write to least; with it, the primary is
    asked. `service` may be left out when only one has a database, and `region` when the member does not matter.
    `statement` is run instead of asking for statements; without it and without a terminal they are read from standard
    input.
    """
    settings = workspace.settings
    check_names(settings, None, region)
    service = service_with_database(settings, service)
    runtime = runtime_of(workspace)
    replicas = runtime.replicas()
    account = _account(settings, runtime, replicas, service)
    member = member_for(members_of(workspace, runtime, replicas), write=write, region=region)
    role = "primary" if member.primary else "read-only member"
    rows = "rows may be changed" if write else "read only"
    print(f"{service} on the {role} {member.replica.name} ({member.replica.region}): {rows}", file=sys.stderr)
    arguments = client_arguments(account, write=write)
    if statement is None and sys.stdin.isatty() and sys.stdout.isatty():
        return _talk(runtime, member.replica, account, arguments)
    text = statement if statement is not None else sys.stdin.read()
    shown = ["--table"] if sys.stdout.isatty() else ["--batch"]
    command = ["bash", "-c", _FROM_INPUT, "bash", *arguments, *shown]
    return run(runtime.exec(member.replica, command, tty=False), f"{account.password}\n{text}\n".encode())


def service_with_database(settings: Settings, service: str | None) -> str:
    """Return the service that owns the schema which is meant; raises UserError with those that have a database."""
    owners = {name: values.database_owner(name) for name, values in settings.services.items()}
    known = {name: owner for name, owner in owners.items() if owner is not None}
    if service is None and len(set(known.values())) == 1:
        return next(iter(known.values()))
    if service in known:
        return known[service]
    named = f"use one of {', '.join(sorted(known))}" if known else "no service of the stack has one"
    if service is None:
        raise UserError(f"say whose database: {named}.")
    what = "has no database" if service in settings.services else "is no service of the stack"
    raise UserError(f'"{service}" {what}: {named}.')


def client_arguments(account: Account, *, write: bool) -> list[str]:
    """Return the arguments of `mysql`, without the password."""
    arguments = [
        f"--user={account.name}",
        f"--database={account.schema}",
        # The account must use TLS, which a socket has not by itself.
        "--protocol=TCP",
        "--host=127.0.0.1",
        "--ssl-mode=REQUIRED",
        "--default-character-set=utf8mb4",
    ]
    return arguments if write else [*arguments, f"--init-command={READ_ONLY}"]


def member_for(members: Sequence[MemberChoice], *, write: bool, region: str | None) -> MemberChoice:
    """Return the member to ask: for writes the primary, for reads one that is not, in `region` if one is given.

    Raises UserError when there is none.
    """
    here = [one for one in members if region in (None, one.replica.region)]
    # Those that nobody writes to first; of them, one in a region before the witness.
    here.sort(key=lambda one: (one.primary, one.replica.region == "witness"))
    if not write:
        if here:
            return here[0]
        raise UserError(f"no MySQL member answers{f' in {region}' if region else ''}: see `gostack status`.")
    primary = [one for one in members if one.primary]
    if not primary:
        raise UserError("MySQL has no primary at this moment: see `gostack status`.")
    if primary[0] not in here:
        raise UserError(f"the primary is in {primary[0].replica.region}: leave out --region, or use that.")
    return primary[0]


def _account(settings: Settings, runtime: Runtime, replicas: Iterable[RunningReplica], service: str) -> Account:
    schema = settings.services[service].database_name(service) or service
    # The newest first would be better than any, but the old password stays good until the next rotation.
    for replica in replicas:
        if replica.service == service and replica.role == "application":
            password = runtime.environment(replica).get(_PASSWORD)
            if password:
                return Account(schema, schema, password)
    raise UserError(f"no replica of {service} is there, from which the password could be known: run `make up`.")


def members_of(workspace: Workspace, runtime: Runtime, replicas: Iterable[RunningReplica]) -> list[MemberChoice]:
    """Return the members of the database that answer."""
    running = [one for one in replicas if one.role == "mysql" and one.running]
    if workspace.settings.platform == "kubernetes":
        return [MemberChoice(one, one.member == "primary") for one in running if one.healthy]
    from tools.gostack.database.mysql_members import members
    from tools.gostack.running.docker import DockerRuntime

    assert isinstance(runtime, DockerRuntime)  # noqa: S101
    writable = {str(one.container.id): not one.read_only for one in members(runtime.objects)}
    return [MemberChoice(one, writable[one.identity]) for one in running if one.identity in writable]


def _talk(runtime: Runtime, member: RunningReplica, account: Account, arguments: Sequence[str]) -> int:
    """Let this terminal talk to the client. Its input is the person's, so the password goes before it, into a file in
    memory that only MySQL's user may read and that is gone when the client starts."""
    file = f"/tmp/gostack-{uuid.uuid4()}"  # noqa: S108 (the container's own, in memory)
    code = run(runtime.exec(member, ["bash", "-c", _TO_FILE, file], tty=False), account.password.encode())
    if code != 0:
        return code
    return run(runtime.exec(member, ["bash", "-c", _FROM_FILE, file, *arguments], tty=True))
