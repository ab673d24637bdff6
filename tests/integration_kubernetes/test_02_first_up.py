"""A stack that `up` brought up does its work: verified TLS, through Nginx and Consul to the service and MySQL.

Does not prove that it survives anything: see the modules after this one, which run in their order on the same stack.
"""

from __future__ import annotations

import subprocess
import time

import urllib3

from tests.integration_kubernetes.support import ClusterStack, tell
from tools.gostack.lifecycle.report import summary


def test_a_user_created_over_verified_tls_is_read_back(stack: ClusterStack) -> None:
    user = stack.create_user()
    response = stack.request("GET", f"/api/v1/users/{user['id']}")
    assert (response.status, response.json()["data"]["email"]) == (200, user["email"])


def test_the_curl_that_up_prints_works(stack: ClusterStack) -> None:
    lines = [line.strip() for line in summary(stack.workspace, stack.outputs).splitlines()]
    first = next(index for index, line in enumerate(lines) if line.startswith("curl "))
    command = f"{lines[first].removesuffix(chr(92))} {lines[first + 1]}"
    done = subprocess.run(
        ["sh", "-c", f"{command} --silent --show-error --fail-with-body"],
        cwd=stack.workspace.project,
        capture_output=True,
        text=True,
        check=False,
    )
    # A second run finds the user that the first one made.
    assert done.returncode == 0 or '"code":409' in done.stdout, done.stdout + done.stderr


def test_a_client_that_does_not_know_the_authority_is_refused(stack: ClusterStack) -> None:
    host, port = stack.address
    strangers = urllib3.HTTPSConnectionPool(host, port, server_hostname="localhost", retries=False, timeout=10)
    try:
        strangers.request("GET", "/")
    except urllib3.exceptions.SSLError:
        return
    raise AssertionError("a certificate of an unknown authority was accepted")


def test_a_second_up_changes_nothing(stack: ClusterStack) -> None:
    began = time.monotonic()
    assert stack.preview_changes() == ""
    tell(f"no-change preview: {time.monotonic() - began:.1f} s")
    configuration = str(stack.workspace.configuration_file)
    refresh = stack.pulumi_command("refresh", "--yes", "--skip-preview", "--config-file", configuration)
    assert refresh.returncode == 0, refresh.stdout + refresh.stderr
    assert stack.preview_changes() == ""


def test_every_part_is_there_and_ready(stack: ClusterStack) -> None:
    for role, count in {"application": 2, "nginx": 2, "consul-server": 3, "mysql": 2}.items():
        stack.wait_for(role, count)


def test_no_container_has_restarted(stack: ClusterStack) -> None:
    restarts = {
        f"{pod['metadata']['name']}/{container['name']}": container["restartCount"]
        for role in ("application", "nginx", "consul-server", "mysql")
        for pod in stack.pods(role)
        for container in pod["status"]["containerStatuses"]
    }
    assert {name: count for name, count in restarts.items() if count} == {}


def test_pods_of_a_part_are_on_different_nodes(stack: ClusterStack) -> None:
    nodes = len(stack.api.items("/api/v1/nodes"))
    for role in ("application", "nginx", "consul-server"):
        used = {pod["spec"]["nodeName"] for pod in stack.pods(role)}
        assert len(used) == min(nodes, len(stack.pods(role))), role
