"""An accessory on Docker by itself: its name, its disks, and what a stranger's image may do.

Does not prove that an image runs with so few rights: `tests/integration/cases/test_accessories.py` runs some.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.accessory.args import AccessoryCheck
from components.accessory.docker import Accessory
from components.microservice.metrics import Metrics
from tests.components.alone import NAME, Secret, alone, before, children
from tests.contract.test_instances import REGION
from tests.graph.recorder import Graph

WEST = {**REGION, "region": "west", "network": "west-network"}


@pytest.fixture(scope="module")
def queue() -> Graph:
    return alone(Accessory)


def test_it_is_a_pod_with_a_disk_and_a_registration(queue: Graph) -> None:
    assert children(queue) == {"data", "pod", "program", "registration"}
    assert before(queue, "pod-sandbox", "program")
    assert before(queue, "program", "registration-agent")


def aliases(graph: Graph) -> dict[str, list[str]]:
    networks = graph.resources[f"{NAME}-pod-sandbox"].plain("networksAdvanced")
    return {network["name"]: network.get("aliases") or [] for network in networks}


def test_one_in_each_region_is_known_there_alone_and_the_only_one_everywhere(queue: Graph) -> None:
    assert aliases(queue) == {"east-network": ["queue"], "backbone-network": []}
    only = alone(Accessory, reachable_from=[WEST])
    assert aliases(only) == {"east-network": ["queue"], "backbone-network": ["queue"]}


def test_one_of_several_is_known_to_the_others_by_its_region() -> None:
    graph = alone(Accessory, told=told, peers=[WEST])
    assert aliases(graph) == {"east-network": ["queue.east", "queue"], "backbone-network": ["queue.east"]}
    assert graph.outputs["peers"]["value"] == "queue.west:5672"


def test_its_disk_has_a_fixed_name_and_outlives_the_stack(queue: Graph) -> None:
    disk = queue.resources[f"{NAME}-data"]
    assert disk.plain("name") == "test-queue-data-east"
    assert disk.retain_on_delete is True
    assert {"label": "gostack.data", "value": "queue"} in disk.plain("labels")
    (volume,) = queue.resources[f"{NAME}-program"].plain("volumes")
    assert volume["containerPath"] == "/var/lib/queue"


def test_another_setting_replaces_its_container_delete_first_and_keeps_its_pod(queue: Graph) -> None:
    after = alone(Accessory, kept=queue, environment={"A": "2"})
    assert f"{NAME}-program" in after.changed(queue)
    assert not {f"{NAME}-pod-sandbox", f"{NAME}-data"} & after.changed(queue)
    assert after.resources[f"{NAME}-program"].delete_before_replace is True


def test_an_update_waits_until_another_program_passes_its_check(queue: Graph) -> None:
    agent = queue.resources[f"{NAME}-registration-agent"]
    # It took a value from the program: so it is replaced with it, and counts as created when it is found.
    assert f"{NAME}-program" in agent.property_dependencies["networkMode"]
    assert agent.plain("wait") is True


def registered(graph: Graph) -> dict[str, Any]:
    agent = graph.resources[f"{NAME}-registration-agent"]
    (service,) = json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]
    return service["meta"]


def test_its_metrics_are_found_by_its_registration(queue: Graph) -> None:
    assert registered(queue) == {"region": "east"}
    found = registered(alone(Accessory, metrics=Metrics(port=15692)))
    assert found == {
        "region": "east",
        "instance": "queue-east",
        "metrics_path": "/metrics",
        "metrics_port": "15692",
    }


def test_a_strangers_image_gets_no_more_than_it_asks_for(queue: Graph) -> None:
    plain = queue.resources[f"{NAME}-program"]
    assert plain.plain("readOnly") is True
    assert plain.plain("capabilities")["drops"] == ["ALL"]
    assert not plain.plain("capabilities").get("adds")
    assert plain.plain("securityOpts") == ["no-new-privileges:true"]
    assert set(plain.plain("tmpfs")) == {"/tmp", "/run"}
    assert "user" not in plain.inputs
    asked = alone(Accessory, capabilities=["SETUID", "CHOWN"], user=70).resources[f"{NAME}-program"]
    assert asked.plain("capabilities") == {"adds": ["CAP_CHOWN", "CAP_SETUID"], "drops": ["ALL"]}
    assert asked.plain("user") == "70"


@pytest.mark.parametrize(
    ("check", "asked"),
    [
        (AccessoryCheck(), '"tcp": "address-of-this-pod.invalid:5672"'),
        (AccessoryCheck(protocol="http", path="/up"), '"http": "http://address-of-this-pod.invalid:5672/up"'),
    ],
)
def test_an_image_without_a_shell_is_checked_from_beside(check: AccessoryCheck, asked: str) -> None:
    graph = alone(Accessory, check=check)
    assert "healthcheck" not in graph.resources[f"{NAME}-program"].inputs
    assert asked in graph.resources[f"{NAME}-registration-agent"].environment["AGENT_CONFIGURATION"]


def test_a_command_of_its_own_tells_whether_it_is_well() -> None:
    graph = alone(Accessory, check=AccessoryCheck(protocol="command", command=["pg_isready", "-d", "a b"]))
    (kind, text) = graph.resources[f"{NAME}-program"].plain("healthcheck")["tests"]
    assert kind == "CMD-SHELL"
    assert "pg_isready -d 'a b'" in text
    assert graph.resources[f"{NAME}-program"].plain("wait") is True


def told(made: Any) -> dict[str, Any]:
    return dict(made.values)


def test_services_are_told_where_it_is() -> None:
    graph = alone(Accessory, told=told, more_values={"password": Secret("hidden"), "url": "redis://queue"})
    assert {key: value["value"] for key, value in graph.outputs.items() if key != "password"} == {
        "host": "queue",
        "port": "5672",
        "address": "queue:5672",
        "peers": "",
        "url": "redis://queue",
    }


def test_a_secret_variable_is_secret_and_on_no_command_line() -> None:
    graph = alone(Accessory, secrets={"PASSWORD": Secret("hidden-password")})
    program = graph.resources[f"{NAME}-program"]
    assert program.is_secret("envs")
    assert [name for name, text in graph.in_plain().items() if "hidden-password" in text] == []


def test_other_files_replace_its_container() -> None:
    first = alone(Accessory, given_files={"/run/secrets/KEY": {"content": Secret("hidden")}})
    after = alone(Accessory, kept=first, given_files={"/run/secrets/KEY": {"content": Secret("another")}})
    assert {f"{NAME}-files", f"{NAME}-files-writer"} <= after.changed(first)
    # By the name of the volume, which the engine makes anew.
    assert f"{NAME}-program" in after.made_from({f"{NAME}-files"})
    assert [name for name, text in first.in_plain().items() if "hidden" in text] == []
