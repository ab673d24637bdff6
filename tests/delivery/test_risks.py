"""Risks of changes on Kubernetes and AWS, and the traps on Docker: what is told, in which words, and what is not.

Events are written as the engine writes them. Does not prove that a provider asks for a replacement where it is said
here; what the engine says of a stack on Docker is recorded, see test_golden.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.delivery.streams import assessment
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Event, Step, stack_changes
from tools.gostack.report.findings import Risk

STACK = "urn:pulumi:prod::gostack::pulumi:pulumi:Stack::gostack-prod"
STACK_TYPE = "pulumi:pulumi:Stack"


def step(
    op: str,
    kind: str,
    name: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    *,
    replaces: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    protect: bool = False,
    parent: str = "",
) -> Event:
    urn = f"urn:pulumi:prod::gostack::{kind}::{name}"
    state: Step = {"type": kind, "urn": urn, "custom": True, "parent": parent, "provider": "", "protect": protect}
    metadata: Step = {"op": op, "urn": urn, "type": kind}
    if old is not None:
        metadata["old"] = {**state, "inputs": old, "outputs": {}}
    if new is not None:
        metadata["new"] = {**state, "inputs": new, "outputs": {}}
    if replaces:
        metadata["keys"] = [path.split(".")[0].split("[")[0] for path in replaces]
    metadata["detailedDiff"] = {
        **{path: {"diffKind": "update-replace"} for path in replaces},
        **{path: {"diffKind": "update"} for path in changes},
    }
    return {"sequence": 0, "resourcePreEvent": {"metadata": metadata}}


def same() -> Event:
    state: Step = {"type": STACK_TYPE, "urn": STACK}
    return {
        "sequence": 0,
        "resourcePreEvent": {"metadata": {"op": "same", "urn": STACK, "type": STACK_TYPE, "new": state}},
    }


def assessed(*events: Event) -> Assessment:
    return Assessment.of(stack_changes("prod", [same(), CONFIGURED, *events]))


def told(risk: Risk, *events: Event) -> list[str]:
    return [finding.sentence for finding in assessed(*events).findings if finding.risk == risk]


def update(kind: str, old: dict[str, Any], new: dict[str, Any], *paths: str) -> Event:
    return step("update", kind, "it", old, new, changes=paths)


def replaced(
    kind: str, old: dict[str, Any], new: dict[str, Any], path: str, *, first: bool, protect: bool = False
) -> list[Event]:
    """The steps of a replacement, in the order of the engine."""
    create = step("create-replacement", kind, "it", old, new, replaces=(path,), protect=protect)
    delete = step("delete-replaced", kind, "it", old, protect=protect)
    return [delete, create] if first else [create, delete]


def test_a_replaced_database_is_a_loss_with_the_property_that_causes_it() -> None:
    events = replaced(
        "aws:rds/cluster:Cluster", {"masterUsername": "a"}, {"masterUsername": "b"}, "masterUsername", first=True
    )
    assert told("data loss", *events) == [
        "is replaced because `masterUsername` changes, and with it the data that it holds"
    ]
    assert told("downtime", *events) == [
        "is deleted first and then made anew because `masterUsername` changes: it is away meanwhile"
    ]


def test_a_protected_resource_that_holds_nothing_is_told_too() -> None:
    events = replaced("aws:iam/role:Role", {"name": "a"}, {"name": "b"}, "name", first=False, protect=True)
    assert told("data loss", *events) == [
        "is replaced because `name` changes; it is protected, so the engine refuses until the protection is taken away"
    ]


def test_a_deleted_volume_claim_is_a_loss() -> None:
    event = step("delete", "kubernetes:core/v1:PersistentVolumeClaim", "data", {"spec": {}})
    assert told("data loss", event) == [
        "is deleted because the program no longer has it, and with it the data that it holds"
    ]


def test_a_create_first_replacement_of_what_serves_is_no_downtime() -> None:
    kind = "kubernetes:apps/v1:Deployment"
    old, new = {"spec": {"selector": "a"}}, {"spec": {"selector": "b"}}
    assert told("downtime", *replaced(kind, old, new, "spec.selector", first=False)) == []
    assert told("downtime", *replaced(kind, old, new, "spec.selector", first=True)) == [
        "is deleted first and then made anew because `spec.selector` changes: it is away meanwhile"
    ]


def test_a_change_in_place_that_interrupts_is_downtime() -> None:
    kind = "aws:rds/clusterInstance:ClusterInstance"
    old, new = {"instanceClass": "db.r6g.large"}, {"instanceClass": "db.r6g.xlarge"}
    assert told("downtime", update(kind, old, new, "instanceClass")) == [
        "is changed in place and interrupted because `instanceClass` changes"
    ]
    assert told("cost", update(kind, old, new, "instanceClass")) == [
        "costs another amount because `instanceClass` changes"
    ]


@pytest.mark.parametrize(
    ("kind", "old", "new", "sentence"),
    [
        (
            "aws:ec2/securityGroup:SecurityGroup",
            {"ingress": [{"fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}]},
            {"ingress": [{"fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]},
            "`ingress`: 0.0.0.0/0 is let in on port 22",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv6": "fd00::/8", "fromPort": 8000, "toPort": 9000},
            {"cidrIpv6": "::/0", "fromPort": 8000, "toPort": 9000},
            "`cidrIpv6`: ::/0 is let in on port 8000–9000",
        ),
        (
            "aws:rds/instance:Instance",
            {"publiclyAccessible": False},
            {"publiclyAccessible": True},
            "`publiclyAccessible`: is `true` now",
        ),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"blockPublicPolicy": True},
            {"blockPublicPolicy": False},
            "`blockPublicPolicy`: is `false` now",
        ),
        (
            "aws:eks/cluster:Cluster",
            {"vpcConfig": {"endpointPublicAccess": False}},
            {"vpcConfig": {"endpointPublicAccess": True}},
            "`vpcConfig.endpointPublicAccess`: is `true` now",
        ),
        (
            "aws:lb/listener:Listener",
            {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
            {"sslPolicy": "ELBSecurityPolicy-2016-08"},
            "`sslPolicy`: TLS below 1.2 is admitted",
        ),
        (
            "aws:lb/listener:Listener",
            {"protocol": "HTTPS"},
            {"protocol": "HTTP"},
            "`protocol`: requests are no longer encrypted",
        ),
        (
            "kubernetes:core/v1:ConfigMap",
            {"data": {"nginx.conf": "ssl_protocols TLSv1.2 TLSv1.3;"}},
            {"data": {"nginx.conf": "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;"}},
            '`data["nginx.conf"]`: TLSv1.1 is admitted',
        ),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"type": "ClusterIP"}},
            {"spec": {"type": "LoadBalancer"}},
            "`spec.type`: is `LoadBalancer` now",
        ),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            {"spec": {"ingress": [{"from": [{"podSelector": {}}]}]}},
            {"spec": {"ingress": [{"ports": [{"port": 80}]}]}},
            "`spec.ingress`: a rule without `from` lets everybody in",
        ),
        (
            "kubernetes:apps/v1:Deployment",
            {"spec": {"template": {"spec": {"containers": [{"securityContext": {"runAsNonRoot": True}}]}}}},
            {"spec": {"template": {"spec": {"containers": [{"securityContext": {"runAsNonRoot": False}}]}}}},
            "`spec.template.spec.containers[0].securityContext.runAsNonRoot`: is `false` now",
        ),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:Role",
            {"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]},
            {"rules": [{"verbs": ["*"], "resources": ["secrets"], "apiGroups": [""]}]},
            "`rules[0]`: everything is allowed",
        ),
        (
            "docker:index/container:Container",
            {"privileged": False},
            {"privileged": True},
            "`privileged`: is `true` now",
        ),
        (
            "docker:index/container:Container",
            {"volumes": []},
            {"volumes": [{"hostPath": "/var/run/docker.sock", "containerPath": "/run/docker"}]},
            "`volumes[0].hostPath`: whoever is in it controls the engine",
        ),
    ],
)
def test_what_a_change_opens_is_told(kind: str, old: dict[str, Any], new: dict[str, Any], sentence: str) -> None:
    paths = tuple({path.split(".")[0].split("[")[0] for path in (*old, *new)})
    assert told("exposure", update(kind, old, new, *paths)) == [sentence]
    # The other way round it is closed, and what stays as it is opens nothing.
    assert told("exposure", update(kind, new, old, *paths)) == [] or kind.endswith("rbac.authorization.k8s.io/v1:Role")
    assert told("exposure", update(kind, new, new, *paths)) == []


def document(*actions: str, resource: str = "arn:aws:s3:::one/*", principal: object = None) -> str:
    statement: dict[str, object] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    if principal is not None:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            document("s3:GetObject"),
            document("s3:GetObject", "s3:*"),
            ["`policy`: every action is allowed"],
        ),
        (document("s3:*"), document("s3:GetObject"), []),
        (document("s3:Get*"), document("s3:GetObject"), []),
        (document("s3:GetObject"), document("s3:GetObject", resource="*"), ["`policy`: more is allowed"]),
        (
            document("s3:GetObject", principal={"AWS": "arn:aws:iam::1:root"}),
            document("s3:GetObject", principal="*"),
            ["`policy`: everybody is allowed more"],
        ),
        (document("s3:GetObject"), "no JSON", []),
    ],
)
def test_rights_that_a_change_adds_are_told_and_those_it_takes_are_not(
    old: str, new: str, sentences: list[str]
) -> None:
    assert told("exposure", update("aws:iam/policy:Policy", {"policy": old}, {"policy": new}, "policy")) == sentences


def test_a_guard_that_is_deleted_opens_what_it_closed() -> None:
    event = step("delete", "kubernetes:networking.k8s.io/v1:NetworkPolicy", "default-deny", {"spec": {}})
    assert told("exposure", event) == [
        "is deleted because the program no longer has it: what it refused is let through"
    ]


def test_what_is_new_and_costs_is_told() -> None:
    event = step("create", "aws:ec2/natGateway:NatGateway", "nat", new={})
    assert told("cost", event) == ["is new and is paid for"]
    assert assessed(event).risky is False


def test_an_image_bump_of_create_first_replicas_is_one_sentence_and_no_risk() -> None:
    looked_at = assessment("image-bump")
    assert looked_at.risky is False
    sentences = {group.name: group.sentence for group in looked_at.groups}
    assert sentences["users"] == (
        "13 replaced in east, then west because of `build.buildArgs.VERSION`, `name`, `triggers.source`, no downtime"
    )
    assert len(sentences) == 2


MEMBER = {"metadata": {"labels": {"gostack.role": "mysql", "gostack.region": "east"}}}
CONFIGURED: Event = {
    "sequence": 0,
    "preludeEvent": {
        "config": {
            "gostack:mysql": '{"primary": "east", "topology": "replica"}',
            "gostack:regions": '{"east": {}, "west": {}}',
        }
    },
}


def pods(kind: str, path: str, labels: dict[str, Any], parent: str = "") -> Event:
    old, new = {**labels, "spec": {"template": "a"}}, {**labels, "spec": {"template": "b"}}
    return step("update", f"kubernetes:apps/v1:{kind}", "it", old, new, changes=(path,), parent=parent)


def test_a_primary_whose_pod_restarts_on_kubernetes_is_downtime_and_a_deployment_that_rolls_is_not() -> None:
    path = "spec.template"
    assert told("downtime", pods("StatefulSet", path, MEMBER)) == [
        "restarts its pod because `spec.template` changes: MySQL's primary is away: rows are read but "
        "not written until it is back"
    ]
    assert told("downtime", pods("StatefulSet", "metadata.annotations", MEMBER)) == []
    elsewhere = {"metadata": {"labels": {"gostack.role": "mysql", "gostack.region": "west"}}}
    assert told("downtime", pods("StatefulSet", path, elsewhere)) == []
    assert told("downtime", pods("Deployment", path, {})) == []


def test_a_rolling_update_on_kubernetes_is_one_sentence() -> None:
    path = "spec.template.spec.containers[0].image"
    component = "urn:pulumi:prod::gostack::gostack:index:Microservice::users-east"
    kind = "gostack:index:Microservice"
    there: Step = {"type": kind, "urn": component, "parent": STACK}
    owner: Step = {"op": "same", "urn": component, "type": kind, "new": there}
    labels = {"metadata": {"labels": {"gostack.role": "application", "gostack.region": "east"}}}
    event = pods("Deployment", path, labels, parent=component)
    (group,) = assessed({"sequence": 0, "resourcePreEvent": {"metadata": owner}}, event).groups
    assert (group.name, group.sentence) == ("users", f"1 changed in place in east because of `{path}`, no downtime")


def test_a_holder_of_a_namespace_that_is_replaced_is_downtime() -> None:
    (finding,) = [finding for finding in assessment("open-port").findings if finding.risk == "downtime"]
    assert (finding.name, finding.property) == ("ingress-east-pod-sandbox", "ports[0].ip")
    assert {urn.split("::")[-1] for urn in finding.affects} == {
        "ingress-east-pod-sandbox",
        "ingress-east-discovery-agent",
        "ingress-east-nginx",
        "ingress-east-release-files",
    }


def test_consul_servers_that_restart_one_after_the_other_are_no_downtime() -> None:
    assert [finding.risk for finding in assessment("new-region").findings] == ["cost"]


def test_whatever_stands_in_a_network_that_is_replaced_is_told_once() -> None:
    (finding,) = [finding for finding in assessment("network-cidr").findings if finding.risk == "downtime"]
    assert finding.name == "west-network"
    assert len(finding.affects) == 18


def test_the_volumes_that_hold_no_rows_are_no_loss() -> None:
    names = [finding.name for finding in assessment("destroy").findings if finding.risk == "data loss"]
    assert names == ["mysql-east-data", "mysql-west-data"]


def test_nothing_changes_is_said_so() -> None:
    looked_at = assessment("unchanged")
    assert (looked_at.findings, looked_at.groups, looked_at.counts) == ((), (), {})
