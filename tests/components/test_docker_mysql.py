"""MySQL on Docker: members, what they are to each other, accounts and schemas, one component at a time.

Does not prove that MySQL elects, follows or refuses: the integration tests and drills do.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.docker.files import FOLDER, SECRETS
from components.docker.job import Job
from components.mysql.docker import MySqlCluster
from components.mysql.docker_member import MySqlMember
from components.service_database.docker import ServiceDatabase
from tests.components.alone import BEFORE, NAME, Secret, alone, before, children, exported
from tests.contract.test_instances import CLUSTER, CONSUL, KEY_PAIR, REGION
from tests.graph.recorder import Graph, JobEnd

PLACES = ("east", "west", "witness")
REGIONS = [{**REGION, "region": place, "network": f"{place}-network"} for place in PLACES]
DATACENTERS = [{**CONSUL, "datacenter": place} for place in PLACES]
_NETWORKS: tuple[dict[str, Any], ...] = ({}, {"networks": ["east-network", "backbone-network"]})
GROUP = {
    "name": "11111111-1111-1111-1111-111111111111",
    "members": list(PLACES),
    "weight": 60,
    "password": Secret("group-password"),
}


def cluster(topology: str, **changes: Any) -> Graph:
    more = {"witness": REGIONS[2]} if topology == "group" else {}
    count = 1 if topology == "single" else 2
    return alone(
        MySqlCluster,
        **{"topology": topology, "regions": REGIONS[:count], "consul": DATACENTERS[:count], **more, **changes},
    )


@pytest.fixture(scope="module")
def member() -> Graph:
    return alone(MySqlMember, consul=CONSUL)


@pytest.fixture(scope="module")
def group() -> Graph:
    return cluster("group")


def lines(graph: Graph, name: str) -> set[str]:
    """Lines of a member's my.cnf."""
    return set(graph.resources[f"{NAME}-{name}"].environment["MEMBER_CONFIGURATION"].splitlines())


def test_a_members_rows_outlive_it_under_a_name_that_never_changes(member: Graph) -> None:
    data, socket = (member.resources[f"{NAME}-{part}"] for part in ("data", "socket"))
    assert children(member) == {
        *("certificate", "data", "socket", "pod", "server", "registration"),
        *("secrets", "secrets-writer"),
    }
    assert data.retain_on_delete
    assert not socket.retain_on_delete
    assert data.plain("name") == "test-mysql-east"
    assert data.labels["gostack.data"] == "mysql"


@pytest.mark.parametrize("protect", [True, False])
def test_a_members_rows_are_protected_as_the_settings_say(protect: bool) -> None:
    graph = alone(MySqlMember, cluster={**CLUSTER, "protect": protect})
    assert graph.resources[f"{NAME}-data"].protect is protect


def test_two_servers_never_have_one_volume_and_one_that_stops_gets_its_time(member: Graph) -> None:
    server = member.resources[f"{NAME}-server"]
    assert server.delete_before_replace is True
    assert server.plain("destroyGraceSeconds") == server.plain("stopTimeout") >= 60
    assert server.plain("wait") is True
    mounted = {volume["containerPath"] for volume in server.plain("volumes")}
    assert mounted == {"/var/lib/mysql", "/var/run/mysqld", SECRETS}


def test_a_member_starts_after_what_it_waits_for_and_is_registered_when_it_answers(member: Graph) -> None:
    assert BEFORE in member.resources[f"{NAME}-server"].dependencies
    assert before(member, "server", "registration-agent")


def test_nothing_takes_a_value_from_a_server_because_it_would_go_with_it() -> None:
    def told(made: Any) -> dict[str, Any]:
        return {"user": pulumi.Stash("user", input=[made.address, made.administration_volume]).output}

    graph = alone(MySqlMember, told=told)
    assert f"{NAME}-server" not in graph.resources["user"].dependencies


def test_a_members_key_and_passwords_are_secrets() -> None:
    graph = alone(MySqlMember, group=GROUP)
    assert graph.holders("group-password") == {f"{NAME}-server"}
    assert [name for name, text in graph.in_plain().items() if "group-password" in text or "PRIVATE KEY" in text] == []


def test_members_of_a_group_know_each_other_by_name_and_the_first_one_leads() -> None:
    server = alone(MySqlMember, group=GROUP).resources[f"{NAME}-server"]
    text = server.environment["MEMBER_CONFIGURATION"]
    assert "group_seeds = mysql-east:3306,mysql-west:3306,mysql-witness:3306" in text
    assert "member_weight = 60" in text
    assert server.environment["MEMBERS"] == "mysql-east mysql-west mysql-witness"


def test_a_group_is_changed_one_member_after_the_other(group: Graph) -> None:
    first, second, third = (f"{NAME}-{place}-server" for place in PLACES)
    assert first in group.resources[second].dependencies
    assert second in group.resources[third].dependencies


def test_a_member_that_is_thrown_out_takes_no_writes_and_one_that_takes_over_is_up_to_date(group: Graph) -> None:
    for place in PLACES:
        assert lines(group, f"{place}-server") >= {
            "loose_group_replication_exit_state_action = READ_ONLY",
            "loose_group_replication_consistency = BEFORE_ON_PRIMARY_FAILOVER",
            "loose_group_replication_single_primary_mode = ON",
            "loose_group_replication_bootstrap_group = OFF",
            "loose_group_replication_start_on_boot = OFF",
            "loose_group_replication_ssl_mode = VERIFY_IDENTITY",
            "loose_group_replication_recovery_use_ssl = ON",
            "loose_group_replication_recovery_ssl_verify_server_cert = ON",
            "super_read_only = ON",
        }


def test_a_minority_stops_waiting_for_the_others_and_lets_go(group: Graph) -> None:
    text = "\n".join(lines(group, "east-server"))
    (seconds,) = [int(line.rpartition("=")[2]) for line in text.splitlines() if "unreachable_majority_timeout" in line]
    assert 0 < seconds <= 30


def test_accounts_are_made_when_every_member_is_there_and_before_anybody_uses_the_database(group: Graph) -> None:
    accounts = group.resources[f"{NAME}-accounts-run"]
    assert {f"{NAME}-{place}-server" for place in PLACES} <= accounts.dependencies
    mounted = {volume["containerPath"] for volume in accounts.plain("volumes")}
    assert mounted == {*(f"/members/{place}" for place in PLACES), FOLDER, f"{SECRETS}/STATEMENTS"}
    graph = cluster(
        "group",
        told=lambda made: {
            "user": pulumi.Stash("user", input=pulumi.Output.all(**made.reference["administration_volumes"])).output
        },
    )
    assert f"{NAME}-accounts-run" in graph.resources["user"].dependencies


def test_every_password_of_the_database_is_made_here_and_secret(group: Graph) -> None:
    stashes = [item for item in group.of_type("pulumi:index:Stash") if item.name.endswith("-password-value")]
    assert len(stashes) >= 2
    assert all(item.is_secret("input") for item in stashes)
    assert group.resources[f"{NAME}-accounts-files-writer"].is_secret("uploads")


def test_what_a_member_knows_alone_is_in_files_and_in_no_variable(group: Graph) -> None:
    for place in PLACES:
        files = group.files(f"{NAME}-{place}-server")
        assert {path.rpartition("/")[2] for path in files} == {"PRIVATE_KEY", "BOOT_SQL", "GROUP_PASSWORD"}
        assert files[f"{SECRETS}/GROUP_PASSWORD"] in files[f"{SECRETS}/BOOT_SQL"]
        assert not group.resources[f"{NAME}-{place}-server"].is_secret("envs")


def test_every_member_can_be_asked_how_it_is_where_somebody_asks(group: Graph) -> None:
    asked = cluster("group", monitored=True, told=lambda made: made.reference["monitoring"])
    told = asked.outputs
    assert exported(asked, "addresses") == {place: f"mysql-{place}:3306" for place in PLACES}
    assert told["password"]["secret"] is True
    statements = asked.files(f"{NAME}-accounts-run")[f"{SECRETS}/STATEMENTS"]
    assert told["password"]["value"] in statements
    assert [name for name, text in asked.in_plain().items() if told["password"]["value"] in text] == []
    assert "CREATE USER \\'monitoring" not in group.files(f"{NAME}-accounts-run")[f"{SECRETS}/STATEMENTS"]


def test_a_replica_follows_when_the_account_for_it_is_there_and_is_read_only() -> None:
    graph = cluster("replica")
    assert before(graph, "accounts-run", "west-server")
    assert not before(graph, "accounts-run", "east-server")
    assert {"read_only = ON", "super_read_only = ON"} <= lines(graph, "west-server")
    assert {"read_only = OFF", "super_read_only = OFF"} <= lines(graph, "east-server")
    assert graph.resources[f"{NAME}-west-server"].environment["PRIMARY_HOST"] == "mysql-east"


def test_a_single_primary_is_one_member() -> None:
    graph = cluster("single", told=lambda made: {"members": made.members, "replicas": made.replicas})
    assert graph.outputs["members"]["value"] == {"east": "mysql-east:3306"}
    assert graph.outputs["replicas"]["value"] == {}


# Accounts and schemas.


def test_a_job_runs_once_to_its_end_and_is_not_started_again() -> None:
    graph = alone(Job)
    run = graph.resources[f"{NAME}-run"]
    assert children(graph) == {"run"}
    assert (run.plain("restart"), run.plain("mustRun"), run.plain("attach"), run.plain("logs")) == (
        "no",
        False,
        True,
        True,
    )
    assert run.secret_outputs == ("containerLogs",)
    assert BEFORE in run.dependencies


def test_a_job_without_networks_has_none_and_one_with_them_joins_each() -> None:
    without, within = (alone(Job, **more).resources[f"{NAME}-run"] for more in _NETWORKS)
    assert without.plain("networkMode") == "none"
    assert without.plain("networksAdvanced") is None
    assert [network["name"] for network in within.plain("networksAdvanced")] == ["east-network", "backbone-network"]


def test_a_failed_job_stops_the_update_with_its_last_words_and_without_its_secrets() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        alone(
            Job,
            environment={"PASSWORD": Secret("correct-horse")},
            secrets=[Secret("battery-staple")],
            told=lambda job: {"completed": job.completed},
            ends={f"{NAME}-run": JobEnd(3, "no way: correct-horse\nnor battery-staple")},
        )
    assert "failed with exit code 3" in str(caught.value)
    assert "no way: [secret] | nor [secret]" in str(caught.value)


@pytest.fixture(scope="module")
def schema() -> Graph:
    def told(made: Any) -> dict[str, Any]:
        pulumi.Stash("stable", input=pulumi.Output.all(**made.secrets["stable"]))
        pulumi.Stash("canary", input=pulumi.Output.all(**made.secrets["canary"]))
        return {**made.secrets["stable"], **made.environments["stable"]}

    return alone(ServiceDatabase, told=told, service_images={"stable": "users:1", "canary": "users:2"})


def test_accounts_then_migrations_then_replicas_track_by_track(schema: Graph) -> None:
    assert before(schema, "accounts-run", "migrations-run")
    assert before(schema, "migrations-run", "canary-migrations-run")
    assert f"{NAME}-migrations-run" in schema.reachable("stable")
    assert f"{NAME}-canary-migrations-run" not in schema.reachable("stable")
    assert f"{NAME}-canary-migrations-run" in schema.reachable("canary")
    assert BEFORE in schema.resources[f"{NAME}-accounts-run"].dependencies


def test_a_service_changes_rows_and_only_its_migrations_change_tables(schema: Graph) -> None:
    migration = schema.resources[f"{NAME}-migrations-run"].environment
    assert schema.outputs["MYSQL_USER"] == {"secret": False, "value": "users"}
    assert schema.outputs["MYSQL_PASSWORD"]["secret"] is True
    assert migration["MYSQL_USER"] == "users_migration"
    assert migration["MYSQL_PASSWORD"] != schema.outputs["MYSQL_PASSWORD"]["value"]


def test_no_password_of_a_schema_is_written_down_in_plain(schema: Graph) -> None:
    passwords = {schema.outputs["MYSQL_PASSWORD"]["value"]}
    passwords.add(schema.resources[f"{NAME}-migrations-run"].environment["MYSQL_PASSWORD"])
    assert [name for name, text in schema.in_plain().items() if any(password in text for password in passwords)] == []
    assert schema.resources[f"{NAME}-accounts-files-writer"].is_secret("uploads")
    for name in ("migrations-run", "canary-migrations-run"):
        assert schema.resources[f"{NAME}-{name}"].is_secret("envs")


def test_a_schema_without_migrations_needs_its_accounts_alone() -> None:
    graph = alone(
        ServiceDatabase,
        migrate=[],
        told=lambda made: {"user": pulumi.Stash("user", input=pulumi.Output.all(**made.secrets["stable"])).output},
    )
    assert not [item for item in graph.resources if "migrations" in item]
    assert f"{NAME}-accounts-run" in graph.resources["user"].dependencies


def test_a_members_certificate_names_it_and_is_signed_by_the_authority_that_it_is_given(member: Graph) -> None:
    from cryptography import x509

    environment = member.resources[f"{NAME}-server"].environment
    certificate = x509.load_pem_x509_certificate(environment["CERTIFICATE"].encode())
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["mysql-east"]
    assert environment["AUTHORITY"] in KEY_PAIR.encode().decode("unicode_escape")
