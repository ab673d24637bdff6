"""The stacks, each recorded once for all tests that only look at it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from infra.outputs import ImageOutput
from infra.settings import Settings, parse_settings
from infra.stack import build_stack
from tests.graph.recorder import Graph, JobEnd, record
from tests.support.settings import PROJECT, Document, published

KUBECONFIG = "tests/support/kubeconfig.yaml"
"""A file that names no cluster that exists."""

OIDC_LOGIN = {
    "kind": "oidc",
    "issuer": "https://login.example.com",
    "client_id": "shop",
    "allowed_groups": ["staff"],
    "secrets": {"client_secret": "client-secret-of-the-shop"},
}
"""A login with an issuer of OpenID Connect."""


def published_settings(stack: str, change: Callable[[Document], Any] | None = None) -> Settings:
    """The settings of a stack as they are published, changed."""
    values = published(stack)
    if stack == "dev":
        # Whatever this machine has, the graph is the same.
        values["ingress"] = {"ipv6": False, **values.get("ingress", {})}
    if change is not None:
        change(values)
    return parse_settings(values)


def dev_settings(change: Callable[[Document], Any] | None = None) -> Settings:
    """The published dev settings, changed."""
    return published_settings("dev", change)


def staging_graph(
    change: Callable[[Document], Any] | None = None, *, preview: bool = False, kept: Graph | None = None
) -> Graph:
    """The staging stack with changed settings, recorded; `kept` is the state that it finds."""

    def elsewhere(document: Document) -> None:
        document["kubernetes"]["kubeconfig"] = KUBECONFIG
        if change is not None:
            change(document)

    return recorded(published_settings("staging", elsewhere), stack="staging", preview=preview, kept=kept)


def dev_graph(
    change: Callable[[Document], Any] | None = None,
    *,
    preview: bool = False,
    kept: Graph | None = None,
    ends: Mapping[str, JobEnd] | None = None,
) -> Graph:
    """The dev stack with changed settings, recorded; `kept` is the state that it finds, `ends` are the jobs' ends."""
    return recorded(dev_settings(change), preview=preview, kept=kept, ends=ends)


def recorded(
    settings: Settings,
    *,
    stack: str = "dev",
    preview: bool = False,
    kept: Graph | None = None,
    ends: Mapping[str, JobEnd] | None = None,
) -> Graph:
    """The stack that these settings describe, recorded."""
    images: dict[str, ImageOutput] = {
        name: {"reference": reference, "origin": "registry", "upstream": reference}
        for name, reference in settings.third_party_images().items()
    }
    # Pulumi runs the program in its own folder, from which it names the folders of services.
    with contextlib.chdir(PROJECT / "infra"):
        return record(lambda: build_stack(stack, settings, images), stack=stack, preview=preview, kept=kept, ends=ends)


def as_replica(document: Document) -> None:
    """The database as a primary and its replicas, in the place of the dev stack's group."""
    document["mysql"].pop("witness")
    document["mysql"]["topology"] = "replica"


def as_single(document: Document) -> None:
    """The database as one server."""
    as_replica(document)
    document["mysql"]["topology"] = "single"


@cache
def published_graph(stack: str) -> Graph:
    """A stack as it is published, recorded once in a process, for all who only look at it."""
    if stack == "prod":
        return recorded(published_settings(stack), stack=stack)
    return {"dev": dev_graph, "staging": staging_graph}[stack]()


@pytest.fixture(scope="session")
def replica() -> Graph:
    return dev_graph(as_replica)


@pytest.fixture(scope="session")
def single() -> Graph:
    return dev_graph(as_single)


@pytest.fixture(scope="session")
def preview() -> Graph:
    """The first preview of the dev stack."""
    return dev_graph(preview=True)


@pytest.fixture(scope="session")
def dev() -> Graph:
    return published_graph("dev")


@pytest.fixture(scope="session")
def staging() -> Graph:
    return published_graph("staging")


@pytest.fixture(scope="session")
def prod() -> Graph:
    return published_graph("prod")
