"""Evaluates IAM policies: whether an action on a resource is allowed by statements as they are written.

As AWS describes it for requests within one account
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html): an explicit Deny of any
policy decides; else both the role's policies and its boundary must allow it. Known are the conditions that the
templates of this project use; another one is an error, and never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import yaml

Statement = Mapping[str, Any]

POWER_USER: list[Statement] = [
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"]}
    | {"Resource": "*"},
]
"""AWS's PowerUserAccess, as far as these tests ask for it."""

ADMINISTRATOR: list[Statement] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
"""AWS's AdministratorAccess."""


@dataclass(frozen=True)
class Request:
    """What somebody wants to do."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    """Condition keys, for example `aws:PrincipalArn`."""


def allowed(
    request: Request, policies: Iterable[Statement], boundary: Iterable[Statement], resource_policy: Iterable[Statement]
) -> bool:
    """Whether a role with these policies and this boundary may do it on a resource with this policy."""
    policies, boundary, resource_policy = list(policies), list(boundary), list(resource_policy)
    if any(_applies(item, request, "Deny") for item in (*policies, *boundary, *resource_policy)):
        return False
    return all(any(_applies(item, request, "Allow") for item in listed) for listed in (policies, boundary))


def _applies(statement: Statement, request: Request, effect: str) -> bool:
    return (
        statement["Effect"] == effect
        and _matches(statement, "Action", request.action)
        and _matches(statement, "Resource", request.resource)
        and all(
            _holds(operator, request.context.get(key), _list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _matches(statement: Statement, key: str, value: str) -> bool:
    without = f"Not{key}"
    assert (key in statement) != (without in statement), f"a statement has one of {key} and {without}: {statement}"
    found = any(_like(pattern, value, key == "Action") for pattern in _list(statement.get(key, statement.get(without))))
    return found if key in statement else not found


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    like = any(_like(str(pattern), value, False) for pattern in wanted) if value is not None else False
    match operator:
        case "StringEquals":
            return value in wanted
        case "StringNotEquals":
            # As every negated operator: true when the request has no such key.
            return value not in wanted
        case "ArnLike":
            return like
        case "ArnNotLike":
            return not like
        case "Bool":
            return value is not None and value.lower() == str(wanted[0]).lower()
        case _:
            raise AssertionError(f"the condition {operator} is not known here")


def _like(pattern: str, value: str, any_case: bool) -> bool:
    if any_case:
        pattern, value = pattern.lower(), value.lower()
    # A bracket has no meaning in IAM.
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as what they are called with."""


_Loader.add_multi_constructor(
    "!",
    lambda loader, suffix, node: {f"!{suffix}": loader.construct_scalar(node)},  # type: ignore[arg-type]
)


def template(text: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return a template of CloudFormation with `!Ref`, `!GetAtt` and `!Sub` resolved; raises KeyError."""
    return _resolved(yaml.load(text, _Loader), values)


def _resolved(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, item),) = value.items()
            if key in ("!Ref", "!GetAtt"):
                return values[item]
            if key == "!Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda match: values[match[1]], item)
        return {key: _resolved(item, values) for key, item in value.items()}
    return [_resolved(item, values) for item in value] if isinstance(value, list) else value
