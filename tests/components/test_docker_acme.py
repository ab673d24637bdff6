"""The ACME client on Docker by itself: what it is told, what it keeps, and who reaches it.

Does not prove that it orders anything: its own tests ask an authority.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from components.acme.docker import AcmeClient
from components.docker.files import FOLDER
from tests.components.alone import NAME, Secret, alone, before, children
from tests.contract.test_instances import REGION, VALUES
from tests.graph.recorder import Graph, unwrapped

WEST = {**REGION, "region": "west", "network": "west-network"}
ORDER = {**VALUES["order"], "environment": {"A": "1", "TOKEN": Secret("correct-horse")}}


@pytest.fixture(scope="module")
def acme() -> Graph:
    return alone(AcmeClient, regions=[REGION, WEST], order=ORDER)


def told(graph: Graph) -> dict[str, Any]:
    """The file that the program reads."""
    (upload,) = unwrapped(graph.resources[f"{NAME}-files-writer"].inputs["uploads"])
    found: dict[str, Any] = json.loads(upload["content"])
    return found


def test_it_is_one_pod_between_the_regions_that_no_port_of_the_machine_leads_to(acme: Graph) -> None:
    assert {"pod", "program", "certificate", "data", "token", "state-key"} <= children(acme)
    sandbox = acme.resources[f"{NAME}-pod-sandbox"]
    networks = {network["name"]: network["aliases"] for network in sandbox.plain("networksAdvanced")}
    assert networks == {"backbone-network": ["gostack-acme"]}
    assert sandbox.plain("ports") in (None, [])
    assert before(acme, "pod-sandbox", "program")


def test_it_is_told_what_to_order_and_by_whom_it_is_asked(acme: Graph) -> None:
    found = told(acme)
    assert found["names"] == ["shop.example.com"]
    assert found["regions"] == ["east", "west"]
    assert found["environment"] == {"A": "1", "TOKEN": "correct-horse"}
    assert len(base64.b64decode(found["state_key"])) == 32


def test_what_it_is_told_is_secret_and_no_variable_of_its_container(acme: Graph) -> None:
    assert acme.resources[f"{NAME}-files-writer"].is_secret("uploads")
    in_plain = " ".join(acme.in_plain().values())
    for hidden in ("correct-horse", told(acme)["state_key"], told(acme)["token"], "PRIVATE KEY"):
        assert hidden not in in_plain
    assert acme.resources[f"{NAME}-program"].environment == {}
    mounts = {volume["containerPath"] for volume in acme.resources[f"{NAME}-program"].plain("volumes")}
    assert mounts == {"/data", "/etc/gostack/acme.json", FOLDER}


def test_what_it_keeps_outlives_its_containers_and_is_no_other_clients(acme: Graph) -> None:
    kept = acme.resources[f"{NAME}-data"]
    assert kept.plain("name") == "test-acme"
    assert kept.retain_on_delete is True
    assert acme.resources[f"{NAME}-program"].delete_before_replace is True


def test_a_rotation_of_certificates_makes_another_key_and_one_of_the_authority_does_not(acme: Graph) -> None:
    rotated = alone(AcmeClient, kept=acme, regions=[REGION, WEST], order=ORDER, rotation=2)
    assert told(rotated)["state_key"] != told(acme)["state_key"]
    other = alone(AcmeClient, kept=acme, regions=[REGION, WEST], order=ORDER, authority_rotation=2)
    assert told(other)["state_key"] == told(acme)["state_key"]
    assert told(other)["certificate"] != told(acme)["certificate"]


def test_an_update_that_changes_nothing_leaves_it(acme: Graph) -> None:
    assert alone(AcmeClient, kept=acme, regions=[REGION, WEST], order=ORDER).changed(acme) == set()
