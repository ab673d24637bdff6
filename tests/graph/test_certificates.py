"""Where certificates of the stack's own authority come from, and where its key is not.

Does not prove that an ingress serves them: tests/integration/test_18_authority.py asks both regions.
"""

from __future__ import annotations

import json

import pytest

from components.ingress.docker import variable_name
from tests.graph.conftest import Document, dev_graph
from tests.graph.recorder import Graph, unwrapped


@pytest.fixture(scope="module")
def renewing() -> Graph:
    def change(document: Document) -> None:
        document["certificates"] = {"in_advance": 3}

    return dev_graph(change)


def test_where_an_update_renews_nobody_else_does(dev: Graph) -> None:
    assert dev.with_role("certificates") == []
    for release in dev.with_role("configuration"):
        assert "CERTIFICATE_URL" not in release.environment


def test_the_client_has_what_was_signed_before_an_ingress_asks(renewing: Graph) -> None:
    (client,) = renewing.with_role("certificates")
    releases = renewing.with_role("configuration")
    assert len(releases) == 2
    (upload,) = unwrapped(renewing.resources["certificates-files-writer"].inputs["uploads"])
    series = json.loads(upload["content"])["series"]
    assert len(series) == 3
    for release in releases:
        assert client.name in renewing.reachable(release.name)
        # What it has until it asks is the one in force, no other.
        assert release.environment[variable_name("certificate.pem")] == series[0]["certificate"]


def test_the_authoritys_key_is_in_the_state_and_in_nothing_that_runs(renewing: Graph) -> None:
    key = json.loads(unwrapped(renewing.resources["authority-key-pair"].outputs["output"]))["private_key"]
    _, some_of_it, *_ = key.splitlines()
    found = {name for name, item in renewing.resources.items() if some_of_it in json.dumps([item.inputs, item.outputs])}
    assert found == {"authority-key-pair"}
