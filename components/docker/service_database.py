"""A service's schema: made, and brought up to date, before any replica that needs it starts."""

from collections.abc import Mapping

import pulumi

from components.args import ServiceDatabaseArgs
from components.docker.job import Job
from components.docker.mysql_member import administration_mounts
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
        accounts = Job(
            f"{name}-accounts",
            {
                "image": cluster["image"],
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql-apply")],
                "environment": {
                    "STATEMENTS": pulumi.Output.secret(pulumi.Output.all(application, migration)).apply(
                        lambda passwords: mysql.service_accounts_sql(
                            database=database, application_password=passwords[0], migration_password=passwords[1]
                        )
                    )
                },
                "secrets": [application, migration],
                "user": "mysql",
                "volumes": administration_mounts(cluster["administration_volumes"]),
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )
        common: dict[str, pulumi.Input[str]] = {
            "MYSQL_PRIMARY_ADDRESS": cluster["primary_address"],
            "MYSQL_DATABASE": database,
            "MYSQL_CA_CERTIFICATE": cluster["authority_certificate"],
        }
        if cluster["group_addresses"]:
            common["MYSQL_MEMBER_ADDRESSES"] = ",".join(cluster["group_addresses"])
        # Only replicas have an agent that they can ask where the primary is.
        discovery: dict[str, pulumi.Input[str]] = (
            {"MYSQL_PRIMARY_DATACENTERS": ",".join(cluster["primary_datacenters"])}
            if cluster["primary_datacenters"]
            else {}
        )
        self.environments, self.secrets = {}, {}
        ready: pulumi.Output[str] = accounts.completed
        for track in [STABLE, *sorted(set(args["service_images"]) - {STABLE})]:
            if args["migrate"]:
                suffix = "" if track == STABLE else f"-{track}"
                # One after the other: two that change the same schema at once would wait for each other's lock.
                ready = self._migrations(f"{name}{suffix}-migrations", track, args, common, migration, ready)
            self.environments[track] = {
                **{key: pulumi.Output.from_input(value) for key, value in {**common, **discovery}.items()},
                "MYSQL_USER": pulumi.Output.from_input(database),
            }
            self.secrets[track] = {
                "MYSQL_PASSWORD": pulumi.Output.secret(
                    pulumi.Output.all(application, ready).apply(lambda pair: str(pair[0]))
                )
            }
        self.register_outputs({"database": database})

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
                "image": args["service_images"][track],
                "command": args["migrate"],
                "environment": {
                    **common,
                    "SERVICE_NAME": args["database"],
                    "MYSQL_USER": mysql.migration_account(args["database"]),
                    "MYSQL_PASSWORD": password,
                    # What comes first; when it ran again, the migrations do too, which changes nothing.
                    "ACCOUNTS": after,
                },
                "region": args["region"],
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        return job.completed

    def _password(self, name: str, args: ServiceDatabaseArgs) -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(parent=self)
        return GeneratedPassword(name, {"rotation": args["password_rotation"]}, opts).value
