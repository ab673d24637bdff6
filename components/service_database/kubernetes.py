"""A service's schema: made, and brought up to date, before any replica that needs it starts."""

from collections.abc import Mapping

import pulumi

from components.kubernetes.job import RETRIES, Job, JobArgs, JobEgressArgs
from components.kubernetes.names import MYSQL
from components.microservice.given import Given
from components.microservice.workload import SERVICE_USER
from components.mysql.args import MySqlAdministration, MySqlReference
from components.mysql.configuration import PORT
from components.mysql.kubernetes import administration_endpoint
from components.mysql.kubernetes_member import MYSQL_USER
from components.options import given_dependencies
from components.service_database.access import SchemaAccess, account_passwords, account_statements
from components.service_database.args import MIGRATE_TIMEOUT_SECONDS, ServiceDatabaseArgs
from components.text import script


class ServiceDatabase(SchemaAccess, pulumi.ComponentResource):
    """A schema with two accounts: the service may change rows and, unless its rights are those of the schema, only its
    migrations may change tables."""

    database: pulumi.Output[str]
    """Name of the schema."""

    def __init__(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceDatabase", name, {}, opts)
        cluster, administration = args["mysql"], _administration(args)
        passwords = account_passwords(name, args["password_rotation"], self)
        accounts = Job(
            f"{name}-accounts",
            {
                "service": args["database"],
                "image": cluster["image"],
                "user": MYSQL_USER,
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql/mysql-apply-remote.sh")],
                "environment": {
                    **administration_endpoint(administration["address"]),
                    "ADMINISTRATION_USER": administration["user"],
                    "AUTHORITY": cluster["ca_certificate"],
                },
                "secrets": {
                    "STATEMENTS": account_statements(args, passwords),
                    "ADMINISTRATION_PASSWORD": administration["password"],
                },
                "region": args["region"]["region"],
                "namespace": args["region"]["network"],
                "egress": [to_database(cluster)],
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )

        def migrate(
            job: str, track: str, variables: Mapping[str, pulumi.Input[str]], given: Given
        ) -> pulumi.Output[str]:
            arguments: JobArgs = {
                "service": args["database"],
                "image": args["service_images"][track],
                "user": SERVICE_USER,
                "command": args["migrate"],
                "deadline_seconds": args.get("migrate_timeout_seconds", MIGRATE_TIMEOUT_SECONDS),
                "retries": RETRIES if args.get("repeat_failed", True) else 0,
                "environment": variables,
                "secrets": {**given.secrets, "MYSQL_PASSWORD": passwords.migration},
                "given_files": given.files,
                "region": args["region"]["region"],
                "namespace": args["region"]["network"],
                "egress": [to_database(cluster)],
                "labels": args["labels"],
            }
            return Job(job, arguments, pulumi.ResourceOptions(parent=self)).completed

        self.give_access(name, args, passwords, accounts.completed, migrate)
        self.database = pulumi.Output.from_input(args["database"])
        self.register_outputs({"database": self.database})


def to_database(mysql: MySqlReference) -> JobEgressArgs:
    """Return what a job must reach that works on the database."""
    return {"roles": [MYSQL], "networks": mysql.get("networks", []), "port": PORT}


def _administration(args: ServiceDatabaseArgs) -> MySqlAdministration:
    administration = args["mysql"].get("administration")
    if administration is None:
        raise ValueError("the database names no account by which accounts are made: give `administration`")
    return administration
