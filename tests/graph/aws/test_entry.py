"""A client's way in: the nearest region that is well, by TLS all the way."""

from __future__ import annotations

from tests.graph.aws.regions import REGIONS
from tests.graph.prod import HOME
from tests.graph.recorder import Graph, names


def test_a_client_gets_the_nearest_region_that_is_well(prod: Graph) -> None:
    records = [item for item in prod.of_type("aws:route53/record:Record") if item.plain("name") == "api.example.com"]
    assert {item.plain("setIdentifier") for item in records} == set(REGIONS)
    for item in records:
        region = item.plain("setIdentifier")
        assert item.plain("latencyRoutingPolicies") == [{"region": region}]
        assert item.plain("healthCheckId") == f"id-of-dns-{region}-health"
        assert item.plain("aliases")[0]["evaluateTargetHealth"] is True
        check = prod.resources[f"dns-{region}-health"]
        assert (check.plain("type"), check.plain("fqdn"), check.plain("resourcePath")) == (
            "HTTPS",
            f"{region}.api.example.com",
            "/.well-known/gostack/healthz",
        )
    assert prod.outputs["url"]["value"] == "https://api.example.com"


def test_one_record_proves_the_name_for_the_certificates_of_all_regions(prod: Graph) -> None:
    proofs = [item for item in prod.of_type("aws:route53/record:Record") if item.plain("type") == "CNAME"]
    assert names(proofs) == {f"certificate-{HOME}-proof"}
    for region in REGIONS:
        assert f"certificate-{HOME}-proof" in prod.reachable(f"certificate-{region}-issued")
