"""Text for Consul, MySQL and shells says what it should.

Does not prove that those programs understand it: the running stack of the integration tests does.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import components
from components.consul.check import Check
from components.consul.configuration import address_in, agent_configuration, gossip_configuration, server_configuration
from components.consul.instances import CLIENTS_ADDRESS, ServiceInstance
from components.docker import addresses
from components.docker.container import go_duration
from components.ingress import RELEASE_PLACEHOLDER
from components.ingress.releases import RELEASES
from components.mysql.accounts import (
    BOOT_SQL,
    MIGRATION_CONNECTIONS,
    migration_account,
    service_accounts_sql,
    stack_accounts_sql,
)
from components.mysql.configuration import DATA, SOCKET, GroupMember, member_configuration
from components.text import script

COMPONENTS = Path(components.__file__).resolve().parent


def agent(services: list[ServiceInstance]) -> dict[str, object]:
    text = agent_configuration(
        datacenter="east",
        lan_address=address_in("10.80.1.0/24"),
        wan_address=address_in("10.80.0.0/24"),
        server_addresses=["10.80.1.11"],
        services=services,
    )
    return json.loads(text)


def registered(check: Check) -> dict[str, object]:
    """A check of an instance as the agent is told of it."""
    (service,) = agent([ServiceInstance("users", 9000, check)])["services"]  # type: ignore[misc]
    (found,) = service["checks"]
    return found


def test_an_agent_answers_with_every_healthy_instance_and_never_from_a_cache() -> None:
    assert agent([])["dns_config"] == {
        "allow_stale": True,
        "max_stale": "87600h",
        "node_ttl": "0s",
        "service_ttl": {"*": "0s"},
        "only_passing": True,
        "enable_truncate": True,
        "udp_answer_limit": 100,
    }


def test_an_agent_listens_inside_its_pod_and_leaves_when_it_stops() -> None:
    configuration = agent([])
    assert (configuration["client_addr"], configuration["leave_on_terminate"]) == ("127.0.0.1", True)


def test_an_instance_is_checked_as_it_was_told() -> None:
    assert registered(Check(interval="10s", timeout="5s", failures=1, path="/ready")) == {
        "name": "users answers",
        "http": f"http://{CLIENTS_ADDRESS}:9000/ready",
        "interval": "10s",
        "timeout": "5s",
    }


def test_a_check_by_grpc_health_checking() -> None:
    assert registered(Check(protocol="grpc", failures=1)) == {
        "name": "users answers",
        "grpc": f"{CLIENTS_ADDRESS}:9000",
        "interval": "1s",
        "timeout": "2s",
    }


def test_an_agent_that_died_without_a_word_is_forgotten_though_nobody_cleans_up() -> None:
    assert agent([])["advertise_reconnect_timeout"] == "15m"


def test_more_than_one_check_in_a_row_may_have_to_fail() -> None:
    assert registered(Check(protocol="tcp", failures=2))["failures_before_critical"] == 2


def test_the_gossip_key_is_in_a_file_of_its_own() -> None:
    assert "encrypt" not in agent([])
    assert json.loads(gossip_configuration("key")) == {"encrypt": "key"}


def test_servers_are_written_to_from_this_machine_alone_and_tell_prometheus_of_themselves() -> None:
    text = server_configuration(
        datacenter="east",
        lan_address=address_in("10.80.1.0/24"),
        wan_address=address_in("10.80.0.0/24"),
        server_addresses=["10.80.1.11", "10.80.1.12", "10.80.1.13"],
        wan_join=["consul-west-0"],
        writers=["10.80.1.1/32"],
    )
    configuration = json.loads(text)
    assert configuration["http_config"] == {"allow_write_http_from": ["127.0.0.0/8", "10.80.1.1/32"]}
    assert configuration["bootstrap_expect"] == 3
    assert configuration["retry_join_wan"] == ["consul-west-0"]
    # Prometheus is answered about servers, and about agents, which listen inside their pods alone, never.
    assert configuration["telemetry"] == {"disable_hostname": True, "prometheus_retention_time": "60s"}
    assert agent([])["telemetry"] == {"disable_hostname": True}


def test_fixed_and_assigned_addresses_never_meet() -> None:
    assert addresses.gateway("10.80.1.0/24") == "10.80.1.1"
    assert addresses.assigned_range("10.80.1.0/24") == "10.80.1.128/25"
    assert addresses.consul_server_addresses("10.80.1.0/24", 3) == ["10.80.1.11", "10.80.1.12", "10.80.1.13"]


def test_a_replica_is_read_only_and_a_primary_is_not() -> None:
    def settings(read_only: bool) -> set[str]:
        text = member_configuration(server_id=1, read_only=read_only, buffer_pool_mib=64, max_connections=50)
        return {line for line in text.splitlines() if "read_only" in line}

    assert settings(True) == {"read_only = ON", "super_read_only = ON"}
    assert settings(False) == {"read_only = OFF", "super_read_only = OFF"}


def test_acknowledged_rows_are_on_disk_and_connections_encrypted() -> None:
    text = member_configuration(server_id=7, read_only=False, buffer_pool_mib=64, max_connections=50)
    assert {"sync_binlog = 1", "innodb_flush_log_at_trx_commit = 1", "gtid_mode = ON"} <= set(text.splitlines())
    assert {"require_secure_transport = ON", "server_id = 7"} <= set(text.splitlines())


def test_a_service_may_not_touch_tables_and_its_migrations_may_not_leave_the_schema() -> None:
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m")
    grants = re.findall(r"^GRANT (.*) ON (\S+) TO '(\w+)'@'%';$", sql, flags=re.M)
    assert grants[0] == ("SELECT, INSERT, UPDATE, DELETE, EXECUTE", "`users`.*", "users")
    assert {where for _, where, _ in grants} == {"`users`.*"}
    assert sql.count("REQUIRE SSL") == 2


def test_a_password_cannot_leave_its_quotes() -> None:
    sql = service_accounts_sql(database="users", application_password="a'b\\c", migration_password="m")
    assert r"CREATE USER \'users\'@\'%\' IDENTIFIED BY \'a\\\'b\\\\c\' REQUIRE SSL" in sql
    assert r"ALTER USER \'users\'@\'%\' IDENTIFIED BY \'a\\\'b\\\\c\' RETAIN" in sql


def test_an_old_password_stays_good_while_replicas_are_replaced() -> None:
    assert stack_accounts_sql("r").count("RETAIN CURRENT PASSWORD") == 1
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m")
    assert sql.count("RETAIN CURRENT PASSWORD") == 2


def test_a_schema_is_granted_by_its_name_and_not_by_a_pattern() -> None:
    sql = service_accounts_sql(database="order_api", application_password="a", migration_password="m")
    granted = re.findall(r"^GRANT .* ON (\S+) TO", sql, flags=re.M)
    assert granted == [r"`order\_api`.*", r"`order\_api`.*"]


def test_a_grant_by_pattern_of_an_earlier_release_is_taken_back_after_the_new_one_is_made() -> None:
    sql = service_accounts_sql(database="order_api", application_password="a", migration_password="m")
    statements = re.findall(r"^(GRANT|REVOKE IF EXISTS) (.*) ON (\S+) (?:TO|FROM) '(\w+)'@'%';$", sql, flags=re.M)
    for account in ("order_api", "order_api_migration"):
        (verb, given, _, _), (back, taken, pattern, _), *_ = [found for found in statements if found[3] == account]
        assert (verb, back, pattern) == ("GRANT", "REVOKE IF EXISTS", "`order_api`.*")
        assert taken == given


def test_a_name_without_wildcards_has_no_grant_by_pattern_to_take_back() -> None:
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m", rights="schema")
    assert "REVOKE" not in sql


def test_with_the_rights_of_the_schema_a_service_may_do_what_its_migrations_may() -> None:
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m", rights="schema")
    service, migrations = re.findall(r"^GRANT (.*) ON `users`.\* TO", sql, flags=re.M)
    assert service == migrations
    assert {"CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "CREATE VIEW", "TRIGGER", "CREATE ROUTINE"} <= set(
        service.split(", ")
    )


def test_a_service_whose_rights_are_rows_loses_those_of_the_schema_that_it_had() -> None:
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m")
    (taken,) = re.findall(r"^REVOKE IF EXISTS (.*) ON `users`.\* FROM 'users'@'%';$", sql, flags=re.M)
    assert {"CREATE", "ALTER", "DROP", "TRIGGER"} <= set(taken.split(", "))
    assert {"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE"}.isdisjoint(taken.split(", "))


def test_the_connections_of_an_account_are_limited() -> None:
    sql = service_accounts_sql(database="users", application_password="a", migration_password="m", max_connections=42)
    assert re.findall(r"^ALTER USER '(\w+)'@'%' WITH MAX_USER_CONNECTIONS (\d+);$", sql, flags=re.M) == [
        ("users", "42"),
        ("users_migration", str(MIGRATION_CONNECTIONS)),
    ]


def test_a_table_without_a_primary_key_is_refused_whatever_the_topology_and_routines_are_allowed() -> None:
    group = GroupMember("11111111-1111-1111-1111-111111111111", "mysql-east", ["mysql-east"], 50)
    for member in (None, group):
        text = member_configuration(server_id=7, read_only=False, buffer_pool_mib=64, max_connections=50, group=member)
        wanted = {"sql_require_primary_key = ON", "log_bin_trust_function_creators = ON"}
        assert wanted <= set(text.splitlines())


def test_the_stack_makes_one_account_and_drops_those_that_nothing_used() -> None:
    sql = stack_accounts_sql("r")
    assert re.findall(r"CREATE USER \\'(\w+)\\'", sql) == ["replication"]
    assert re.findall(r"^DROP USER IF EXISTS '(\w+)'", sql, flags=re.M) == ["backup", "exporter", "monitoring"]


def test_whoever_asks_the_members_how_they_are_may_read_no_row_of_a_service() -> None:
    sql = stack_accounts_sql("r", "m")
    assert re.findall(r"CREATE USER \\'(\w+)\\'", sql) == ["replication", "monitoring"]
    assert re.findall(r"^DROP USER IF EXISTS '(\w+)'", sql, flags=re.M) == ["backup", "exporter"]
    granted = re.findall(r"^GRANT (.*) ON (\S+) TO 'monitoring'@'%';$", sql, flags=re.M)
    assert {rights for rights, _ in granted} == {"SELECT"}
    assert all(table.startswith("performance_schema.replication_") for _, table in granted)


def test_an_account_name_fits_into_what_mysql_allows() -> None:
    assert migration_account("users") == "users_migration"
    assert len(migration_account("x" * 32)) == 32


def test_root_has_no_password_and_says_so_in_no_binary_log() -> None:
    assert BOOT_SQL.splitlines() == [
        "SET SQL_LOG_BIN = 0;",
        "ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket AS 'mysql';",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m0s"), (3661, "1h1m1s")])
def test_a_duration_is_written_as_go_prints_it(seconds: int, text: str) -> None:
    assert go_duration(seconds) == text


@pytest.mark.parametrize("file", sorted(COMPONENTS.rglob("*.sh")), ids=lambda file: file.stem)
def test_a_script_is_one_its_shell_can_read(file: Path) -> None:
    shell = "bash" if file.read_text().startswith("#!/usr/bin/env bash") else "sh"
    result = subprocess.run(
        [shutil.which(shell) or shell, "-n", str(file)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_scripts_and_their_callers_agree_on_paths() -> None:
    assert f"cd {RELEASES}\n" in script("ingress/release.sh")
    assert f"cd {RELEASES}\n" in script("ingress/ingress.sh")
    assert f"--socket={SOCKET}" in script("mysql/mysql-server.sh")
    assert f"mv {DATA}.new {DATA}" in script("mysql/mysql-server.sh")
    assert RELEASE_PLACEHOLDER in script("ingress/release.sh")
