"""What a service may be told while it runs is written before its replicas start, and changes without touching them.

Does not prove that Consul takes the document, nor that a service follows it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.graph.conftest import Document, dev_graph
from tests.graph.recorder import Graph, names

DOCUMENTS = {"users-east-settings-document", "users-west-settings-document"}


def told(rate: int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["services"]["users"]["settings"] = {"rate_limit_per_second": rate}

    return change


@pytest.fixture(scope="module")
def five() -> Graph:
    return dev_graph(told(5))


def test_each_region_has_the_document_of_each_service_that_has_one(dev: Graph, five: Graph) -> None:
    assert dev.with_role("dynamic-configuration") == []
    documents = five.with_role("dynamic-configuration")
    assert names(documents) == DOCUMENTS
    for document in documents:
        assert document.environment["DOCUMENT"] == '{"rate_limit_per_second": 5}'
        assert document.environment["KEY"] == "services/users/settings"
        assert document.labels["gostack.region"] in document.name


def test_the_first_replica_starts_with_the_document_of_its_region_in_force(five: Graph) -> None:
    for application in five.with_role("application", service="users"):
        region = application.labels["gostack.region"]
        assert f"users-{region}-settings-document" in five.reachable(application.name)


def test_a_changed_document_is_written_before_the_old_one_goes_and_replaces_no_replica(five: Graph) -> None:
    after = dev_graph(told(6), kept=five)
    assert after.changed(five) == DOCUMENTS
    assert {after.resources[name].delete_before_replace for name in DOCUMENTS} == {False}


def test_a_first_or_a_removed_document_replaces_no_replica(dev: Graph) -> None:
    first = dev_graph(told(5), kept=dev)
    assert first.changed(dev) == set()
    removed = dev_graph(kept=first)
    assert removed.changed(first) == set()
    assert not DOCUMENTS & set(removed.resources)
