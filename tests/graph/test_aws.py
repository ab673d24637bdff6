"""What the prod stack's ground in AWS promises, whatever its details are.

Does not prove that AWS accepts it, how long it takes, or what IAM decides: only an account can (docs/aws.md).
"""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

import pulumi_aws
import pytest

from tests.graph.prod import HOME, OTHER, Change, Document, ground
from tests.graph.recorder import Graph, Registered, names

REGIONS = (HOME, OTHER)
DATA = {
    "aws:rds/globalCluster:GlobalCluster",
    "aws:rds/cluster:Cluster",
    "aws:rds/clusterInstance:ClusterInstance",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
}


@pytest.fixture(scope="module")
def prod() -> Graph:
    return ground()


def aws_resources(graph: Graph) -> list[Registered]:
    return [item for item in graph.resources.values() if item.type.startswith("aws:")]


def provider_region(graph: Graph, item: Registered) -> str:
    """Region of the AWS provider, or of the cluster whose Kubernetes provider it is."""
    provider = graph.resources[item.provider.split("::")[-2]]
    return provider.plain("region") or next(region for region in REGIONS if region in provider.name)


def component_region(graph: Graph, item: Registered) -> str | None:
    """Region in the name of the outermost component; None for what exists once."""
    outermost = item
    while outermost.parent:
        outermost = graph.resources[outermost.parent]
    return next((region for region in REGIONS if outermost.name.endswith(region)), None)


def test_every_resource_has_an_explicit_provider_of_its_components_region(prod: Graph) -> None:
    checked = 0
    for item in prod.resources.values():
        if not item.custom or item.type.startswith(("pulumi:",)):
            continue
        assert item.provider, item.name
        expected = component_region(prod, item)
        if expected is None:
            expected = HOME if item.name.startswith("database-") else "us-east-1"
        assert provider_region(prod, item) == expected, item.name
        checked += 1
    assert checked > 250


def test_a_provider_does_nothing_in_another_account_and_takes_the_deploy_role(prod: Graph) -> None:
    providers = prod.of_type("pulumi:providers:aws")
    assert names(providers) == {"aws-eu-central-1", "aws-us-east-1", "aws-worldwide"}
    for provider in providers:
        assert json.loads(provider.plain("allowedAccountIds")) == ["123456789012"]
        (role,) = json.loads(provider.plain("assumeRoles"))
        assert role["roleArn"] == "arn:aws:iam::123456789012:role/gostack-deploy"


def test_every_resource_that_takes_tags_names_owner_stack_service_and_cost_centre(prod: Graph) -> None:
    untagged = []
    for item in aws_resources(prod):
        module, name = item.type.removeprefix("aws:").split("/")[0], item.type.rsplit(":", 1)[-1]
        cls: Any = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
        if "tags" in inspect.signature(cls._internal_init).parameters:
            tags = item.plain("tags") or {}
            if not {"owner", "stack", "service", "cost-centre", "region"} <= tags.keys():
                untagged.append(item.name)
    assert untagged == []


def test_the_provider_tags_what_aws_makes_for_a_resource(prod: Graph) -> None:
    for provider in prod.of_type("pulumi:providers:aws"):
        tags = json.loads(provider.plain("defaultTags"))["tags"]
        assert {"owner", "stack", "service", "cost-centre"} <= tags.keys()


def test_a_zone_that_is_lost_takes_the_way_out_of_no_other_zone(prod: Graph) -> None:
    for region in REGIONS:
        for zone in "abc":
            route = prod.resources[f"network-{region}-private-{region}{zone}-route"]
            assert route.dependencies >= {f"network-{region}-nat-{region}{zone}"}


def test_a_small_stack_has_one_nat_gateway_one_instance_and_no_interface_endpoint() -> None:
    def small(document: Document) -> None:
        document["aws"]["size"] = "small"

    graph = ground(small)
    assert len(graph.of_type("aws:ec2/natGateway:NatGateway")) == len(REGIONS)
    assert len(graph.of_type("aws:rds/clusterInstance:ClusterInstance")) == len(REGIONS)
    endpoints = graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {item.plain("vpcEndpointType") for item in endpoints} == {"Gateway"}


def test_the_databases_subnets_have_no_way_out(prod: Graph) -> None:
    for region in REGIONS:
        table = f"network-{region}-database-routes"
        assert [route.name for route in prod.of_type("aws:ec2/route:Route") if table in route.dependencies] == []


def test_the_default_security_group_lets_nobody_in_or_out(prod: Graph) -> None:
    groups = prod.of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert len(groups) == len(REGIONS)
    assert all(group.plain("ingress") == [] and group.plain("egress") == [] for group in groups)


def test_only_the_load_balancers_ports_80_and_443_are_open_to_the_world(prod: Graph) -> None:
    rules = prod.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    opened = {(rule.parent, rule.plain("fromPort")) for rule in rules if rule.plain("cidrIpv4") == "0.0.0.0/0"}
    assert opened == {(f"entry-{region}", port) for region in REGIONS for port in (80, 443)}
    for group in prod.of_type("aws:ec2/securityGroup:SecurityGroup"):
        assert "ingress" not in group.inputs
        assert "egress" not in group.inputs


def test_pods_are_reached_from_the_load_balancer_alone(prod: Graph) -> None:
    for region in REGIONS:
        rules = [
            rule
            for rule in prod.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
            if rule.plain("securityGroupId") == f"sg-of-cluster-{region}-control-plane"
        ]
        assert {rule.plain("fromPort") for rule in rules} == {8443, 8080}
        assert {rule.plain("referencedSecurityGroupId") for rule in rules} == {f"id-of-entry-{region}-security-group"}


def test_the_database_is_reached_from_the_pods_of_its_region_alone(prod: Graph) -> None:
    for region in REGIONS:
        rule = prod.resources[f"database-{region}-from-pods"]
        assert rule.plain("referencedSecurityGroupId") == f"sg-of-cluster-{region}-control-plane"
        assert (rule.plain("fromPort"), rule.plain("toPort")) == (3306, 3306)
    for instance in prod.of_type("aws:rds/clusterInstance:ClusterInstance"):
        assert instance.plain("publiclyAccessible") is False


def test_the_api_server_is_closed_unless_networks_are_named() -> None:
    def closed(document: Document) -> None:
        document["aws"].pop("api_access")

    for cluster in ground(closed).of_type("aws:eks/cluster:Cluster"):
        access = cluster.plain("vpcConfig")
        assert (access["endpointPublicAccess"], access["endpointPrivateAccess"]) == (False, True)
        assert "publicAccessCidrs" not in access


def test_the_api_server_is_opened_to_the_named_networks_only(prod: Graph) -> None:
    for cluster in prod.of_type("aws:eks/cluster:Cluster"):
        assert cluster.plain("vpcConfig")["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_nodes_are_in_private_subnets(prod: Graph) -> None:
    for region in REGIONS:
        subnets = prod.resources[f"cluster-{region}-control-plane"].plain("vpcConfig")["subnetIds"]
        assert subnets == [f"id-of-network-{region}-private-{region}{zone}" for zone in "abc"]
    assert all(subnet.plain("mapPublicIpOnLaunch") is False for subnet in prod.of_type("aws:ec2/subnet:Subnet"))


def test_clusters_encrypt_secrets_and_write_down_everything(prod: Graph) -> None:
    for region in REGIONS:
        cluster = prod.resources[f"cluster-{region}-control-plane"]
        encryption = cluster.plain("encryptionConfig")
        assert encryption["resources"] == ["secrets"]
        assert f"cluster-{region}-secrets-key" in cluster.dependencies
        assert set(cluster.plain("enabledClusterLogTypes")) == {
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        }
        # A group that EKS made itself would have no end of retention.
        assert f"cluster-{region}-logs" in cluster.dependencies


def test_nobody_is_administrator_of_a_cluster_by_having_made_it(prod: Graph) -> None:
    for cluster in prod.of_type("aws:eks/cluster:Cluster"):
        access = cluster.plain("accessConfig")
        assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_logs_end_and_are_encrypted(prod: Graph) -> None:
    groups = prod.of_type("aws:cloudwatch/logGroup:LogGroup")
    assert groups
    for group in groups:
        assert group.plain("retentionInDays") == 90
        assert group.plain("kmsKeyId"), group.name


def test_everything_at_rest_is_encrypted_with_a_key_of_its_region(prod: Graph) -> None:
    expected = {
        "aws:rds/cluster:Cluster": "kmsKeyId",
        "aws:rds/clusterInstance:ClusterInstance": "performanceInsightsKmsKeyId",
        "aws:secretsmanager/secret:Secret": "kmsKeyId",
        "aws:sns/topic:Topic": "kmsMasterKeyId",
        "aws:ecr/repository:Repository": "encryptionConfigurations",
    }
    for type_, key in expected.items():
        found = prod.of_type(type_)
        assert found, type_
        for item in found:
            (used,) = item.property_dependencies[key]
            assert provider_region(prod, prod.resources[used]) == provider_region(prod, item), item.name
    for cluster in prod.of_type("aws:rds/cluster:Cluster") + prod.of_type("aws:rds/globalCluster:GlobalCluster"):
        assert cluster.plain("storageEncrypted") is True
    for key in prod.of_type("aws:kms/key:Key"):
        assert key.plain("enableKeyRotation") is True


def test_data_is_protected_here_and_in_aws(prod: Graph) -> None:
    assert names(item for item in prod.resources.values() if item.type in DATA and not item.protect) == set()
    for type_ in ("aws:rds/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster", "aws:eks/cluster:Cluster"):
        assert all(item.plain("deletionProtection") is True for item in prod.of_type(type_)), type_
    for cluster in prod.of_type("aws:rds/cluster:Cluster"):
        assert cluster.plain("skipFinalSnapshot") is False


def test_what_everything_stands_on_cannot_be_replaced_by_accident(prod: Graph) -> None:
    for type_ in (
        "aws:ec2/vpc:Vpc",
        "aws:ec2/subnet:Subnet",
        "aws:eks/cluster:Cluster",
        "aws:lb/loadBalancer:LoadBalancer",
    ):
        found = prod.of_type(type_)
        assert found
        assert names(item for item in found if not item.protect) == set()


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


def test_no_connection_without_tls(prod: Graph) -> None:
    groups = prod.of_type("aws:rds/clusterParameterGroup:ClusterParameterGroup")
    assert len(groups) == len(REGIONS)
    for group in groups:
        parameters = {item["name"]: item["value"] for item in group.plain("parameters")}
        assert parameters["require_secure_transport"] == "ON"
        assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"


def test_backups_reach_back_two_weeks_in_every_region(prod: Graph) -> None:
    assert [item.plain("backupRetentionPeriod") for item in prod.of_type("aws:rds/cluster:Cluster")] == [14, 14]


def test_the_administrators_password_is_given_to_the_writer_alone_and_nowhere_in_plain(prod: Graph) -> None:
    writer, copy = (prod.resources[f"database-{region}-cluster"] for region in REGIONS)
    assert writer.is_secret("masterPassword")
    assert "masterPassword" not in copy.inputs
    assert "masterUsername" not in copy.inputs
    password = writer.plain("masterPassword")
    assert len(password) >= 32
    assert [name for name, text in prod.in_plain().items() if password in text] == []


def test_every_region_has_a_copy_of_the_administrators_secret(prod: Graph) -> None:
    (secret,) = prod.of_type("aws:secretsmanager/secret:Secret")
    assert [item["region"] for item in secret.plain("replicas")] == [OTHER]
    assert f"data-{OTHER}-key" in secret.dependencies


def test_a_rotation_makes_another_password_and_changes_nothing_else_of_the_database(prod: Graph) -> None:
    def rotate(document: Document) -> None:
        document["rotation"] = {"passwords": 2}

    changed = ground(rotate, kept=prod).changed(prod)
    # Here whatever changes has a new identity, which the instances take over; in AWS the cluster keeps its own.
    instances = {f"database-{HOME}-{index}" for index in (0, 1)}
    assert changed - instances == {
        "database-password",
        "database-password-issued-at",
        "database-administrator-version",
        f"database-{HOME}-cluster",
    }


def test_a_second_run_changes_nothing(prod: Graph) -> None:
    assert ground(kept=prod).changed(prod) == set()


def test_services_write_where_their_region_can(prod: Graph) -> None:
    assert prod.outputs["writers"]["value"] == {
        HOME: f"gostack-prod-{HOME}.cluster.example.com:3306",
        OTHER: f"gostack-prod-{OTHER}.cluster-ro.example.com:3306",
    }
    for cluster in prod.of_type("aws:rds/cluster:Cluster"):
        assert cluster.plain("enableGlobalWriteForwarding") is True


def test_moving_the_writer_replaces_nothing(prod: Graph) -> None:
    def move(document: Document) -> None:
        document["mysql"]["primary"] = OTHER

    graph = ground(move, kept=prod)
    moved = graph.resources[f"database-{HOME}-cluster"]
    # A switchover is done in AWS; what the program says differs by the password alone, and the name is not looked at.
    assert "masterUsername" in moved.ignore_changes
    assert names(prod.resources.values()) ^ names(graph.resources.values()) == {
        f"database-{HOME}-alarms-replication-lag",
        f"database-{OTHER}-alarms-replication-lag",
    }
    assert graph.resources["database-global"].generation == 1
    assert names(graph.of_type("pulumi:providers:aws")) == names(prod.of_type("pulumi:providers:aws"))
    assert graph.resources["database-global"].provider == prod.resources["database-global"].provider


def test_images_keep_their_tags_are_scanned_and_copied_to_every_region(prod: Graph) -> None:
    repositories = prod.of_type("aws:ecr/repository:Repository")
    assert {item.plain("name") for item in repositories} == {
        "gostack/users",
        "ecr-public/docker/library/mysql",
        "ecr-public/docker/library/nginx",
        "ecr-public/hashicorp/consul",
        "kubernetes/pause",
    }
    for item in repositories:
        assert item.plain("imageTagMutability") == "IMMUTABLE"
        assert item.plain("imageScanningConfiguration") == {"scanOnPush": True}
    (replication,) = prod.of_type("aws:ecr/replicationConfiguration:ReplicationConfiguration")
    (rule,) = replication.plain("replicationConfiguration")["rules"]
    assert rule["destinations"] == [{"region": OTHER, "registryId": "123456789012"}]
    # A repository that replication made itself would have none of these settings.
    assert f"registry-{OTHER}-gostack-users" in prod.reachable(replication.name)


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
            "/healthz",
        )
    assert prod.outputs["url"]["value"] == "https://api.example.com"


def test_clients_speak_tls_with_the_load_balancer_and_it_speaks_tls_with_nginx(prod: Graph) -> None:
    for region in REGIONS:
        listener = prod.resources[f"entry-{region}-https-listener"]
        assert (listener.plain("protocol"), listener.plain("port")) == ("TLS", 443)
        assert listener.plain("sslPolicy").startswith("ELBSecurityPolicy-TLS13-1-2-")
        group = prod.resources[f"entry-{region}-https"]
        assert (group.plain("protocol"), group.plain("port"), group.plain("preserveClientIp")) == ("TLS", 8443, "true")


def test_one_record_proves_the_name_for_the_certificates_of_all_regions(prod: Graph) -> None:
    proofs = [item for item in prod.of_type("aws:route53/record:Record") if item.plain("type") == "CNAME"]
    assert names(proofs) == {f"certificate-{HOME}-proof"}
    for region in REGIONS:
        assert f"certificate-{HOME}-proof" in prod.reachable(f"certificate-{region}-issued")


def test_somebody_is_told_of_load_lag_errors_expiry_and_a_region_that_is_away(prod: Graph) -> None:
    alarms = prod.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    told = {(item.plain("namespace"), item.plain("metricName")) for item in alarms}
    assert {
        ("AWS/RDS", "CPUUtilization"),
        ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        ("ContainerInsights", "node_cpu_utilization"),
        ("AWS/CertificateManager", "DaysToExpiry"),
        ("AWS/NetworkELB", "HealthyHostCount"),
        ("AWS/Route53", "HealthCheckStatus"),
        ("gostack/ingress", f"gostack-prod-{HOME}-responses-5xx"),
    } <= told
    for alarm in alarms:
        (topic,) = alarm.property_dependencies["alarmActions"]
        # An alarm tells a topic of its own region only.
        assert provider_region(prod, prod.resources[topic]) == provider_region(prod, alarm), alarm.name
    for alarm in alarms:
        if alarm.plain("metricName") in ("CPUUtilization", "node_cpu_utilization"):
            assert (alarm.plain("threshold"), alarm.plain("period") * alarm.plain("evaluationPeriods")) == (80, 300)


def test_a_budget_tells_before_the_money_is_spent(prod: Graph) -> None:
    (budget,) = prod.of_type("aws:budgets/budget:Budget")
    assert budget.plain("limitAmount") == "4500"
    assert {item["notificationType"] for item in budget.plain("notifications")} == {"ACTUAL", "FORECASTED"}


def test_a_role_is_given_by_what_runs_and_by_nothing_else(prod: Graph) -> None:
    trusted = set()
    for role in prod.of_type("aws:iam/role:Role"):
        (statement,) = json.loads(role.plain("assumeRolePolicy"))["Statement"]
        trusted.add(statement["Principal"]["Service"])
        assert role.plain("path") == "/gostack/"
    assert trusted == {
        "ec2.amazonaws.com",
        "eks.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "pods.eks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    }


def test_a_kubeconfig_names_a_command_and_holds_no_credential(prod: Graph) -> None:
    for region in REGIONS:
        provider = prod.resources[f"kubernetes-{region}"]
        text = provider.plain("kubeconfig")
        (user,) = json.loads(text)["users"]
        assert user["user"].keys() == {"exec"}
        assert user["user"]["exec"]["args"][:2] == ["eks", "get-token"]
        assert region in user["user"]["exec"]["args"]


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


def test_nothing_is_known_of_a_first_preview_and_it_goes_through() -> None:
    graph = ground(preview=True)
    assert names(graph.resources.values()) == names(ground().resources.values())


def test_the_sdk_has_every_type_that_is_used(prod: Graph) -> None:
    assert pulumi_aws.__name__
    for item in aws_resources(prod):
        module = item.type.removeprefix("aws:").split("/")[0]
        assert hasattr(importlib.import_module(f"pulumi_aws.{module}"), item.type.rsplit(":", 1)[-1]), item.type
