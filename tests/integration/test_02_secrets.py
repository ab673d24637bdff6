"""No generated secret is readable where it should not be: state, logs, images, process arguments, `docker inspect`.

Does not prove that a service hides the password of its schema, which it is given in a variable.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.integration.support import LiveStack
from tools.gostack.lifecycle.objects import role


@pytest.fixture(scope="module")
def secrets(stack: LiveStack) -> dict[str, str]:
    """Every generated secret, by the name of the resource that keeps it."""
    exported = stack.pulumi_command("stack", "export", "--show-secrets")
    found: dict[str, str] = {}
    for resource in json.loads(exported.stdout)["deployment"]["resources"]:
        if resource["type"] != "pulumi:index:Stash":
            continue
        name = resource["urn"].split("::")[-1]
        value: Any = resource["outputs"]["output"]
        if isinstance(value, dict):
            value = json.loads(value["plaintext"])
        if isinstance(value, str) and value.startswith("{"):
            # A key's own line: the frame around it stands in many places.
            value = json.loads(value)["private_key"].splitlines()[1]
        if isinstance(value, str):
            found[name] = value
    return found


def forms(secret: str) -> set[str]:
    """The secret as it could be written down."""
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        secret.encode().hex(),
    }


def readable(secrets: dict[str, str], text: str) -> list[str]:
    return [name for name, secret in secrets.items() if any(form in text for form in forms(secret))]


def test_all_kinds_of_secrets_are_looked_for(secrets: dict[str, str]) -> None:
    assert set(secrets) == {
        "authority-key-pair",
        "gossip-key-value",
        "ingress-certificate-key-pair",
        "mysql-east-certificate-key-pair",
        "mysql-monitoring-password-value",
        "mysql-replication-password-value",
        "mysql-west-certificate-key-pair",
        "users-database-application-password-value",
        "users-database-migration-password-value",
    }
    assert min(len(secret) for secret in secrets.values()) >= 32


def test_the_exported_state_holds_none(stack: LiveStack, secrets: dict[str, str]) -> None:
    assert readable(secrets, stack.pulumi_command("stack", "export").stdout) == []


def test_the_state_files_hold_none(stack: LiveStack, secrets: dict[str, str]) -> None:
    folder = stack.workspace.backend_folder
    if folder is None:
        pytest.skip("the state is not kept in files of this machine")
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert [
        (file.name, found) for file in files if (found := readable(secrets, file.read_text(errors="replace")))
    ] == []


def test_logs_of_containers_hold_none(stack: LiveStack, secrets: dict[str, str]) -> None:
    for container in stack.objects.containers():
        assert readable(secrets, container.logs().decode(errors="replace")) == [], container.name


def test_images_hold_none(stack: LiveStack, secrets: dict[str, str]) -> None:
    for image in stack.objects.images():
        assert readable(secrets, json.dumps([image.attrs, image.history()])) == [], image.tags


def test_process_arguments_hold_none(secrets: dict[str, str]) -> None:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        assert readable(secrets, arguments) == [], file


def test_docker_inspect_shows_none_of_any_container_running_or_not(stack: LiveStack, secrets: dict[str, str]) -> None:
    containers = stack.objects.containers()
    # Jobs that have ended and what has filled volumes are shown, too.
    assert {container.status for container in containers} >= {"running", "exited", "created"}
    found: dict[str, list[str]] = {}
    for container in containers:
        attributes = stack.objects.client.api.inspect_container(str(container.id))
        if container.labels.get("gostack.service") == "users" and role(container) in ("application", "job"):
            variables = attributes["Config"]["Env"]
            # The documented way of a service and of its migrations to the schema.
            attributes["Config"]["Env"] = [one for one in variables if not one.startswith("MYSQL_PASSWORD=")]
        if leaks := readable(secrets, json.dumps(attributes)):
            found[str(container.name)] = leaks
    assert found == {}


def test_docker_inspect_shows_none_of_any_volume_or_network(stack: LiveStack, secrets: dict[str, str]) -> None:
    for item in [*stack.objects.volumes(), *stack.objects.networks()]:
        assert readable(secrets, json.dumps(item.attrs)) == [], item.name


def test_the_search_finds_the_secret_that_a_service_is_given(stack: LiveStack, secrets: dict[str, str]) -> None:
    applications = [one for one in stack.objects.containers() if role(one) == "application"]
    found = {name for one in applications for name in readable(secrets, json.dumps(one.attrs))}
    assert found == {"users-database-application-password-value"}


def test_a_preview_of_a_rotation_shows_none(stack: LiveStack, secrets: dict[str, str], tmp_path: Path) -> None:
    document = yaml.safe_load(stack.workspace.configuration_file.read_text())
    document["config"]["gostack:rotation"] = {"passwords": 2, "gossip_key": 2, "certificates": 2, "authority": 2}
    changed = tmp_path / "Pulumi.integration.yaml"
    changed.write_text(yaml.safe_dump(document))
    shown = stack.pulumi_command("preview", "--diff", "--config-file", str(changed))
    assert shown.returncode == 0, shown.stderr
    assert "[secret]" in shown.stdout
    assert readable(secrets, shown.stdout + shown.stderr) == []
