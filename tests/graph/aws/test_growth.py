"""The ground as a whole: the same at a second run, known at a first preview, and each further region costs the same."""

from __future__ import annotations

from tests.graph.prod import Change, Document, ground
from tests.graph.recorder import Graph, names


def test_a_second_run_changes_nothing(prod: Graph) -> None:
    assert ground(kept=prod).changed(prod) == set()


def test_nothing_is_known_of_a_first_preview_and_it_goes_through(prod: Graph) -> None:
    graph = ground(preview=True)
    assert names(graph.resources.values()) == names(prod.resources.values())


def with_more(*more: str) -> Change:
    def change(document: Document) -> None:
        for number, region in enumerate(more):
            document["regions"][region] = {}
            document["aws"]["regions"][region] = {"cidr": f"10.{20 + number}.0.0/16"}
            document["ingress"]["hosts"].append(f"{region}.api.example.com")

    return change


def test_every_further_region_costs_the_same(prod: Graph) -> None:
    three = ground(with_more("eu-west-1"))
    four = ground(with_more("eu-west-1", "ap-south-1"))
    assert len(four.resources) - len(three.resources) == len(three.resources) - len(prod.resources)
    edges = [sum(len(item.dependencies) for item in graph.resources.values()) for graph in (prod, three, four)]
    # The registry that is pushed to waits for all others: a few edges more with each.
    assert edges[2] - edges[1] < (edges[1] - edges[0]) * 1.1
