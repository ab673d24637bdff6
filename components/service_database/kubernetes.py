"""A service's schema: made, and brought up to date, before any replica that needs it starts."""

from collections.abc import Mapping

import pulumi

from components.files import GivenFile
from components.ingress.tracks import STABLE
from components.kubernetes.job import RETRIES, Job, JobEgressArgs
from components.kubernetes.names import MYSQL
from components.microservice.given import Given
from components.microservice.workload import SERVICE_USER
from components.mysql.args import MySqlAdministration, MySqlReference
from components.mysql.configuration import PORT
from components.mysql.kubernetes import administration_endpoint
from components.mysql.kubernetes_member import MYSQL_USER
from components.options import given_dependencies
from components.service_database.access import (
    account_passwords,
    account_statements,
    track_access,
    values_of,
)
from components.service_database.args import MIGRATE_TIMEOUT_SECONDS, ServiceDatabaseArgs
from components.text import script


class ServiceDatabase(pulumi.ComponentResource):
    """A schema with two accounts: the service may change rows and, unless its rights are those of the schema, only its
    migrations may change tables."""

    environments: dict[str, dict[str, pulumi.Output[str]]]
    """Track to the variables that let its replicas connect, none of them a secret."""

    secrets: dict[str, dict[str, pulumi.Output[str]]]
    """Track to those that are secrets; whoever uses them waits for that track's migrations."""

    values: dict[str, pulumi.Output[str]]
    """What a replica of the stable track in the primary's region can be told, by the last part of its name; the others
    have theirs by `values_for`."""

    def __init__(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceDatabase", name, {}, opts)
        database = args["database"]
        passwords = account_passwords(name, args["password_rotation"], self)
        statements = account_statements(args, passwords)
        accounts = self._accounts(f"{name}-accounts", args, _administration(args), statements, opts)

        def migrate(
            job: str, track: str, variables: Mapping[str, pulumi.Input[str]], given: Given
        ) -> pulumi.Output[str]:
            secrets = {**given.secrets, "MYSQL_PASSWORD": passwords.migration}
            return self._migrations(job, track, args, variables, secrets, given.files)

        self._args = args
        self._access = track_access(name, args, passwords, accounts.completed, migrate)
        self.environments, self.secrets = self._access.environments, self._access.secrets
        self.values = self.values_for(args["region"]["region"])
        self.register_outputs({"database": database})

    def values_for(self, region: str, track: str = STABLE) -> dict[str, pulumi.Output[str]]:
        """Return what a replica of a track in a region can be told of the schema, by the last part of its name."""
        return values_of(self._args, self._access, track, region)

    def _accounts(
        self,
        name: str,
        args: ServiceDatabaseArgs,
        administration: MySqlAdministration,
        statements: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None,
    ) -> Job:
        database, cluster = args["database"], args["mysql"]
        return Job(
            name,
            {
                "service": database,
                "image": cluster["image"],
                "user": MYSQL_USER,
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql/mysql-apply-remote.sh")],
                "environment": {
                    **administration_endpoint(administration["address"]),
                    "ADMINISTRATION_USER": administration["user"],
                    "AUTHORITY": cluster["ca_certificate"],
                },
                "secrets": {"STATEMENTS": statements, "ADMINISTRATION_PASSWORD": administration["password"]},
                "region": args["region"]["region"],
                "namespace": args["region"]["network"],
                "egress": [to_database(cluster)],
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )

    def _migrations(
        self,
        name: str,
        track: str,
        args: ServiceDatabaseArgs,
        environment: Mapping[str, pulumi.Input[str]],
        secrets: Mapping[str, pulumi.Input[str]],
        files: Mapping[str, GivenFile],
    ) -> pulumi.Output[str]:
        job = Job(
            name,
            {
                "service": args["database"],
                "image": args["service_images"][track],
                "user": SERVICE_USER,
                "command": args["migrate"],
                "deadline_seconds": args.get("migrate_timeout_seconds", MIGRATE_TIMEOUT_SECONDS),
                "retries": RETRIES if args.get("repeat_failed", True) else 0,
                "environment": environment,
                "secrets": secrets,
                "given_files": files,
                "region": args["region"]["region"],
                "namespace": args["region"]["network"],
                "egress": [to_database(args["mysql"])],
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        return job.completed


def to_database(mysql: MySqlReference) -> JobEgressArgs:
    """Return what a job must reach that works on the database."""
    return {"roles": [MYSQL], "networks": mysql.get("networks", []), "port": PORT}


def _administration(args: ServiceDatabaseArgs) -> MySqlAdministration:
    administration = args["mysql"].get("administration")
    if administration is None:
        raise ValueError("the database names no account by which accounts are made: give `administration`")
    return administration
