"""What stands between the internet and a region's pods in AWS, one component at a time.

Does not prove that AWS enforces it.
"""

from __future__ import annotations

import pytest

from components.aws.dns.drain import DnsDrain
from components.aws.dns.global_dns import GlobalDns
from components.aws.dns.public_certificate import PublicCertificate
from components.aws.network.endpoints import NetworkEndpoints
from components.aws.network.flow_logs import FlowLogs
from components.aws.network.load_balancer import NetworkLoadBalancer
from components.aws.network.network import Network
from components.aws.network.target_binding import TargetBinding
from tests.components.alone import BEFORE, NAME, alone, before, children, document, only
from tests.graph.recorder import Graph, names

INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


@pytest.fixture(scope="module")
def network() -> Graph:
    return alone(Network, protect=True, single_nat=False)


@pytest.fixture(scope="module")
def balancer() -> Graph:
    return alone(NetworkLoadBalancer, protect=True)


def test_what_everything_stands_on_is_protected_and_belongs_to_the_network(network: Graph) -> None:
    subnets = network.of_type("aws:ec2/subnet:Subnet")
    vpc = only(network, "aws:ec2/vpc:Vpc")
    assert len(subnets) == 9
    assert {item.protect for item in [vpc, *subnets]} == {True}
    assert {item.parent for item in [vpc, *subnets]} == {NAME}
    assert BEFORE in vpc.dependencies


def test_nothing_gets_a_public_address_by_being_there(network: Graph) -> None:
    assert {item.plain("mapPublicIpOnLaunch") for item in network.of_type("aws:ec2/subnet:Subnet")} == {False}


def test_whatever_names_no_security_group_talks_to_nobody(network: Graph) -> None:
    group = only(network, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group.plain("ingress"), group.plain("egress")) == ([], [])


def test_each_zone_has_its_own_way_out_and_the_database_none(network: Graph) -> None:
    routes = network.of_type("aws:ec2/route:Route")
    assert len(network.of_type("aws:ec2/natGateway:NatGateway")) == 3
    for zone in "abc":
        route = network.resources[f"{NAME}-private-eu-central-1{zone}-route"]
        assert f"{NAME}-nat-eu-central-1{zone}" in route.dependencies
    assert [route.name for route in routes if f"{NAME}-database-routes" in route.dependencies] == []


def test_a_small_network_shares_one_way_out() -> None:
    graph = alone(Network, single_nat=True)
    assert names(graph.of_type("aws:ec2/natGateway:NatGateway")) == {f"{NAME}-nat-eu-central-1a"}


def test_a_way_out_is_made_after_the_gateway_that_makes_it_one(network: Graph) -> None:
    for nat in network.of_type("aws:ec2/natGateway:NatGateway"):
        assert f"{NAME}-internet-gateway" in nat.dependencies


def test_every_connection_is_written_down_encrypted_and_for_a_while() -> None:
    graph = alone(FlowLogs, retention_days=30)
    log, group = only(graph, "aws:ec2/flowLog:FlowLog"), graph.resources[f"{NAME}-group"]
    assert children(graph) == {"group", "role", "policy", "log"}
    assert log.plain("trafficType") == "ALL"
    assert f"{NAME}-policy" in log.dependencies
    assert group.plain("retentionInDays") == 30
    assert group.plain("kmsKeyId")
    trust = document(graph, "role", "assumeRolePolicy")["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_endpoints_are_asked_from_inside_the_network_alone() -> None:
    graph = alone(NetworkEndpoints, cidr="10.16.0.0/16")
    rule = only(graph, INGRESS_RULE)
    assert (rule.plain("cidrIpv4"), rule.plain("fromPort"), rule.plain("toPort")) == ("10.16.0.0/16", 443, 443)
    kinds = {item.name: item.plain("vpcEndpointType") for item in graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert kinds == {f"{NAME}-s3": "Gateway", f"{NAME}-dynamodb": "Gateway", f"{NAME}-sts": "Interface"}
    assert graph.resources[f"{NAME}-sts"].plain("privateDnsEnabled") is True


def test_the_internet_reaches_two_ports_and_they_lead_to_the_pods_alone(balancer: Graph) -> None:
    rules = balancer.of_type(INGRESS_RULE)
    opened = {rule.plain("fromPort") for rule in rules if rule.plain("cidrIpv4") == "0.0.0.0/0"}
    assert opened == {443, 80}
    inside = [rule for rule in rules if rule.plain("cidrIpv4") is None]
    assert {rule.plain("referencedSecurityGroupId") for rule in inside} == {f"id-of-{NAME}-security-group"}
    outgoing = balancer.of_type(EGRESS_RULE)
    assert {rule.plain("referencedSecurityGroupId") for rule in outgoing} == {"sg-1"}


def test_tls_is_spoken_with_clients_and_again_with_nginx(balancer: Graph) -> None:
    listener = balancer.resources[f"{NAME}-https-listener"]
    assert listener.plain("protocol") == "TLS"
    assert listener.plain("sslPolicy").startswith("ELBSecurityPolicy-TLS13-1-2-")
    targets = balancer.resources[f"{NAME}-https"]
    assert (targets.plain("protocol"), targets.plain("healthCheck")["protocol"]) == ("TLS", "HTTPS")


def test_nginx_sees_clients_and_a_pod_that_goes_finishes_what_it_began(balancer: Graph) -> None:
    for label in ("https", "http"):
        targets = balancer.resources[f"{NAME}-{label}"]
        assert targets.plain("preserveClientIp") == "true"
        assert targets.plain("deregistrationDelay") >= 30
        assert targets.plain("targetType") == "ip"


def test_a_load_balancer_is_protected_and_its_emptiness_is_an_alarm(balancer: Graph) -> None:
    found = balancer.resources[f"{NAME}-nlb"]
    assert found.protect
    assert found.plain("enableDeletionProtection") is True
    assert balancer.resources[f"{NAME}-empty"].plain("treatMissingData") == "breaching"


def test_a_certificate_is_used_when_it_is_issued_and_its_end_is_an_alarm() -> None:
    graph = alone(PublicCertificate, create_validation_record=True)
    assert children(graph) == {"certificate", "proof", "issued", "expiry"}
    assert before(graph, "proof", "issued")
    assert BEFORE in graph.resources[f"{NAME}-issued"].dependencies
    assert graph.resources[f"{NAME}-expiry"].plain("threshold") >= 30
    assert "proof" not in children(alone(PublicCertificate, create_validation_record=False))


def test_a_client_gets_the_nearest_region_that_is_well() -> None:
    graph = alone(GlobalDns)
    nearest, own, check = (graph.resources[f"{NAME}-eu-central-1-{part}"] for part in ("nearest", "own-name", "health"))
    assert nearest.plain("healthCheckId") == f"id-of-{check.name}"
    assert nearest.plain("latencyRoutingPolicies") == [{"region": "eu-central-1"}]
    # By its own name a region is asked whatever the others are, also by its health check.
    assert "healthCheckId" not in own.inputs
    assert own.name in check.dependencies
    assert check.plain("type") == "HTTPS"
    assert BEFORE in own.dependencies
    assert graph.resources[f"{NAME}-eu-central-1-unhealthy"].plain("treatMissingData") == "breaching"


def test_resolvers_have_forgotten_a_region_before_it_goes() -> None:
    graph = alone(DnsDrain, seconds=90)
    specification = graph.resources[f"{NAME}-holder"].plain("spec")["template"]["spec"]
    (holder,) = specification["containers"]
    assert holder["lifecycle"]["preStop"]["sleep"]["seconds"] == 90
    assert specification["terminationGracePeriodSeconds"] > 90
    assert BEFORE in graph.resources[f"{NAME}-holder"].dependencies
    with pytest.raises(ValueError, match="use more than 60"):
        alone(DnsDrain, seconds=60)


def test_targets_are_the_pods_of_the_service() -> None:
    graph = alone(TargetBinding)
    binding = graph.resources[f"{NAME}-https"]
    assert binding.parent == NAME
    assert binding.plain("spec")["targetType"] == "ip"
    assert binding.plain("spec")["serviceRef"] == {"name": "ingress", "port": 443}
    assert BEFORE in binding.dependencies
