"""In which order the parts of a region and the regions come up, and go."""

from __future__ import annotations

from tests.graph.aws.regions import REGIONS, component_region
from tests.graph.prod import HOME, OTHER, Document, ground
from tests.graph.recorder import Graph, names


def test_ground_then_data_then_platform_then_dns(prod: Graph) -> None:
    for region in REGIONS:
        cluster = f"cluster-{region}-control-plane"
        assert f"network-{region}-private-{region}a-route" in prod.reachable(cluster)
        assert cluster in prod.reachable(f"database-{region}-cluster")
        assert f"database-{region}-cluster" in prod.reachable(f"ingress-{region}-service")
        assert f"ingress-{region}-service" in prod.reachable(f"binding-{region}-https")
        assert f"binding-{region}-https" in prod.reachable(f"drain-{region}-holder")
        assert f"drain-{region}-holder" in prod.reachable(f"dns-{region}-nearest")


def test_regions_come_one_after_the_other(prod: Graph) -> None:
    assert f"cluster-{HOME}-control-plane" in prod.reachable(f"network-{OTHER}-vpc")
    assert f"cluster-{HOME}-control-plane" in prod.reachable(f"cluster-{OTHER}-control-plane")
    assert f"database-{HOME}-0" in prod.reachable(f"database-{OTHER}-cluster")
    assert f"cluster-{OTHER}-control-plane" not in prod.reachable(f"cluster-{HOME}-control-plane")


def test_a_regions_records_go_before_anything_that_serves_and_the_drain_is_between(prod: Graph) -> None:
    # Pulumi deletes dependents first: a record depends on the drain, the drain on the ingress.
    for region in REGIONS:
        holder = f"drain-{region}-holder"
        for record in (f"dns-{region}-nearest", f"dns-{region}-own-name"):
            assert holder in prod.reachable(record)
        assert f"ingress-{region}-service" in prod.reachable(holder)
        drain = prod.resources[holder].plain("spec")["template"]["spec"]
        seconds = drain["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert seconds > 60
        assert drain["terminationGracePeriodSeconds"] > seconds


def retire(document: Document) -> None:
    document["aws"]["regions"][OTHER]["retiring"] = True


def test_a_retiring_region_is_out_of_dns_and_unprotected_and_no_other_is(prod: Graph) -> None:
    graph = ground(retire)
    assert names(prod.resources.values()) - names(graph.resources.values()) == {
        f"dns-{OTHER}-{part}" for part in ("own-name", "health", "unhealthy", "nearest")
    }
    protected = [item for item in graph.resources.values() if item.protect]
    assert [item.name for item in protected if component_region(graph, item) == OTHER] == []
    assert {component_region(graph, item) for item in protected} == {HOME, None}
    assert graph.resources[f"database-{OTHER}-cluster"].plain("deletionProtection") is False
