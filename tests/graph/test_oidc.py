"""Logins by OIDC in whole stacks: what keeps their sessions is in every region, with the same key, and breaks no rule.

Does not prove that anybody can log in: tests/integration/test_18_oidc.py does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.image_admission import require_admission
from infra.outputs import ImageOutput
from infra.settings import SettingsError
from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import OIDC_LOGIN, Document, dev_graph, published_settings, staging_graph
from tests.graph.recorder import Graph

KEY = "login-staff-sessions-value"


def with_a_login(document: Document) -> None:
    document.setdefault("ingress", {})["logins"] = {"staff": OIDC_LOGIN}
    document["services"]["users"]["routes"] = [{"path": "/office", "login": "staff"}]


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(with_a_login)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return staging_graph(with_a_login)


@pytest.mark.parametrize(
    ("platform", "environment"), [("docker", Environment.DEV), ("cluster", Environment.STAGING)], ids=str
)
def test_a_login_breaks_no_rule(platform: str, environment: Environment, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    blocked = [item for item in judge(from_recorded(graph.resources.values()), environment) if item.blocks]
    assert [item.finding.message for item in blocked] == []


def test_a_session_is_good_in_every_region_as_its_key_is_the_same(docker: Graph) -> None:
    for region in ("east", "west"):
        assert KEY in docker.reachable(f"login-staff-{region}-files-writer")
        # Nobody is sent to what is not there yet.
        assert f"login-staff-{region}-0-registration-agent" in docker.reachable("ingress-east-release-files")
    # A release that fails in one region never reaches the next.
    assert "login-staff-east-0-registration-agent" in docker.reachable("login-staff-west-0-application")


def test_on_a_cluster_a_node_may_be_lost_and_people_stay_logged_in(cluster: Graph) -> None:
    deployment: dict[str, Any] = cluster.resources["login-staff-east-deployment"].plain("spec")
    assert deployment["replicas"] == 2
    assert KEY in cluster.reachable("login-staff-east-files")


@pytest.mark.parametrize("platform", ["docker", "cluster"])
def test_no_secret_of_a_login_is_in_plain_text(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    assert [name for name, text in graph.in_plain().items() if "client-secret-of-the-shop" in text] == []


def test_beside_it_a_service_of_the_stack_signs_tokens() -> None:
    def with_both(document: Document) -> None:
        with_a_login(document)
        document["services"]["users"]["tokens"] = {"issuer": "https://users.example.com", "audience": "shop"}
        document["ingress"]["logins"]["api"] = {"kind": "jwt", "service": "users"}
        document["services"]["users"]["routes"].append({"path": "/api", "login": "api"})

    graph = dev_graph(with_both)
    written = graph.resources["ingress-east-token-verifier"].environment["LOGINS"]
    assert json.loads(written).keys() == {"api"}
    assert "login-staff-east-0-application" in graph.resources
    assert "login-api-east-0-application" not in graph.resources


def test_a_cluster_that_takes_no_tags_says_which_key_has_one() -> None:
    def strict(document: Document) -> None:
        with_a_login(document)
        document["kubernetes"]["image_registries"] = ["quay.io"]

    settings = published_settings("staging", strict)
    reference = settings.third_party_images()["oauth2-proxy"]
    image: ImageOutput = {"reference": reference, "origin": "registry", "upstream": reference}
    with pytest.raises(SettingsError, match=r"^gostack:images\.oauth2_proxy is .*, as it names no digest: "):
        require_admission(settings, {"oauth2-proxy": image})
