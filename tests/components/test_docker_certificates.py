"""The certificate client on Docker by itself: what it is told, what it keeps, and who reaches it.

Does not prove that it orders or hands out anything: its own tests do.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from components.certificate_client.docker import CertificateClient
from components.docker.files import FOLDER
from tests.components.alone import NAME, Secret, alone, before, children
from tests.contract.test_instances import REGION, VALUES
from tests.graph.recorder import Graph, unwrapped

REGIONS = [REGION, {**REGION, "region": "west", "network": "west-network"}]
ORDER = {**VALUES["order"], "environment": {"A": "1", "TOKEN": Secret("correct-horse")}}
SERIES = [{"certificate": "first", "private_key": "hush"}, {"certificate": "second", "private_key": "hush-hush"}]
BY_ACME: dict[str, Any] = {"regions": REGIONS, "order": ORDER, "names": ["shop.example.com"]}
OWN: dict[str, Any] = {"regions": REGIONS, "series": Secret(json.dumps(SERIES))}


@pytest.fixture(scope="module")
def acme() -> Graph:
    return alone(CertificateClient, **BY_ACME)


@pytest.fixture(scope="module")
def own() -> Graph:
    """Of the stack's own authority."""
    return alone(CertificateClient, **OWN)


def told(graph: Graph) -> dict[str, Any]:
    """The file that the program reads."""
    (upload,) = unwrapped(graph.resources[f"{NAME}-files-writer"].inputs["uploads"])
    found: dict[str, Any] = json.loads(upload["content"])
    return found


def test_it_is_one_pod_between_the_regions_that_no_port_of_the_machine_leads_to(acme: Graph) -> None:
    assert {"pod", "program", "certificate", "data", "token", "state-key"} <= children(acme)
    sandbox = acme.resources[f"{NAME}-pod-sandbox"]
    networks = {network["name"]: network["aliases"] for network in sandbox.plain("networksAdvanced")}
    assert networks == {"backbone-network": ["gostack-certificates"]}
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
    assert mounts == {"/data", "/etc/gostack/certificates.json", FOLDER}


def test_what_it_keeps_outlives_its_containers_and_is_no_other_clients(acme: Graph) -> None:
    kept = acme.resources[f"{NAME}-data"]
    assert kept.plain("name") == "test-acme"
    assert kept.retain_on_delete is True
    assert acme.resources[f"{NAME}-program"].delete_before_replace is True


def test_a_rotation_of_certificates_makes_another_key_and_one_of_the_authority_does_not(acme: Graph) -> None:
    rotated = alone(CertificateClient, kept=acme, **BY_ACME, rotation=2)
    assert told(rotated)["state_key"] != told(acme)["state_key"]
    other = alone(CertificateClient, kept=acme, **BY_ACME, authority_rotation=2)
    assert told(other)["state_key"] == told(acme)["state_key"]
    assert told(other)["certificate"] != told(acme)["certificate"]


def test_an_update_that_changes_nothing_leaves_it(acme: Graph) -> None:
    assert alone(CertificateClient, kept=acme, **BY_ACME).changed(acme) == set()


def test_what_was_signed_in_advance_is_all_that_it_is_told_and_it_keeps_nothing(own: Graph) -> None:
    found = told(own)
    assert found["series"] == SERIES
    assert not found.keys() & {"directory", "challenge", "state_key", "state"}
    assert not children(own) & {"data", "state-key"}
    mounts = {volume["containerPath"] for volume in own.resources[f"{NAME}-program"].plain("volumes")}
    assert mounts == {"/etc/gostack/certificates.json", FOLDER}


def test_no_private_key_of_those_is_readable_and_none_that_signs_is_among_them(own: Graph) -> None:
    assert own.resources[f"{NAME}-files-writer"].is_secret("uploads")
    assert "hush" not in " ".join(own.in_plain().values())
    authority = json.loads(VALUES["ca_key_pair"])["private_key"]
    assert authority.splitlines()[1] not in json.dumps(told(own))


def test_more_of_them_are_another_volume_of_files(own: Graph) -> None:
    more = alone(CertificateClient, kept=own, **{**OWN, "series": Secret(json.dumps([*SERIES, *SERIES]))})
    # The engine names it anew, and so the program that mounts it is another one.
    assert more.changed(own) == {f"{NAME}-files", f"{NAME}-files-writer", f"{NAME}-program"}
    assert own.resources[f"{NAME}-files"].plain("name") is None
    assert told(more)["token"] == told(own)["token"]
