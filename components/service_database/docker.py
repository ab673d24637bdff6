"""A service's schema: made, and brought up to date, before any replica that needs it starts."""

from collections.abc import Mapping

import pulumi

from components.docker.files import SECRETS
from components.docker.job import Job, JobArgs
from components.microservice.given import Given
from components.mysql.docker_member import administration_mounts
from components.options import given_dependencies
from components.service_database.access import SchemaAccess, account_passwords, account_statements
from components.service_database.args import MIGRATE_TIMEOUT_SECONDS, ServiceDatabaseArgs
from components.text import script

_PASSWORD = f"{SECRETS}/mysql"


class ServiceDatabase(SchemaAccess, pulumi.ComponentResource):
    """A schema with two accounts: the service may change rows and, unless its rights are those of the schema, only its
    migrations may change tables."""

    database: pulumi.Output[str]
    """Name of the schema."""

    def __init__(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceDatabase", name, {}, opts)
        cluster = args["mysql"]
        passwords = account_passwords(name, args["password_rotation"], self)
        accounts = Job(
            f"{name}-accounts",
            {
                "image": cluster["image"],
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql/mysql-apply.sh")],
                "environment": {},
                "given_files": {f"{SECRETS}/STATEMENTS": {"content": account_statements(args, passwords)}},
                "secrets": [passwords.application, passwords.migration],
                "user": "mysql",
                "volumes": administration_mounts(cluster["administration_volumes"]),
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )

        def migrate(
            job: str, track: str, variables: Mapping[str, pulumi.Input[str]], given: Given
        ) -> pulumi.Output[str]:
            environment = {**given.secrets, **variables}
            files = dict(given.files)
            if args.get("password_file", False):
                environment["MYSQL_PASSWORD_FILE"] = _PASSWORD
                files[_PASSWORD] = {"content": passwords.migration}
            else:
                environment["MYSQL_PASSWORD"] = passwords.migration
            arguments: JobArgs = {
                "image": args["service_images"][track],
                "command": args["migrate"],
                "environment": environment,
                # MySQL names it in its errors, and people in the names of files.
                "shown": ["MYSQL_DATABASE", "MYSQL_PASSWORD_FILE"],
                "given_files": files,
                "networks": [args["region"]["network"], args["region"]["backbone_network"]],
                # Killed in the middle of a statement it would leave a schema that a person has to look at.
                "stop_seconds": args.get("migrate_timeout_seconds", MIGRATE_TIMEOUT_SECONDS),
                "labels": args["labels"],
            }
            return Job(job, arguments, pulumi.ResourceOptions(parent=self)).completed

        self.give_access(name, args, passwords, accounts.completed, migrate)
        self.database = pulumi.Output.from_input(args["database"])
        self.register_outputs({"database": self.database})
