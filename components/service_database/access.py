"""How a service gets at its schema: two accounts with a password each, and the environment of each of its tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi

from components.ingress.tracks import STABLE
from components.microservice.given import Given, filled_program
from components.mysql.accounts import migration_account, service_accounts_sql
from components.mysql.args import MySqlReference
from components.options import after
from components.secrets import GeneratedPassword
from components.service_database.args import ServiceDatabaseArgs
from components.service_database.values import connection_values

Migrate = Callable[[str, str, Mapping[str, pulumi.Input[str]], Given], pulumi.Output[str]]
"""Makes the job with a name that applies a track's migrations with these variables and, beside them, the secrets and
files that its program is given; returns what whoever needs the migrated schema waits for."""


@dataclass(frozen=True)
class AccountPasswords:
    """Passwords of a schema's accounts, both secret."""

    application: pulumi.Output[str]
    """Of the one that changes rows."""

    migration: pulumi.Output[str]
    """Of the one that changes tables."""


def account_passwords(name: str, rotation: int, parent: pulumi.Resource) -> AccountPasswords:
    """Make the passwords of a schema's accounts; another `rotation` makes new ones."""

    def password(account: str) -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(parent=parent)
        return GeneratedPassword(f"{name}-{account}-password", {"rotation": rotation}, opts).value

    return AccountPasswords(application=password("application"), migration=password("migration"))


def account_statements(args: ServiceDatabaseArgs, passwords: AccountPasswords) -> pulumi.Output[str]:
    """Return the SQL that makes a schema and its accounts (secret)."""
    return pulumi.Output.secret(pulumi.Output.all(passwords.application, passwords.migration)).apply(
        lambda known: service_accounts_sql(
            database=args["database"],
            application_password=known[0],
            migration_password=known[1],
            rights=args.get("rights", "rows"),
            max_connections=args.get("max_connections", 0),
        )
    )


class SchemaAccess:
    """How replicas and migrations get at a schema, whoever runs its jobs."""

    def give_access(
        self,
        name: str,
        args: ServiceDatabaseArgs,
        passwords: AccountPasswords,
        accounts: pulumi.Output[str],
        migrate: Migrate,
    ) -> None:
        """Apply each track's migrations once the accounts are there, and keep how the replicas of each connect."""
        connection, discovery = _connection(args), _discovery(args["mysql"])
        self._schema = args
        self.environments: dict[str, dict[str, pulumi.Output[str]]] = {}
        """Track to the variables that let its replicas connect, none of them a secret."""
        self.secrets: dict[str, dict[str, pulumi.Output[str]]] = {}
        """Track to those that are secrets; whoever uses them waits for that track's migrations."""
        ready = accounts
        for track in [STABLE, *sorted(set(args["service_images"]) - {STABLE})]:
            if args["migrate"]:
                suffix = "" if track == STABLE else f"-{track}"
                given = filled_program(
                    args.get("programs", {}).get(track, {"environment": {}, "files": {}, "values": {}}),
                    connection_values(
                        address=write_address(args["mysql"], args["region"]["region"]),
                        user=migration_account(args["database"]),
                        password=passwords.migration,
                        database=args["database"],
                    ),
                    args["mysql"]["ca_certificate"],
                )
                variables: dict[str, pulumi.Input[str]] = {
                    **given.environment,
                    **args.get("environments", {}).get(track, {}),
                    **connection,
                    "MYSQL_USER": migration_account(args["database"]),
                    # What comes first; when it ran again, the migrations do too, which changes nothing.
                    "ACCOUNTS": ready,
                }
                # One after the other: two that change the same schema at once would wait for each other's lock.
                ready = migrate(f"{name}{suffix}-migrations", track, variables, given)
            self.environments[track] = {
                **{key: pulumi.Output.from_input(value) for key, value in {**connection, **discovery}.items()},
                "MYSQL_USER": pulumi.Output.from_input(args["database"]),
            }
            password = after(passwords.application, ready)
            self.secrets[track] = {"MYSQL_PASSWORD": pulumi.Output.secret(password)}

    @property
    def values(self) -> dict[str, pulumi.Output[str]]:
        """What a replica of the stable track in the primary's region can be told, by the last part of its name."""
        return self.values_for(self._schema["region"]["region"])

    def values_for(self, region: str, track: str = STABLE) -> dict[str, pulumi.Output[str]]:
        """Return what a replica of a track in a region can be told of the schema, by the last part of its name; see
        `connection_values`."""
        return connection_values(
            address=write_address(self._schema["mysql"], region),
            user=self._schema["database"],
            password=self.secrets.get(track, self.secrets[STABLE])["MYSQL_PASSWORD"],
            database=self._schema["database"],
        )


def write_address(cluster: MySqlReference, region: str) -> pulumi.Input[str]:
    """Return host and port to which a service in a region sends writes."""
    return cluster.get("writer_addresses", {}).get(region, cluster["primary_address"])


def _connection(args: ServiceDatabaseArgs) -> dict[str, pulumi.Input[str]]:
    """Where the schema is; migrations get it too."""
    cluster = args["mysql"]
    connection: dict[str, pulumi.Input[str]] = {
        "MYSQL_PRIMARY_ADDRESS": write_address(cluster, args["region"]["region"]),
        "MYSQL_DATABASE": args["database"],
        "MYSQL_CA_CERTIFICATE": cluster["ca_certificate"],
    }
    if cluster["group_addresses"]:
        connection["MYSQL_MEMBER_ADDRESSES"] = ",".join(cluster["group_addresses"])
    return connection


def _discovery(cluster: MySqlReference) -> dict[str, pulumi.Input[str]]:
    """Where the primary is asked for: only replicas have an agent that they can ask."""
    datacenters = cluster["primary_datacenters"]
    return {"MYSQL_PRIMARY_DATACENTERS": ",".join(datacenters)} if datacenters else {}
