"""Everything in AWS is made by the right provider, in the right account, and carries the tags of the stack."""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

import pulumi_aws

from tests.graph.aws.regions import component_region, provider_region
from tests.graph.conftest import Document
from tests.graph.prod import HOME, ground
from tests.graph.recorder import Graph, Registered, names


def aws_resources(graph: Graph) -> list[Registered]:
    return [item for item in graph.resources.values() if item.type.startswith("aws:")]


def test_every_resource_has_an_explicit_provider_of_its_components_region(prod: Graph) -> None:
    checked = 0
    for item in prod.resources.values():
        if not item.custom or item.type.startswith(("pulumi:",)):
            continue
        assert item.provider, item.name
        expected = component_region(prod, item)
        if expected is None:
            expected = HOME if item.name.startswith("database-") else "us-east-1"
        assert provider_region(prod, item) == expected, item.name
        checked += 1
    assert checked > 250


def test_a_provider_does_nothing_in_another_account_and_takes_the_deploy_role(prod: Graph) -> None:
    providers = prod.of_type("pulumi:providers:aws")
    assert names(providers) == {"aws-eu-central-1", "aws-us-east-1", "aws-worldwide"}
    for provider in providers:
        assert json.loads(provider.plain("allowedAccountIds")) == ["123456789012"]
        (role,) = json.loads(provider.plain("assumeRoles"))
        assert role["roleArn"] == "arn:aws:iam::123456789012:role/gostack-deploy"


def test_every_role_has_the_permissions_boundary_of_the_settings(prod: Graph) -> None:
    roles = prod.of_type("aws:iam/role:Role")
    assert len(roles) > 5
    for role in roles:
        assert role.plain("permissionsBoundary") == "arn:aws:iam::123456789012:policy/gostack-boundary", role.name


def test_without_a_permissions_boundary_in_the_settings_roles_have_none() -> None:
    def change(document: Document) -> None:
        del document["aws"]["permissions_boundary"]

    for role in ground(change).of_type("aws:iam/role:Role"):
        assert role.plain("permissionsBoundary") is None, role.name


def test_every_resource_that_takes_tags_names_owner_stack_service_and_cost_centre(prod: Graph) -> None:
    untagged = []
    for item in aws_resources(prod):
        module, name = item.type.removeprefix("aws:").split("/")[0], item.type.rsplit(":", 1)[-1]
        cls: Any = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
        if "tags" in inspect.signature(cls._internal_init).parameters:
            tags = item.plain("tags") or {}
            if not {"owner", "stack", "service", "cost-centre", "region"} <= tags.keys():
                untagged.append(item.name)
    assert untagged == []


def test_the_provider_tags_what_aws_makes_for_a_resource(prod: Graph) -> None:
    for provider in prod.of_type("pulumi:providers:aws"):
        tags = json.loads(provider.plain("defaultTags"))["tags"]
        assert {"owner", "stack", "service", "cost-centre"} <= tags.keys()


def test_the_sdk_has_every_type_that_is_used(prod: Graph) -> None:
    assert pulumi_aws.__name__
    for item in aws_resources(prod):
        module = item.type.removeprefix("aws:").split("/")[0]
        assert hasattr(importlib.import_module(f"pulumi_aws.{module}"), item.type.rsplit(":", 1)[-1]), item.type
