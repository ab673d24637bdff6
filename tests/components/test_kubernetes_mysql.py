"""MySQL on Kubernetes: members, accounts and schemas, one component at a time.

Does not prove that MySQL follows or refuses: `tests/integration_kubernetes` does.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.job import Job
from components.mysql.kubernetes import MySqlCluster
from components.mysql.kubernetes_member import MySqlMember
from components.service_database.kubernetes import ServiceDatabase
from tests.components.alone import BEFORE, NAME, Secret, alone, before, children, container, pod, spec, variables
from tests.contract.test_instances import CLUSTER
from tests.graph.recorder import Graph


@pytest.fixture(scope="module")
def member() -> Graph:
    return alone(MySqlMember, administration_password=Secret("correct-horse"))


def test_a_members_disk_outlives_it_and_is_never_had_by_two_servers(member: Graph) -> None:
    assert children(member) == {"certificate", "secret", "account", "service", "pods", "paths", "server"}
    found = spec(member, "server")
    assert found["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert found["replicas"] == 1
    assert pod(member, "server")["terminationGracePeriodSeconds"] >= 60


@pytest.mark.parametrize("protect", [True, False])
def test_a_member_is_protected_as_the_settings_say(protect: bool) -> None:
    graph = alone(MySqlMember, cluster={**CLUSTER, "protect": protect})
    assert graph.resources[f"{NAME}-server"].protect is protect


def test_a_member_is_made_after_its_names_its_paths_and_what_it_waits_for(member: Graph) -> None:
    wanted = {f"{NAME}-service", f"{NAME}-pods", f"{NAME}-paths", BEFORE}
    assert wanted <= member.resources[f"{NAME}-server"].dependencies


def test_a_database_is_reached_while_consul_is_away_and_restarted_for_its_own_faults_alone(member: Graph) -> None:
    assert "readinessProbe" not in container(member, "server", "consul-agent")
    server = container(member, "server", "mysql")
    assert "tcpSocket" in server["livenessProbe"]
    assert "exec" in server["readinessProbe"]
    # A copy of the primary may take its time.
    assert server["startupProbe"]["periodSeconds"] * server["startupProbe"]["failureThreshold"] >= 3600


def test_only_services_jobs_and_members_reach_a_member(member: Graph) -> None:
    (rule,) = spec(member, "paths")["ingress"]
    assert {peer["podSelector"]["matchLabels"]["gostack.role"] for peer in rule["from"]} == {
        "application",
        "job",
        "mysql",
    }
    assert [port["port"] for port in rule["ports"]] == [3306]


def test_a_members_passwords_and_key_are_in_its_secret_alone(member: Graph) -> None:
    secret = member.resources[f"{NAME}-secret"]
    assert {"PRIVATE_KEY", "BOOT_SQL"} <= secret.plain("stringData").keys()
    assert secret.is_secret("stringData")
    found = variables(container(member, "server", "mysql"))
    assert found["PRIVATE_KEY"]["secretKeyRef"]["key"] == "PRIVATE_KEY"
    assert [name for name, text in member.in_plain().items() if "correct-horse" in text] == []


@pytest.fixture(scope="module")
def cluster() -> Graph:
    def told(made: MySqlCluster) -> dict[str, Any]:
        pulumi.Stash("user", input=made.reference["primary_address"])
        return {"password": made.reference["administration"]["password"]}  # type: ignore[typeddict-item]

    return alone(MySqlCluster, topology="replica", told=told)


def test_a_replica_begins_when_the_account_that_it_needs_is_there(cluster: Graph) -> None:
    assert before(cluster, "accounts-run", "east-replica-server")
    assert not before(cluster, "accounts-run", "east-server")
    text = variables(container(cluster, "east-replica-server", "mysql"))["MEMBER_CONFIGURATION"]
    assert "super_read_only = ON" in text


def test_accounts_are_there_before_anybody_uses_the_database(cluster: Graph) -> None:
    assert before(cluster, "east-server", "accounts-run")
    assert f"{NAME}-accounts-run" in cluster.reachable("user")
    assert cluster.outputs["password"]["secret"] is True


def test_one_member_of_a_region_may_be_evicted_at_a_time(cluster: Graph) -> None:
    budget = spec(cluster, "east-budget")
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == {"gostack.role": "mysql", "gostack.service": "mysql"}


def test_a_topology_that_the_platform_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match='the topology "group" is not one of single, replica'):
        alone(MySqlCluster, topology="group")


def test_a_job_ends_by_itself_and_an_update_waits_longer_than_it_may_take() -> None:
    graph = alone(Job, secrets={"PASSWORD": "correct-horse"})
    assert children(graph) == {"secret", "account", "paths", "run"}
    run = graph.resources[f"{NAME}-run"]
    found = spec(graph, "run")
    patience = int(run.plain("metadata")["annotations"]["pulumi.com/timeoutSeconds"])
    assert patience > found["activeDeadlineSeconds"] > 0
    assert found["backoffLimit"] >= 1
    assert pod(graph, "run")["restartPolicy"] == "Never"
    # A new name for each run: a finished Job cannot be changed.
    assert "name" not in run.plain("metadata")
    assert {f"{NAME}-paths", BEFORE} <= run.dependencies
    assert [name for name, text in graph.in_plain().items() if "correct-horse" in text] == []


def test_a_job_reaches_the_database_and_nothing_else() -> None:
    egress = [{"roles": ["mysql"], "networks": ["10.16.0.0/20"], "port": 3306}]
    paths = spec(alone(Job, egress=egress), "paths")
    assert paths["policyTypes"] == ["Egress"]
    (rule,) = paths["egress"]
    assert [port["port"] for port in rule["ports"]] == [3306]
    assert {"ipBlock": {"cidr": "10.16.0.0/20"}} in rule["to"]


def test_accounts_then_migrations_then_replicas() -> None:
    graph = alone(
        ServiceDatabase,
        told=lambda made: {
            "user": pulumi.Stash("user", input=pulumi.Output.all(**made.secrets["stable"])).output,
            **made.secrets["stable"],
        },
    )
    assert before(graph, "accounts-run", "migrations-run")
    assert f"{NAME}-migrations-run" in graph.reachable("user")
    assert BEFORE in graph.resources[f"{NAME}-accounts-run"].dependencies
    assert graph.outputs["MYSQL_PASSWORD"]["secret"] is True
    password = graph.outputs["MYSQL_PASSWORD"]["value"]
    assert [name for name, text in graph.in_plain().items() if password in text] == []
    assert variables(container(graph, "migrations-run", "job"))["MYSQL_USER"] == "users_migration"


def test_a_database_without_an_account_for_accounts_is_refused() -> None:
    from tests.contract.test_instances import MYSQL

    without = {key: value for key, value in MYSQL.items() if key != "administration"}
    with pytest.raises(ValueError, match="give `administration`"):
        alone(ServiceDatabase, mysql=without)
