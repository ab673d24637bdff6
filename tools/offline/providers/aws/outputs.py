"""What AWS would answer: identifiers, ARNs, addresses, states; realistic, and the same for the same resource."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tools.offline.providers.aws.identities import identity_of
from tools.offline.providers.aws.particulars import particulars
from tools.offline.providers.aws.sdk import Kind, Property, ResourceType, told_by
from tools.offline.providers.plugin.values import UNKNOWN, Properties, plain

_MOMENT = "2026-01-01T00:00:00Z"

# By the end of an output's name, longest first: what stands for `…SecurityGroupId`, `…Status` and so on.
_BY_ENDING: tuple[tuple[str, Any], ...] = (
    ("securityGroupId", "sg-{hex17}"),
    ("routeTableId", "rtb-{hex17}"),
    ("networkAclId", "acl-{hex17}"),
    ("networkInterfaceId", "eni-{hex17}"),
    ("dhcpOptionsId", "dopt-{hex17}"),
    ("allocationId", "eipalloc-{hex17}"),
    ("associationId", "eipassoc-{hex17}"),
    ("hostedZoneId", "Z{upper13}"),
    ("zoneId", "Z{upper13}"),
    ("ownerId", "{account}"),
    ("accountId", "{account}"),
    ("registryId", "{account}"),
    ("ownerAccountId", "{account}"),
    ("subnetId", "subnet-{hex17}"),
    ("vpcId", "vpc-{hex17}"),
    ("arnSuffix", "{hex16}"),
    ("arn", "arn:{partition}:{service}:{region}:{account}:{title}/{hex17}"),
    ("dnsName", "{name}-{hex16}.{region}.amazonaws.com"),
    ("domainName", "{name}.{region}.amazonaws.com"),
    ("endpoint", "{name}.{hex8}.{region}.amazonaws.com"),
    ("publicIp", "203.0.113.{octet}"),
    ("privateIp", "10.0.{octet}.{octet2}"),
    ("createdAt", _MOMENT),
    ("createDate", _MOMENT),
    ("createdDate", _MOMENT),
    ("modifiedAt", _MOMENT),
    ("updateDate", _MOMENT),
    ("versionId", "{uuid}"),
    ("uniqueId", "AROA{upper13}"),
    ("status", "ACTIVE"),
    ("state", "available"),
    ("region", "{region}"),
    ("fingerprint", "{hex17}"),
    ("id", "{title}-{hex17}"),
)


@dataclass(frozen=True)
class Place:
    """Where a provider makes its resources."""

    region: str
    account: str
    tags: dict[str, str]
    """The provider's default tags."""

    @property
    def partition(self) -> str:
        """The part of AWS: `aws`, `aws-cn` or `aws-us-gov`."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in prefixes.items() if self.region.startswith(prefix)), "aws")


def computed(kind: ResourceType, urn: str, inputs: Properties, place: Place, salt: str) -> tuple[str, Properties]:
    """The identifier and the outputs of a resource that has just been made.

    `salt` tells a resource from the one that it replaces: what cannot be changed in place.
    """
    values = plain(inputs)
    words = _words(kind, urn, values, place, salt)
    identity = identity_of(kind.token, bool(values.get("name")))
    words["id"] = identity.id.format_map(words)
    words["arn"] = identity.arn.format_map(words) if identity.arn else ""
    # A part that nobody said leaves its mark behind: a record without a set identifier ends with nothing.
    made = words["id"] = identity.id.format_map(words).rstrip("_:|#") or words["hex17"]
    outputs = complete(kind, inputs, words, place)
    return made, outputs


def complete(kind: ResourceType, inputs: Properties, words: dict[str, str], place: Place) -> Properties:
    """The inputs with everything else that a resource of the type tells."""
    outputs = {name: value for name, value in inputs.items() if name in kind.outputs}
    special = particulars(kind.token, words, plain(inputs))
    for name, found in kind.outputs.items():
        if name in special:
            outputs[name] = _merged(outputs.get(name), special[name])
        elif name not in outputs and found.required:
            outputs[name] = _answer(found, words, kind.inputs.get(name))
    if "tagsAll" in kind.outputs:
        outputs["tagsAll"] = {**place.tags, **(plain(inputs).get("tags") or {})}
    if "region" in kind.outputs:
        outputs["region"] = words["region"]
    if "arn" in kind.outputs and words["arn"] and "arn" not in special:
        outputs["arn"] = words["arn"]
    return outputs


def in_preview(kind: ResourceType, inputs: Properties, place: Place) -> Properties:
    """The outputs as far as they are known before the resource is there."""
    outputs = {name: value for name, value in inputs.items() if name in kind.outputs}
    for name, found in kind.outputs.items():
        if name not in outputs and found.required:
            given = kind.inputs.get(name)
            default = given.default if given else None
            outputs[name] = _converted(found.kind, default) if default is not None else UNKNOWN
    if "region" in kind.outputs and "region" not in inputs:
        outputs["region"] = place.region
    if "tagsAll" in kind.outputs and plain(inputs).get("tags") is not UNKNOWN:
        outputs["tagsAll"] = {**place.tags, **(plain(inputs).get("tags") or {})}
    return outputs


def salt_of(inputs: Properties, paths: tuple[str, ...]) -> str:
    """What tells a resource from the one that it replaces."""
    values = plain(inputs)
    kept = {path: _at(values, path) for path in paths}
    return json.dumps(kept, sort_keys=True, default=str)


def _words(kind: ResourceType, urn: str, values: Properties, place: Place, salt: str) -> dict[str, str]:
    region = str(values.get("region") or place.region)
    digest = hashlib.sha256(f"{urn}|{region}|{place.account}|{salt}".encode()).hexdigest()
    words: dict[str, str] = defaultdict(str)
    words.update({name: str(value) for name, value in values.items() if isinstance(value, str | int | float)})
    words.update(
        {
            "account": place.account,
            "partition": place.partition,
            "region": region,
            "service": kind.service,
            "title": kind.title.lower(),
            "name": str(values.get("name") or urn.rsplit("::", 1)[1]).lower(),
            "hex8": digest[:8],
            "hex16": digest[:16],
            "hex17": digest[:17],
            "uuid": str(uuid.UUID(digest[:32])),
            "upper13": digest[:13].upper(),
            "letters6": "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:6]),
            "octet": str(int(digest[:2], 16) or 1),
            "octet2": str(int(digest[2:4], 16) or 1),
        }
    )
    if values.get("name"):
        words["name"] = str(values["name"])
    return words


def _answer(found: Property, words: dict[str, str], given: Property | None) -> Any:
    default = given.default if given else found.default
    if default is not None and found.kind.name in ("boolean", "integer", "number", "string"):
        return _converted(found.kind, default)
    if found.kind.name == "string" and given is None:
        name = found.name.lower()
        for ending, template in _BY_ENDING:
            if name.endswith(ending.lower()):
                return template.format_map(words)
        return f"{found.name.lower()}-{words['hex8']}"
    return _nothing(found.kind, words) if given is None or found.kind.name != "object" else {}


def _nothing(kind: Kind, words: dict[str, str]) -> Any:
    if kind.name == "object" and kind.arguments is not None:
        inner = told_by(kind.arguments)
        return {name: _answer(found, words, None) for name, found in inner.items() if found.required}
    return {"string": "", "boolean": False, "integer": 0, "number": 0, "list": [], "map": {}}.get(kind.name)


def _converted(kind: Kind, text: str) -> Any:
    if kind.name == "boolean":
        return text.lower() == "true"
    if kind.name in ("integer", "number"):
        try:
            return int(text) if kind.name == "integer" else float(text)
        except ValueError:
            return 0
    return text if kind.name == "string" else _nothing(kind, defaultdict(str))


def _merged(given: Any, special: Any) -> Any:
    """What AWS adds to an object that the program has begun."""
    if isinstance(given, dict) and isinstance(special, dict):
        return {**special, **given}
    return special if given in (None, "") else given


def _at(values: Any, path: str) -> Any:
    for step in path.split("."):
        values = values.get(step) if isinstance(values, dict) else None
    return values
