"""A stack that `up` brought up does its work: TLS, discovery, rows in the primary and in the other region's replica.

Does not prove that it survives anything: see the modules after this one, which run in their order on the same stack.
"""

from __future__ import annotations

import urllib3
import yaml

from infra.settings.ingress import loopback_hosts
from tests.integration.support import LiveStack, wait_until


def test_a_user_created_over_verified_tls_is_read_back_in_both_regions(stack: LiveStack) -> None:
    user = stack.create_user()
    for url in stack.outputs["regions"].values():
        response = stack.request("GET", f"{url}/api/v1/users/{user['id']}")
        assert (response.status, response.json()["data"]["email"]) == (200, user["email"])


def test_the_row_is_in_the_primary_and_in_the_replica(stack: LiveStack) -> None:
    user = stack.create_user()
    query = f"SELECT email FROM users.users WHERE id = {user['id']}"
    assert stack.rows("east", query) == [user["email"]]
    wait_until(lambda: stack.rows("west", query) == [user["email"]], 10, "the row has reached the replica")


def test_the_replica_refuses_writes_even_of_root(stack: LiveStack) -> None:
    (member,) = stack.containers("mysql", region="west")
    code, output = member.exec_run(["mysql", "--user=root", "--execute", "CREATE DATABASE forbidden"])
    assert code != 0
    assert b"super-read-only" in output


def test_a_client_that_does_not_know_the_authority_is_refused(stack: LiveStack) -> None:
    strangers = urllib3.PoolManager(retries=False, timeout=10)
    try:
        strangers.request("GET", stack.outputs["url"])
    except urllib3.exceptions.SSLError:
        return
    raise AssertionError("a certificate of an unknown authority was accepted")


def test_http_is_redirected_to_https_on_its_own_port(stack: LiveStack) -> None:
    port = stack.workspace.settings.regions["east"].http_port
    plain = urllib3.PoolManager(retries=False, timeout=10)
    response = plain.request("GET", f"http://localhost:{port}/hello/ada", redirect=False)
    assert (response.status, response.headers["location"]) == (308, f"{stack.outputs['url']}/hello/ada")


def test_the_worked_example_of_the_readme_answers(stack: LiveStack) -> None:
    for region, url in stack.outputs["regions"].items():
        response = stack.request("GET", f"{url}/hello/ada")
        assert (response.status, response.data.decode()) == (200, f"Hello, ada, from {region}\n")


def test_an_unknown_path_gets_json_404_and_an_unknown_host_421(stack: LiveStack) -> None:
    assert stack.request("GET", f"{stack.outputs['url']}/nowhere").json()["code"] == 404
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)
    response = pool.request("GET", f"{stack.outputs['url']}/", headers={"Host": "elsewhere.example"})
    assert (response.status, response.json()["message"]) == (421, "unknown host")


def test_a_second_up_and_a_refresh_change_nothing(stack: LiveStack) -> None:
    assert stack.preview_changes() == ""
    configuration = str(stack.workspace.configuration_file)
    refresh = stack.pulumi_command("refresh", "--yes", "--skip-preview", "--config-file", configuration)
    assert refresh.returncode == 0, refresh.stderr
    assert stack.preview_changes() == ""


def test_every_container_is_hardened(stack: LiveStack) -> None:
    for container in stack.objects.containers():
        host = container.attrs["HostConfig"]
        # What files are put into never runs, and the engine puts none into a root that is read-only.
        assert host["ReadonlyRootfs"] or container.status == "created", container.name
        assert host["CapDrop"] == ["ALL"], container.name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], container.name
        assert 0 < host["Memory"] == host["MemorySwap"], container.name
        assert not host["Privileged"], container.name


def test_no_process_of_the_stack_runs_as_root_but_what_reads_the_engines_logs(stack: LiveStack) -> None:
    for container in stack.objects.containers():
        if container.status != "running" or container.labels["gostack.role"] == "collector":
            continue
        processes = container.top(ps_args="-eo pid,uid,comm")["Processes"]
        assert all(uid != "0" for _, uid, _ in processes), (container.name, processes)


def test_ports_listen_on_the_settings_address_alone(stack: LiveStack) -> None:
    wanted = {(address, str(port)) for address, port in stack.workspace.settings.host_ports().values()}
    ingress = {
        str(port)
        for region in stack.workspace.settings.regions.values()
        for port in (region.https_port, region.http_port)
    }
    wanted |= {(address, port) for address in loopback_hosts(stack.workspace.settings) for port in ingress}
    bound = {
        (binding["HostIp"], binding["HostPort"])
        for container in stack.objects.containers()
        for bindings in (container.attrs["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    }
    assert bound == wanted


def test_consul_knows_every_replica_in_its_own_region(stack: LiveStack) -> None:
    plain = urllib3.PoolManager(retries=False, timeout=10)
    for region, url in stack.outputs["consul"].items():
        passing = plain.request("GET", f"{url}/v1/health/service/users?passing=true").json()
        assert len(passing) == stack.workspace.settings.services["users"].replicas
        assert {instance["Node"]["Datacenter"] for instance in passing} == {region}


def test_the_stack_file_of_the_test_is_the_published_one(stack: LiveStack) -> None:
    published = yaml.safe_load((stack.workspace.project / "tests" / "integration" / "settings.yaml").read_text())
    assert yaml.safe_load(stack.workspace.stack_file.read_text()) == published
