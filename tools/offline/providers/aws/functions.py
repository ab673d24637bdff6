"""The functions of the AWS package that a program may call, answered for an account that does not exist."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from tools.offline.providers.aws.outputs import Place
from tools.offline.providers.aws.rules import REGIONS
from tools.offline.providers.plugin.provider import ProviderError
from tools.offline.providers.plugin.values import Properties

_Answer = Callable[[Properties, Place], dict[str, Any]]


def call(token: str, arguments: Properties, place: Place) -> Properties:
    """The answer of a function. Raises `ProviderError` for one that the rehearsal does not have."""
    answer = _FUNCTIONS.get(token)
    if answer is None:
        known = ", ".join(sorted(name.rsplit(":", 1)[1] for name in _FUNCTIONS))
        raise ProviderError(f"{token} asks an AWS account, and this is a rehearsal without one; it can answer: {known}")
    return {**arguments, **answer(arguments, place)}


def _caller_identity(arguments: Properties, place: Place) -> dict[str, Any]:
    account = place.account
    user = f"arn:{place.partition}:sts::{account}:assumed-role/rehearsal/gostack"
    return {"accountId": account, "arn": user, "id": account, "userId": "AROAREHEARSAL:gostack"}


def _region(arguments: Properties, place: Place) -> dict[str, Any]:
    region = str(arguments.get("region") or arguments.get("name") or place.region)
    if region not in REGIONS:
        raise ProviderError(f"no AWS Region is called {region!r}")
    endpoint = f"ec2.{region}.amazonaws.com"
    return {"name": region, "region": region, "id": region, "endpoint": endpoint, "description": region}


def _partition(arguments: Properties, place: Place) -> dict[str, Any]:
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    return {
        "id": place.partition,
        "partition": place.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _availability_zones(arguments: Properties, place: Place) -> dict[str, Any]:
    region = str(arguments.get("region") or place.region)
    return {
        "names": [f"{region}{letter}" for letter in "abc"],
        "zoneIds": [f"{region}-az{number}" for number in (1, 2, 3)],
        "groupNames": [region],
        "id": region,
    }


def _policy_document(arguments: Properties, place: Place) -> dict[str, Any]:
    statements = [_statement(statement) for statement in arguments.get("statements") or []]
    for source in arguments.get("sourcePolicyDocuments") or []:
        statements = [*json.loads(source).get("Statement", []), *statements]
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    digest = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    return {"json": text, "minifiedJson": json.dumps(document, separators=(",", ":")), "id": str(digest)}


def _statement(given: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": given.get("effect") or "Allow"}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    for name in ("actions", "notActions", "resources", "notResources"):
        if given.get(name):
            title = name[0].upper() + name[1:-1]
            statement[title] = _one_or_many(given[name])
    for name, title in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        found: dict[str, list[str]] = {}
        for principal in given.get(name) or []:
            found.setdefault(principal["type"], []).extend(principal["identifiers"])
        if found:
            everybody = found == {"*": ["*"]}
            statement[title] = "*" if everybody else {kind: _one_or_many(names) for kind, names in found.items()}
    conditions: dict[str, dict[str, Any]] = {}
    for condition in given.get("conditions") or []:
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_many(condition["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _default_tags(arguments: Properties, place: Place) -> dict[str, Any]:
    return {"tags": dict(place.tags), "id": place.partition}


def _managed_policy(arguments: Properties, place: Place) -> dict[str, Any]:
    name = arguments.get("name")
    if not name:
        raise ProviderError("getPolicy needs the name of a managed policy in a rehearsal")
    arn = f"arn:{place.partition}:iam::aws:policy/{name}"
    return {"arn": arn, "id": arn, "name": name, "path": "/", "policy": "{}", "policyId": "ANPAREHEARSAL", "tags": {}}


_FUNCTIONS: dict[str, _Answer] = {
    "aws:iam/getPolicy:getPolicy": _managed_policy,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getDefaultTags:getDefaultTags": _default_tags,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
