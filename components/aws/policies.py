"""Policy documents of AWS as JSON text: who may use what. Keys are sorted, so that equal policies are equal texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.aws.network.addresses import partition

Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    """Return statements as a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def service_trust(service: str, *actions: str) -> str:
    """Return the policy by which a service of AWS may take a role."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["sts:AssumeRole", *actions],
        }
    )


def flow_logs_trust(account: str) -> str:
    """Return the policy by which flow logs of this account, and of no other, may take a role."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            # Another customer's flow logs must not write through our role (the confused deputy).
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def write_logs(log_group_arn: str) -> str:
    """Return the policy that lets a role write into one log group."""
    return document(
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
            ],
            "Resource": [log_group_arn, f"{log_group_arn}:*"],
        }
    )


def key_policy(account: str, region: str, *, services: Sequence[str] = (), roles: Sequence[str] = ()) -> str:
    """Return the policy of an encryption key.

    The account's own IAM policies decide about people. `services` of AWS use the key for resources of this account
    only; `roles` use it themselves and through the disks that AWS attaches for them.
    """
    root = f"arn:{partition(region)}:iam::{account}:root"
    statements: list[Statement] = [
        {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    ]
    use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    statements += [
        {
            "Sid": _sid(service),
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": use,
            "Resource": "*",
            "Condition": _of_this_account(service, account, region),
        }
        for service in services
    ]
    if roles:
        principals = {"AWS": list(roles)}
        statements += [
            {"Sid": "Roles", "Effect": "Allow", "Principal": principals, "Action": use, "Resource": "*"},
            {
                "Sid": "Disks",
                "Effect": "Allow",
                "Principal": principals,
                "Action": ["kms:CreateGrant"],
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ]
    return document(*statements)


def topic_policy(topic_arn: str, account: str, region: str) -> str:
    """Return the policy of a notification topic: alarms and budgets of this account may publish, over TLS only."""
    root = f"arn:{partition(region)}:iam::{account}:root"
    return document(
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": ["sns:GetTopicAttributes", "sns:Publish", "sns:SetTopicAttributes", "sns:Subscribe"],
            "Resource": topic_arn,
        },
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
            "Action": ["sns:Publish"],
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        {
            "Sid": "Encrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sns:Publish"],
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def lifecycle_policy(kept: int) -> str:
    """Return the policy of a repository: untagged images go after a week, and of the others the newest are kept."""
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": "untagged images go after 7 days",
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": 7,
                    },
                    "action": {"type": "expire"},
                },
                {
                    "rulePriority": 2,
                    "description": f"the newest {kept} releases are kept, to go back to",
                    "selection": {
                        "tagStatus": "tagged",
                        "tagPatternList": ["*"],
                        "countType": "imageCountMoreThan",
                        "countNumber": kept,
                    },
                    "action": {"type": "expire"},
                },
            ]
        },
        sort_keys=True,
    )


def _of_this_account(service: str, account: str, region: str) -> Mapping[str, Any]:
    if service.startswith("logs."):
        # CloudWatch Logs says what it encrypts, and not for whom.
        arn = f"arn:{partition(region)}:logs:{region}:{account}:*"
        return {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}}
    return {"StringEquals": {"aws:SourceAccount": account}}


def _sid(service: str) -> str:
    return "".join(part.capitalize() for part in service.split(".")[0].split("-"))
