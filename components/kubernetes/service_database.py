"""A service's schema: made, and brought up to date, before any replica that needs it starts."""

from collections.abc import Mapping

import pulumi

from components.args import MySqlAdministration, ServiceDatabaseArgs
from components.kubernetes.job import Job
from components.kubernetes.microservice import SERVICE_USER
from components.kubernetes.mysql_cluster import administration_endpoint
from components.kubernetes.mysql_member import MYSQL_USER
from components.options import given_dependencies
from components.rendering import mysql
from components.rendering.nginx_tracks import STABLE
from components.rendering.scripts import script
from components.secrets import GeneratedPassword


class ServiceDatabase(pulumi.ComponentResource):
    """A schema with two accounts: the service may change rows, only its migrations may change tables."""

    environments: dict[str, dict[str, pulumi.Output[str]]]
    """Track to the variables that let its replicas connect, none of them a secret."""

    secrets: dict[str, dict[str, pulumi.Output[str]]]
    """Track to those that are secrets; whoever uses them waits for that track's migrations."""

    def __init__(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceDatabase", name, {}, opts)
        database, cluster = args["database"], args["mysql"]
        application = self._password(f"{name}-application-password", args)
        migration = self._password(f"{name}-migration-password", args)
        accounts = self._accounts(f"{name}-accounts", args, _administration(args), application, migration, opts)
        common: dict[str, pulumi.Input[str]] = {
            "MYSQL_PRIMARY_ADDRESS": cluster["primary_address"],
            "MYSQL_DATABASE": database,
            "MYSQL_CA_CERTIFICATE": cluster["authority_certificate"],
        }
        self.environments, self.secrets = {}, {}
        ready: pulumi.Output[str] = accounts.completed
        for track in [STABLE, *sorted(set(args["service_images"]) - {STABLE})]:
            if args["migrate"]:
                suffix = "" if track == STABLE else f"-{track}"
                # One after the other: two that change the same schema at once would wait for each other's lock.
                ready = self._migrations(f"{name}{suffix}-migrations", track, args, common, migration, ready)
            self.environments[track] = {
                **{key: pulumi.Output.from_input(value) for key, value in common.items()},
                "MYSQL_USER": pulumi.Output.from_input(database),
            }
            self.secrets[track] = {
                "MYSQL_PASSWORD": pulumi.Output.secret(
                    pulumi.Output.all(application, ready).apply(lambda pair: str(pair[0]))
                )
            }
        self.register_outputs({"database": database})

    def _accounts(
        self,
        name: str,
        args: ServiceDatabaseArgs,
        administration: MySqlAdministration,
        application: pulumi.Output[str],
        migration: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None,
    ) -> Job:
        database, cluster = args["database"], args["mysql"]
        statements = pulumi.Output.secret(pulumi.Output.all(application, migration)).apply(
            lambda passwords: mysql.service_accounts_sql(
                database=database, application_password=passwords[0], migration_password=passwords[1]
            )
        )
        return Job(
            name,
            {
                "service": database,
                "image": cluster["image"],
                "user": MYSQL_USER,
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql-apply-remote")],
                "environment": {
                    **administration_endpoint(administration["address"]),
                    "ADMINISTRATION_USER": administration["user"],
                    "AUTHORITY": cluster["authority_certificate"],
                },
                "secrets": {"STATEMENTS": statements, "ADMINISTRATION_PASSWORD": administration["password"]},
                "region": args["region"],
                "database_networks": cluster.get("networks", []),
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )

    def _migrations(
        self,
        name: str,
        track: str,
        args: ServiceDatabaseArgs,
        common: Mapping[str, pulumi.Input[str]],
        password: pulumi.Output[str],
        after: pulumi.Output[str],
    ) -> pulumi.Output[str]:
        job = Job(
            name,
            {
                "service": args["database"],
                "image": args["service_images"][track],
                "user": SERVICE_USER,
                "command": args["migrate"],
                "environment": {
                    **common,
                    "SERVICE_NAME": args["database"],
                    "MYSQL_USER": mysql.migration_account(args["database"]),
                    # What comes first; when it ran again, the migrations do too, which changes nothing.
                    "ACCOUNTS": after,
                },
                "secrets": {"MYSQL_PASSWORD": password},
                "region": args["region"],
                "database_networks": args["mysql"].get("networks", []),
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        return job.completed

    def _password(self, name: str, args: ServiceDatabaseArgs) -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(parent=self)
        return GeneratedPassword(name, {"rotation": args["password_rotation"]}, opts).value


def _administration(args: ServiceDatabaseArgs) -> MySqlAdministration:
    administration = args["mysql"].get("administration")
    if administration is None:
        raise ValueError("the database names no account by which accounts are made: give `administration`")
    return administration
