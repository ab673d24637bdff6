"""What is computed for AWS without asking it: subnets, policies, kubeconfigs, names of images.

Does not prove that AWS takes any of it.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.aurora.parameters import (
    administrator_secret,
    cluster_parameters,
    largest_number_of_connections,
    password_window,
    service_addresses,
)
from components.aws.eks.kubeconfig import eks_kubeconfig
from components.aws.image_names import copied_repository, own_repository, regional_image
from components.aws.network.addresses import default_zones, partition, plan_subnets
from components.aws.policies import (
    flow_logs_trust,
    key_policy,
    lifecycle_policy,
    service_trust,
    topic_policy,
    write_logs,
)

ACCOUNT, REGION, DIGEST = "123456789012", "eu-central-1", f"sha256:{64 * 'a'}"
DAY = 86_400


def networks() -> st.SearchStrategy[str]:
    return st.builds(
        lambda length, number: str(IPv4Network((0x0A000000 | (number << (32 - length)) & 0x00FFFFFF, length))),
        st.integers(16, 20),
        st.integers(0, 255),
    )


@given(networks())
def test_subnets_lie_in_the_network_and_apart(cidr: str) -> None:
    plan = plan_subnets(cidr)
    subnets = [IPv4Network(item) for item in (*plan.private, *plan.public, *plan.database)]
    assert len(subnets) == 9
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    # AWS has none smaller than /28.
    assert all(subnet.prefixlen <= 28 for subnet in subnets)


def test_nodes_get_three_quarters_of_the_network() -> None:
    plan = plan_subnets("10.16.0.0/16")
    assert plan.private == ("10.16.0.0/18", "10.16.64.0/18", "10.16.128.0/18")
    assert plan.public == ("10.16.192.0/21", "10.16.200.0/21", "10.16.208.0/21")
    assert plan.database == ("10.16.216.0/21", "10.16.224.0/21", "10.16.232.0/21")


@pytest.mark.parametrize("cidr", ["10.16.0.0/15", "10.16.0.0/21"])
def test_a_network_of_another_size_is_refused_with_the_sizes_that_are_possible(cidr: str) -> None:
    with pytest.raises(ValueError, match=r"/16 to /20"):
        plan_subnets(cidr)


def test_zones_and_partitions_follow_from_a_regions_name() -> None:
    assert default_zones("us-east-1") == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert [partition(region) for region in ("eu-central-1", "cn-north-1", "us-gov-west-1")] == [
        "aws",
        "aws-cn",
        "aws-us-gov",
    ]


def statements(text: str) -> list[dict[str, object]]:
    document = json.loads(text)
    assert document["Version"] == "2012-10-17"
    return document["Statement"]


def test_flow_logs_of_another_account_cannot_take_the_role() -> None:
    (statement,) = statements(flow_logs_trust(ACCOUNT))
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_service_takes_a_role_and_nobody_else_does() -> None:
    (statement,) = statements(service_trust("pods.eks.amazonaws.com", "sts:TagSession"))
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_logs_are_written_into_one_group_only() -> None:
    (statement,) = statements(write_logs("arn:aws:logs:eu-central-1:1:log-group:x"))
    assert statement["Resource"] == [
        "arn:aws:logs:eu-central-1:1:log-group:x",
        "arn:aws:logs:eu-central-1:1:log-group:x:*",
    ]


def test_a_service_uses_a_key_for_this_account_alone() -> None:
    services = ["logs.eu-central-1.amazonaws.com", "cloudwatch.amazonaws.com"]
    account, logs, alarms = statements(key_policy(ACCOUNT, REGION, services=services))
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}
    }
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_role_may_hand_a_key_on_to_disks_that_aws_attaches_only() -> None:
    *_, roles, disks = statements(key_policy(ACCOUNT, REGION, roles=["arn:aws:iam::1:role/nodes"]))
    assert "kms:CreateGrant" not in roles["Action"]  # type: ignore[operator]
    assert disks["Action"] == ["kms:CreateGrant"]
    assert disks["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_messages_travel_encrypted_or_not_at_all() -> None:
    *_, encrypted = statements(topic_policy("arn:topic", ACCOUNT, REGION))
    assert (encrypted["Effect"], encrypted["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_newest_releases_stay_to_go_back_to() -> None:
    untagged, tagged = json.loads(lifecycle_policy(50))["rules"]
    assert (untagged["selection"]["tagStatus"], untagged["selection"]["countNumber"]) == ("untagged", 7)
    assert (tagged["selection"]["countType"], tagged["selection"]["countNumber"]) == ("imageCountMoreThan", 50)


def test_a_kubeconfig_leads_to_one_cluster_by_a_command_and_holds_no_credential() -> None:
    text = eks_kubeconfig(
        cluster="gostack-prod", region=REGION, endpoint="https://x", authority="Y2E=", role_arn="arn:role"
    )
    config = json.loads(text)
    assert config["current-context"] == "gostack-prod"
    assert config["clusters"][0]["cluster"] == {"server": "https://x", "certificate-authority-data": "Y2E="}
    assert config["users"][0]["user"].keys() == {"exec"}
    command = config["users"][0]["user"]["exec"]
    assert [command["command"], *command["args"]] == [
        *("aws", "eks", "get-token", "--cluster-name", "gostack-prod", "--region", REGION),
        *("--role-arn", "arn:role", "--output", "json"),
    ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/gostack/users@{DIGEST}",
            f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/gostack/users@{DIGEST}",
        ),
        (
            f"public.ecr.aws/docker/library/nginx:1.30@{DIGEST}",
            f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/ecr-public/docker/library/nginx:1.30@{DIGEST}",
        ),
        (
            f"registry.k8s.io/pause:3.10@{DIGEST}",
            f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/kubernetes/pause:3.10@{DIGEST}",
        ),
        (f"registry.example.com/users@{DIGEST}", f"registry.example.com/users@{DIGEST}"),
        (
            f"210987654321.dkr.ecr.eu-central-1.amazonaws.com/users@{DIGEST}",
            f"210987654321.dkr.ecr.eu-central-1.amazonaws.com/users@{DIGEST}",
        ),
    ],
)
def test_a_region_pulls_from_its_own_registry_what_that_has(reference: str, expected: str) -> None:
    assert regional_image(reference, account=ACCOUNT, region="us-east-1") == expected
    # And once more changes nothing.
    assert regional_image(expected, account=ACCOUNT, region="us-east-1") == expected


def test_repositories_are_named_without_tag_and_digest() -> None:
    assert copied_repository(f"registry.k8s.io/pause:3.10@{DIGEST}") == "kubernetes/pause"
    assert copied_repository("registry.example.com:5000/users:1") is None
    own = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/gostack/users@{DIGEST}"
    assert own_repository(own, ACCOUNT) == "gostack/users"
    assert own_repository(own, "210987654321") is None


def test_a_password_is_renewed_when_its_lifetime_has_passed_and_not_before() -> None:
    issued = 1_000_000
    windows = [password_window(issued, 30, issued + days * DAY) for days in (0, 29.99, 30, 59.99, 60)]
    assert windows == [0, 0, 1, 1, 2]
    # A clock that was set back renews nothing.
    assert password_window(issued, 30, issued - 1) == 0


def test_services_write_to_the_writer_in_its_region_and_to_forwarding_readers_elsewhere() -> None:
    writers, readers = {"a": "writer-a", "b": "writer-b"}, {"a": "reader-a", "b": "reader-b"}
    assert service_addresses("a", writers, readers) == {"a": "writer-a", "b": "reader-b"}


def test_no_connection_without_tls_and_a_region_reads_what_it_wrote() -> None:
    parameters = cluster_parameters()
    assert parameters["require_secure_transport"] == "ON"
    assert parameters["aurora_replica_read_consistency"] == "SESSION"
    # Queries are the rows of customers.
    assert "QUERY_DML" not in parameters["server_audit_events"]


def test_a_migration_that_fails_elsewhere_fails_in_prod_and_one_that_passes_passes() -> None:
    parameters = cluster_parameters()
    assert (parameters["sql_require_primary_key"], parameters["log_bin_trust_function_creators"]) == ("1", "1")


@pytest.mark.parametrize(
    ("instance_class", "connections"), [("db.r6g.large", 1000), ("db.r8g.xlarge", 2000), ("db.r8g.24xlarge", 6000)]
)
def test_what_an_instance_accepts_follows_from_its_size(instance_class: str, connections: int) -> None:
    assert largest_number_of_connections(instance_class) == connections


def test_the_secret_has_the_form_that_tools_read() -> None:
    assert json.loads(administrator_secret("administrator", "secret")) == {
        "engine": "mysql",
        "password": "secret",
        "port": 3306,
        "username": "administrator",
    }
