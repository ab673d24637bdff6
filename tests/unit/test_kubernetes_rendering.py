"""What the components for Kubernetes render beside what Docker has too: names, commands, quantities, SQL, scripts.

Does not prove that a cluster takes them; the dry run on a real API server does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.consul.configuration import POD_ADDRESS, agent_configuration, server_configuration
from components.kubernetes.names import selector, service_host, workload_labels
from components.kubernetes.pod import cores
from components.mysql.accounts import BOOT_SQL, administration_boot_sql, service_accounts_sql, stack_accounts_sql
from components.region.args import RegionReference, namespace_of
from components.text import script, verbatim

REGION: RegionReference = {
    "region": "east",
    "cidr": "",
    "network": "gostack-staging-east",
    "backbone_cidr": "",
    "backbone_network": "",
    "pause_image": "",
    "namespace": "gostack-staging",
}


def expanded(text: str, variables: dict[str, str]) -> str:
    """What the kubelet makes of a word of a command (k8s.io/kubernetes/third_party/forked/golang/expansion)."""
    result, rest = "", text
    while rest:
        if rest.startswith("$$"):
            result, rest = f"{result}$", rest[2:]
        elif rest.startswith("$(") and ")" in rest:
            name, rest = rest[2:].split(")", 1)
            result += variables.get(name, f"$({name})")
        else:
            result, rest = result + rest[0], rest[1:]
    return result


@given(st.text(alphabet="$()aA_ \n", max_size=40))
def test_kubernetes_leaves_a_command_alone_whatever_is_in_it(text: str) -> None:
    assert expanded(verbatim(text), {"a": "replaced", "A": "replaced", "": "replaced"}) == text


@pytest.mark.parametrize(
    "name",
    [
        *("consul/consul-member.sh", "consul/consul-agent.sh", "consul/consul-server.sh"),
        *("mysql/mysql-member.sh", "mysql/mysql-apply-remote.sh"),
    ],
)
def test_scripts_reach_the_container_as_they_were_written(name: str) -> None:
    assert expanded(verbatim(script(name)), {"hostname": "replaced", "NODE": "replaced"}) == script(name)


def test_names_of_a_region_follow_one_rule() -> None:
    assert namespace_of(REGION) == "gostack-staging-east"
    assert namespace_of(REGION, "west") == "gostack-staging-west"
    assert service_host("mysql-east", namespace_of(REGION)) == "mysql-east.gostack-staging-east.svc"


def test_pods_are_told_apart_by_labels_that_never_change() -> None:
    stack = {"gostack.stack": "staging"}
    labels = workload_labels(stack, region="east", service="users", role="application", track="canary")
    assert selector(labels) == {
        "gostack.service": "users",
        "gostack.role": "application",
        "gostack.track": "canary",
    }
    assert labels["app.kubernetes.io/name"] == "users"


@pytest.mark.parametrize(("number", "text"), [(0.25, "250m"), (0.025, "25m"), (1, "1"), (2.0, "2"), (1.5, "1500m")])
def test_cores_are_written_as_kubernetes_does(number: float, text: str) -> None:
    assert cores(number) == text


def test_an_agent_in_a_pod_finds_its_address_without_knowing_a_network() -> None:
    document = json.loads(
        agent_configuration(
            datacenter="east",
            lan_address=POD_ADDRESS,
            wan_address=POD_ADDRESS,
            server_addresses=["consul-east-0.consul-east.gostack-staging-east.svc"],
        )
    )
    assert document["advertise_addr"] == document["advertise_addr_wan"] == POD_ADDRESS
    assert "network" not in POD_ADDRESS


def test_a_server_in_a_cluster_takes_writes_from_its_own_pod_alone() -> None:
    document = json.loads(
        server_configuration(
            datacenter="east",
            lan_address=POD_ADDRESS,
            wan_address=POD_ADDRESS,
            server_addresses=["a", "b", "c"],
            wan_join=[],
            writers=[],
        )
    )
    assert document["http_config"] == {"allow_write_http_from": ["127.0.0.0/8"]}


def test_the_administration_account_may_do_what_it_hands_on_and_takes_tls() -> None:
    sql = administration_boot_sql("secret'password")
    assert sql.startswith(BOOT_SQL)
    assert "REQUIRE SSL" in sql
    assert "secret\\'password" in sql
    assert "ALL PRIVILEGES" not in sql
    made = service_accounts_sql(database="us_ers", application_password="a", migration_password="b")
    made += stack_accounts_sql("a")
    granted = {
        privilege.strip()
        for line in made.splitlines()
        if line.startswith(("GRANT", "REVOKE"))
        for privilege in re.sub("^(GRANT|REVOKE IF EXISTS) ", "", line).split(" ON ")[0].split(",")
    }
    allowed = {
        privilege.strip()
        for line in sql.splitlines()
        if line.startswith("GRANT")
        for privilege in line.removeprefix("GRANT ").split(" ON ")[0].split(",")
    }
    assert granted <= allowed
    assert {"CREATE USER", "APPLICATION_PASSWORD_ADMIN"} <= allowed


def test_the_accounts_script_says_why_it_gives_up_and_shows_no_password(tmp_path: Path) -> None:
    client = tmp_path / "mysql"
    client.write_text("#!/bin/sh\necho 'ERROR 2003: no route' >&2\nexit 1\n")
    client.chmod(0o755)
    text = script("mysql/mysql-apply-remote.sh").replace("120", "1").replace("/tmp/mysql", str(tmp_path / "files"))
    done = subprocess.run(
        ["bash", "-c", text],
        env={
            **os.environ,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "ADMINISTRATION_HOST": "mysql-east",
            "ADMINISTRATION_PORT": "3306",
            "ADMINISTRATION_USER": "administration",
            "ADMINISTRATION_PASSWORD": "very-secret",
            "AUTHORITY": "certificate",
            "STATEMENTS": "SELECT 1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ERROR 2003: no route" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr
    assert oct((tmp_path / "files" / "client.cnf").stat().st_mode)[-3:] == "600"
