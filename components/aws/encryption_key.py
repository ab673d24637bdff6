"""A key of one purpose in one region: who may read what it encrypts is one policy."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.aws.args import AccountArgs
from components.aws.policies import key_policy
from components.aws.tags import named
from components.options import given_dependencies


class EncryptionKeyArgs(AccountArgs):
    """Inputs of an encryption key."""

    purpose: str
    """What it encrypts, for people."""

    services: Sequence[str]
    """Services of AWS that encrypt with it for this account, for example "logs.eu-central-1.amazonaws.com"."""

    roles: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of the roles that encrypt with it themselves."""

    protect: bool
    """True refuses to delete it: what it encrypted could never be read again."""


class EncryptionKey(pulumi.ComponentResource):
    """A KMS key that AWS renews once a year, and that waits 30 days when it is deleted."""

    arn: pulumi.Output[str]
    """ARN of the key."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:EncryptionKey", name, {}, opts)
        policy = pulumi.Output.all(*args.get("roles", [])).apply(
            lambda roles: key_policy(args["account"], args["region"], services=args["services"], roles=roles)
        )
        key = aws.kms.Key(
            f"{name}-key",
            description=args["purpose"],
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy,
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"], depends_on=given_dependencies(opts)),
        )
        aws.kms.Alias(f"{name}-alias", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
