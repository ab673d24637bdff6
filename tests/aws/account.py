"""An AWS account that this project did not write: moto, in this process.

It answers as AWS does as far as it goes, so that a later resource names an earlier one by what AWS would call it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

NUMBER = "123456789012"
LACKING = {
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:eks/addon:Addon",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
}
"""Types that moto does not have: nothing accepts them here, AWS's models judge them all the same."""


class RefusedError(Exception):
    """The account does not accept a call; the text is its answer."""


class Account:
    """An empty account with what prod expects to find: its zone and the boundary of its roles."""

    def __init__(self) -> None:
        import boto3

        self._session = boto3.Session("test", "test", region_name="us-east-1")
        self._clients: dict[tuple[str, str], Any] = {}
        self.call(
            "us-east-1", "iam.CreatePolicy", {"PolicyName": "gostack-boundary", "PolicyDocument": json.dumps(_ANYTHING)}
        )
        zone = self.call("us-east-1", "route53.CreateHostedZone", {"Name": "example.com", "CallerReference": "once"})
        self.zone_id: str = zone["HostedZone"]["Id"].rsplit("/", 1)[1]

    def call(self, region: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call. Raises `RefusedError`."""
        service, _, title = operation.partition(".")
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(service, region)
        try:
            return getattr(self._clients[service, region], xform_name(title))(**arguments)
        except (ClientError, BotoCoreError) as error:
            raise RefusedError(str(error)) from error


@contextmanager
def empty_account() -> Iterator[Account]:
    """The account, for as long as nothing else in this process speaks to AWS."""
    # Before moto is imported: whether a managed policy exists is known only then.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from moto import mock_aws

    with mock_aws():
        yield Account()


_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
