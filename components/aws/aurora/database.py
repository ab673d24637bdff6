"""What the regions' databases have in common: the global cluster and the administrator's password."""

import secrets
import time
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.args import TaggedArgs
from components.aws.aurora.parameters import ADMINISTRATOR, administrator_secret, password_window
from components.aws.tags import named
from components.options import register_declared
from components.secrets import PASSWORD_BYTES, stored_secret


class DatabaseArgs(TaggedArgs):
    """Inputs of the database of all regions."""

    identifier: str
    """Name of the global cluster, which stays the same."""

    region: str
    """AWS region in which the password is made; it has copies in the other ones."""

    engine_version: str
    """Version of Aurora MySQL, for example "8.0.mysql_aurora.3.10.1"; a higher one is upgraded to in place."""

    key_arns: Mapping[str, pulumi.Input[str]]
    """AWS region to the key that encrypts the data there, the one of `region` among them."""

    password_rotation: int
    """Counter; a new value makes a new administrator's password."""

    password_lifetime_days: int
    """Age in days from which the next update makes a new administrator's password."""

    protect: bool
    """True refuses to delete it."""


class Database(pulumi.ComponentResource):
    """An Aurora global cluster, which each region's `DatabaseMember` joins; one of them takes writes."""

    global_cluster: pulumi.Output[str]
    """Identity of the global cluster."""

    administrator_password: pulumi.Output[str]
    """Password of the account by which accounts are made (secret)."""

    secret_arn: pulumi.Output[str]
    """ARN of the secret in which people find it."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Database", name, {}, opts)
        self._name, self._args = name, args
        cluster = aws.rds.GlobalCluster(
            f"{name}-global",
            global_cluster_identifier=args["identifier"],
            engine="aurora-mysql",
            engine_version=args["engine_version"],
            storage_encrypted=True,
            deletion_protection=args["protect"],
            tags=named(args["tags"], args["identifier"]),
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"], delete_before_replace=True),
        )
        self.administrator_password = self._password()
        self.secret_arn = self._secret()
        self.global_cluster = cluster.id
        register_declared(self)

    def _password(self) -> pulumi.Output[str]:
        """Aurora itself cannot keep the password of a global cluster's administrator: the stack does, and renews it."""
        name, args = self._name, self._args
        rotation = args["password_rotation"]
        issued_at = pulumi.Stash(
            f"{name}-password-issued-at",
            input=int(time.time()),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["input"], replacement_trigger=rotation),
        )
        window = issued_at.output.apply(
            lambda issued: password_window(int(issued), args["password_lifetime_days"], time.time())
        )
        return stored_secret(
            f"{name}-password",
            secrets.token_urlsafe(PASSWORD_BYTES),
            trigger=pulumi.Output.json_dumps({"rotation": rotation, "window": window}),
            parent=self,
        )

    def _secret(self) -> pulumi.Output[str]:
        name, args = self._name, self._args
        secret = aws.secretsmanager.Secret(
            f"{name}-administrator",
            name=f"{args['identifier']}/administrator",
            description="Account by which accounts of the database are made; renewed by the stack",
            kms_key_id=args["key_arns"][args["region"]],
            recovery_window_in_days=30,
            # A region that is cut off can still be administered.
            replicas=[
                aws.secretsmanager.SecretReplicaArgs(region=region, kms_key_id=key)
                for region, key in sorted(args["key_arns"].items(), key=lambda item: item[0])
                if region != args["region"]
            ],
            tags=named(args["tags"], f"{args['identifier']}/administrator"),
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"], delete_before_replace=True),
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-administrator-version",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(
                self.administrator_password.apply(lambda password: administrator_secret(ADMINISTRATOR, password))
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return secret.arn
