"""Everything in AWS is made by the right provider, in the right account, and carries the tags of the stack."""

from __future__ import annotations

import json

from tests.graph.aws.regions import component_region, provider_region
from tests.graph.conftest import Document
from tests.graph.prod import HOME, ground
from tests.graph.recorder import Graph, names


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
