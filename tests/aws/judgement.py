"""The recorded prod stack before three judges: AWS's API models, moto as its API, CloudFormation's linter.

Resources come in the order in which the program registered them. Each is said in AWS's words, judged by the models of
its calls, made in the account, and written into its region's template. Mistakes come just before what they spoil.
"""

from __future__ import annotations

import copy
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.aws.account import LACKING, NUMBER, Account, RefusedError
from tests.aws.calls import CALLS, TAGGED, Call
from tests.aws.models import violations
from tests.aws.shapes import operation, plain, resource_type
from tests.aws.templates import CONSTANTS, NAMES, OF_TEMPLATES, template_type
from tests.aws.translation import Translation, leaves, put
from tests.graph.recorder import Graph, Registered, unwrapped
from tools.offline.providers.aws.outputs import Place, computed
from tools.offline.providers.aws.sdk import find

# What an answer calls the identity of what was made, the likeliest first.
_IDS = ("{title}id", "{title}identifier", "db{title}identifier", "groupid", "allocationid", "id", "arn")
_ARNS = ("{title}arn", "arn", "db{title}arn")


@dataclass(frozen=True)
class Mistake:
    """One wrong input: where it is, and who has to find it."""

    resource: str
    path: str
    """`healthCheck.matcher`; parts of a list by their number."""
    value: Any
    judge: str
    """`model`, `account` or `template`."""
    says: str
    """A part of what the judge says."""


@dataclass
class Judgement:
    """What was judged, and what was found."""

    findings: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    """Judge to its findings, each with the resource's name."""
    mistakes: dict[Mistake, list[str]] = field(default_factory=dict)
    """Each mistake to what its judge says of it."""
    properties: set[tuple[str, str]] = field(default_factory=set)
    """Type and path of every property of the stack."""
    covered: set[tuple[str, str]] = field(default_factory=set)
    """Those that a judge has a place for."""
    counts: Counter[str] = field(default_factory=Counter[str])
    """Judge to the resources it judged; `calls`."""


class Bench:
    """Hears the resources, one after the other."""

    def __init__(self, account: Account, mistakes: Sequence[Mistake] = ()) -> None:
        self.judgement = Judgement()
        self._account = account
        self._mistakes = mistakes
        self._answers: dict[str, str] = {"Z0123456789EXAMPLE": account.zone_id}
        self._templates: dict[str, dict[str, Any]] = defaultdict(dict)
        self._names: dict[str, Mistake] = {}
        self._spoiled: dict[str, dict[str, Any]] = defaultdict(dict)

    def hear(self, graph: Graph) -> Judgement:
        regions = {
            resource.urn: str(resource.plain("region"))
            for resource in graph.resources.values()
            if resource.type == "pulumi:providers:aws"
        }
        for resource in graph.resources.values():
            if resource.type.startswith("aws:"):
                self._hear(resource, regions[resource.provider.rpartition("::")[0]])
        for region, resources in self._templates.items():
            self._lint(region, resources)
        # Each in a resource of its own, all of a region before the linter at once: it takes a second to begin.
        said = {region: _lint(region, resources) for region, resources in self._spoiled.items()}
        for name, mistake in self._names.items():
            found = [match for matches in said.values() for match in matches if name in (match.path or [])]
            self.judgement.mistakes[mistake] = [f"{match.rule.id} {match.message}" for match in found]
        return self.judgement

    def _hear(self, resource: Registered, region: str) -> None:
        inputs = self._inputs(resource)
        for mistake in self._mistakes:
            if mistake.resource == resource.name:
                self._spoil(resource, region, mistake, spoiled(inputs, mistake.path, mistake.value))
        self.judgement.properties |= {(resource.type, path) for path in leaves(inputs)}
        self.judgement.counts["model"] += resource.type in CALLS
        self.judgement.counts["account"] += resource.type in CALLS and resource.type not in LACKING
        violated, refused = self._play(resource, region, inputs)
        self.judgement.findings["model"] += [f"{resource.name}: {text}" for text in violated]
        self.judgement.findings["account"] += [f"{resource.name}: {text}" for text in refused]
        template = self._template(resource, region, inputs)
        if template:
            self.judgement.counts["template"] += 1
            self._templates[region][_logical(resource.name)] = template

    def _spoil(self, resource: Registered, region: str, mistake: Mistake, inputs: dict[str, Any]) -> None:
        if mistake.judge != "template":
            violated, refused = self._play(resource, region, inputs, mistake)
            self.judgement.mistakes[mistake] = refused if mistake.judge == "account" else violated
        else:
            name = f"Spoiled{len(self._names)}"
            self._names[name] = mistake
            self._spoiled[region][name] = self._template(resource, region, inputs)

    def _inputs(self, resource: Registered) -> dict[str, Any]:
        """What the program said, with the account's answers for the recording's, and the name that a provider gives."""
        kind = find(resource.type)
        assert kind is not None
        inputs: dict[str, Any] = self._answered(unwrapped(resource.inputs))
        if "name" in kind.inputs and isinstance(resource.outputs.get("name"), str):
            prefix = "alias/" if resource.type == "aws:kms/alias:Alias" else ""
            inputs.setdefault("name", prefix + resource.outputs["name"])
        return inputs

    def _answered(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._answered(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._answered(item) for item in value]
        if isinstance(value, str):
            if value in self._answers:
                return self._answers[value]
            if value.startswith("{"):
                for said, answer in self._answers.items():
                    value = value.replace(f'"{said}"', f'"{answer}"')
        return value

    def _said(
        self, call: Call, resource: Registered, inputs: Mapping[str, Any], own: Mapping[str, str]
    ) -> dict[str, Any]:
        """The arguments of a call; nothing when what it is made for was not said."""
        shape = operation(call.operation)
        keyed = {call.attributes[name]: value for name, value in inputs.items() if name in call.attributes}
        meant = {name: value for name, value in inputs.items() if call.only is None or name in call.only}
        meant = {name: value for name, value in meant.items() if name not in call.attributes}
        names, constants = dict(call.names), dict(call.constants)
        title = resource.type.rsplit(":", 1)[1]
        if "TagSpecifications" in shape.members and "tags" in meant:
            names["tags"] = "TagSpecifications.Tags"
            words: list[str] = shape.shape.members["TagSpecifications"].member.members["ResourceType"].enum
            constants["TagSpecifications.ResourceType"] = TAGGED.get(title) or next(
                (word for word in words if plain(word) == plain(title)), title
            )
        if keyed:
            meant["attributes"] = keyed
        translation = Translation(shape, title, meant, names)
        self.judgement.covered |= {(resource.type, path) for path in translation.covered}
        self.judgement.covered |= {(resource.type, name) for name in call.attributes if name in inputs}
        if not translation.said:
            return {}
        for path, value in constants.items():
            put(translation.said, shape, path.split("."), own[value[1:]] if str(value).startswith("$") else value)
        return translation.said

    def _play(
        self, resource: Registered, region: str, inputs: dict[str, Any], mistake: Mistake | None = None
    ) -> tuple[list[str], list[str]]:
        """Judge its calls and make it in the account: what the models do not allow, and what the account refuses."""
        kind = find(resource.type)
        assert kind is not None
        identity, outputs = computed(kind, resource.urn, inputs, Place(region, NUMBER, {}), "")
        own = {"id": identity, "arn": str(outputs.get("arn") or "")}
        title = plain(kind.title)
        makes = resource.type not in LACKING and (mistake is None or mistake.judge == "account")
        violated: list[str] = []
        for call in CALLS.get(resource.type, ()):
            arguments = self._said(call, resource, inputs, own)
            if not arguments:
                continue
            self.judgement.counts["calls"] += 1
            violated += violations(operation(call.operation).shape, arguments, call.operation)
            if call.judged_only or not makes:
                continue
            try:
                answer = self._account.call(region, call.operation, arguments)
            except RefusedError as refused:
                return violated, [str(refused)]
            for name, words in (("id", _IDS), ("arn", _ARNS)):
                found = (_leaf(answer, word.format(title=title)) for word in words)
                own[name] = next(filter(None, found), own[name])
            outputs |= {name: found for name in outputs if name not in inputs and (found := _leaf(answer, plain(name)))}
        if resource.type == "aws:eks/cluster:Cluster" and makes:
            outputs["vpcConfig"]["clusterSecurityGroupId"] = self._cluster_group(resource, region, inputs)
        if mistake is None:
            self._answers[resource.id] = own["id"]
            self._remember(resource.outputs, {**outputs, "arn": own["arn"]}, resource.inputs)
        return violated, []

    def _cluster_group(self, resource: Registered, region: str, inputs: dict[str, Any]) -> str:
        """The security group that EKS makes for a cluster, and moto does not."""
        subnets = self._account.call(region, "ec2.DescribeSubnets", {"SubnetIds": inputs["vpcConfig"]["subnetIds"]})
        network = subnets["Subnets"][0]["VpcId"]
        group = {"GroupName": resource.name, "Description": "The cluster's own", "VpcId": network}
        return self._account.call(region, "ec2.CreateSecurityGroup", group)["GroupId"]

    def _remember(self, recorded: Mapping[str, Any], answered: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """What AWS answers in the place of each output of the recording that is no input."""
        for name, value in recorded.items():
            answer = answered.get(name)
            if isinstance(value, dict) and isinstance(answer, dict):
                self._remember(value, answer, given.get(name, {}))
            elif name not in given and name != "name" and isinstance(value, str) and isinstance(answer, str):
                self._answers[value] = answer

    def _template(self, resource: Registered, region: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
        name = template_type(resource.type, region)
        if name is None:
            return None
        title = resource.type.rsplit(":", 1)[1]
        translation = Translation(resource_type(name, region), title, inputs, NAMES.get(resource.type, {}))
        self.judgement.covered |= {(resource.type, path) for path in translation.covered}
        for path, value in CONSTANTS.get(resource.type, {}).items():
            put(translation.said, resource_type(name, region), path.split("."), value)
        return {"Type": name, "Properties": translation.said}

    def _lint(self, region: str, resources: dict[str, Any]) -> None:
        for match in _lint(region, resources):
            where = ".".join(map(str, (match.path or [])[1:]))
            self.judgement.findings["template"].append(f"{match.rule.id} {where}: {match.message}")


def _lint(region: str, resources: dict[str, Any]) -> list[Any]:
    # Here, as it takes seconds: every process of a parallel run reads this file.
    import cfnlint.api

    text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    return [match for match in cfnlint.api.lint(text, regions=[region]) if match.rule.id not in OF_TEMPLATES]


def _has(container: Any, key: int | str) -> bool:
    return isinstance(container, list) or key in container


def spoiled(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The inputs with another value at a path; None takes it away."""
    result: Any = copy.deepcopy(dict(inputs))
    at: Any = result
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        at = at[step]
    assert value is not None or _has(at, last), f"there is no {path}"
    if value is None:
        del at[last]
    else:
        at[last] = value
    return result


def _leaf(value: Any, word: str) -> str:
    """The first text of that name, the nearest to the top first."""
    level: list[Any] = [value]
    while level:
        for item in level:
            if isinstance(item, dict):
                for name, inner in item.items():
                    if plain(name) == word and isinstance(inner, str):
                        return inner
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
            if isinstance(inner, dict | list)
        ]
    return ""


def _logical(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "-").replace("@", "-").split("-"))
