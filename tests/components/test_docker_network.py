"""Networks and pods on Docker, one component at a time.

Does not prove that the engine assigns addresses from the ranges that it is given.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.docker.pod import Pod
from components.region.docker import Backbone, Region
from tests.components.alone import NAME, alone, children, only

_PODS: tuple[dict[str, Any], ...] = ({"identity": "digest"}, {})
NETWORK = "docker:index/network:Network"
SANDBOX = "docker:index/container:Container"


@pytest.mark.parametrize("cls", [Backbone, Region])
def test_a_network_belongs_to_its_component_and_goes_before_its_replacement(cls: type) -> None:
    graph = alone(cls, cidr="10.80.1.0/24")
    network = only(graph, NETWORK)
    assert children(graph) == {"network"}
    assert network.delete_before_replace is True
    assert network.plain("driver") == "bridge"


@pytest.mark.parametrize("cls", [Backbone, Region])
def test_the_engine_assigns_from_the_upper_half_and_leaves_fixed_addresses_alone(cls: type) -> None:
    (configuration,) = only(alone(cls, cidr="10.80.1.0/24"), NETWORK).plain("ipamConfigs")
    assert configuration == {"subnet": "10.80.1.0/24", "gateway": "10.80.1.1", "ipRange": "10.80.1.128/25"}


def test_a_region_is_found_by_its_label_and_told_by_its_network() -> None:
    graph = alone(Region, told=lambda region: {"network": region.reference["network"]})
    assert only(graph, NETWORK).labels["gostack.region"] == "east"
    assert graph.outputs["network"]["value"] == only(graph, NETWORK).outputs["name"]


def test_a_pod_with_an_identity_is_replaced_beside_the_old_one_and_one_without_in_its_place() -> None:
    fresh, lasting = (only(alone(Pod, **more), SANDBOX) for more in _PODS)
    assert fresh.delete_before_replace is False
    assert fresh.environment == {"POD_IDENTITY": "digest"}
    assert lasting.delete_before_replace is True
    assert "POD_IDENTITY" not in lasting.environment


def test_a_pod_is_known_by_its_names_in_its_region_and_on_the_backbone() -> None:
    sandbox = only(alone(Pod, host_names=["mysql-east"]), SANDBOX)
    assert {network["name"]: network["aliases"] for network in sandbox.plain("networksAdvanced")} == {
        "east-network": ["mysql-east"],
        "backbone-network": ["mysql-east"],
    }


def test_whoever_joins_a_pod_waits_for_its_sandbox() -> None:
    graph = alone(Pod, told=lambda pod: {"mode": pod.network_mode})
    assert children(graph) == {"sandbox"}
    assert graph.outputs["mode"]["value"] == f"container:id-of-{NAME}-sandbox"
