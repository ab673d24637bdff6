"""The example services, as their READMEs say that they are run: in two regions, beside each other, with one update.

They know nothing of this stack. Does not prove what they do while the primary moves: test_15_primary_address.py does
so for `notes`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import grpc
import pytest

from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up
from tests.integration.cases.client import Client
from tests.integration.cases.support import HOST, CasesStack, wait_until
from tests.support.examples import written_examples
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.gostack.secrets import command
from tools.offline.toolchain.go_build import build_binary

JSON = {"Content-Type": "application/json"}


def document() -> dict[str, Any]:
    """The stack: what the READMEs say, small, and with a night that comes every minute."""
    examples = written_examples()
    services = examples["gostack:services"]
    for name, values in services.items():
        # Two of those that migrate at their start, at once.
        values.update(replicas=2 if name == "notes" else 1, memory_mib=64)
    services["tickets"]["schedules"]["nightly"]["cron"] = "* * * * *"
    examples["gostack:accessories"]["cache"]["memory_mib"] = 32
    return {
        "config": {
            "gostack:platform": "docker",
            "gostack:backbone": {"cidr": "10.92.0.0/24"},
            "gostack:regions": {
                "east": {"cidr": "10.92.1.0/24", "https_port": 28443, "http_port": 28080, "consul_port": 28500},
                "west": {"cidr": "10.92.2.0/24", "https_port": 29443, "http_port": 29080, "consul_port": 29500},
            },
            "gostack:consul": {"servers": 1},
            "gostack:mysql": {"primary": "east", "topology": "single"},
            "gostack:telemetry": {"enabled": False},
            **examples,
        }
    }


@dataclass(frozen=True)
class ExamplesStack(CasesStack):
    """The stack with the examples."""

    @classmethod
    def of(cls, project: Path, settings: Path, stack: str = "integration") -> Self:
        live = super().of(project, settings, stack)
        # Before the first update, so that one is enough.
        command.write(live.workspace, "notes", {"JWT_KEY": secrets.token_hex(32)})
        ensure_stack_images(project, live.workspace.settings, Progress())
        return live

    def post(self, path: str, body: dict[str, str], **headers: str) -> Any:
        """What a service of the east answers to a JSON document, as its status and what it holds."""
        response = self.ask(path, method="POST", body=json.dumps(body).encode(), headers={**JSON, **headers})
        return response.status, json.loads(response.data) if response.data else None


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExamplesStack]:
    file = tmp_path_factory.mktemp("examples") / "Pulumi.yaml"
    file.write_text(written(document()), encoding="utf-8")
    yield from brought_up("examples", file, tmp_path_factory, ExamplesStack)


def test_a_note_written_in_one_region_is_read_in_the_other_with_the_same_login(stack: ExamplesStack) -> None:
    ada = {"name": "ada", "password": "correct horse"}
    assert stack.post("/signup", ada) == (201, None)
    assert stack.post("/signup", ada)[0] == 409
    assert stack.post("/login", {**ada, "password": "wrong horse"})[0] == 401
    status, login = stack.post("/login", ada)
    assert status == 200
    authorization = {"Authorization": f"Bearer {login['token']}"}
    assert stack.post("/notes", {"text": "buy milk"}, **authorization)[0] == 201
    notes = stack.ask("/notes", headers=authorization, region="west")
    assert (notes.status, [note["text"] for note in notes.json()]) == (200, ["buy milk"])
    assert stack.ask("/notes", region="west").status == 401


@pytest.mark.parametrize("region", ["east", "west"])
def test_the_greeting_is_that_of_the_configuration_file(stack: ExamplesStack, region: str) -> None:
    assert stack.ask("/greeting", region=region).json() == {"greeting": f"Hello from {region}"}


def test_a_ticket_of_rest_is_triaged_by_the_worker_and_read_by_grpc(stack: ExamplesStack) -> None:
    status, ticket = stack.post("/tickets", {"title": "The shop is down"})
    assert status == 201

    def triaged() -> bool:
        return stack.ask(f"/tickets/{ticket['id']}", region="west").json().get("priority") == "high"

    wait_until(triaged, 60, "the worker has triaged the ticket")
    authority = grpc.ssl_channel_credentials(root_certificates=stack.authority.read_bytes())
    direct = [("grpc.enable_http_proxy", 0)]
    with grpc.secure_channel(f"{HOST}:{stack.port('east')}", authority, options=direct) as channel:
        # In bytes, for want of generated code: the number of the field `id`, and it.
        answer = channel.unary_unary("/tickets.v1.Tickets/Get")(bytes([0x08, ticket["id"]]), timeout=10)
    assert b"The shop is down" in answer
    assert b"high" in answer


def test_the_worker_has_no_schema_of_its_own(stack: ExamplesStack) -> None:
    assert stack.rows("east", "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE '%worker%'") == [
        "0"
    ]
    assert stack.rows("east", "SELECT COUNT(*) FROM mysql.user WHERE user LIKE '%worker%'") == ["0"]


def reports(stack: ExamplesStack) -> int:
    (found,) = stack.rows("east", "SELECT COUNT(*) FROM tickets.reports")
    return int(found)


def test_a_report_is_made_when_it_is_due(stack: ExamplesStack) -> None:
    wait_until(lambda: reports(stack) > 0, 100, "there is a report")


def test_reports_are_made_once_each_though_the_region_that_decided_is_lost(stack: ExamplesStack) -> None:
    lost = [one for role in ("scheduler", "consul-server") for one in stack.containers(role, region="east")]
    assert len(lost) == 2
    began, before = time.monotonic(), reports(stack)
    for container in lost:
        container.kill()
    wait_until(lambda: reports(stack) >= before + 2, 240, "the other region has made two more")
    assert lifecycle.up(stack.workspace) == 0
    after = reports(stack)
    wait_until(lambda: reports(stack) > after + 1, 160, "and so they go on")
    # As many as minutes have begun, and the one that was due when this did: not one of each region.
    assert reports(stack) - before <= (time.monotonic() - began) // 60 + 2


def test_what_is_said_in_one_region_is_heard_in_the_other(stack: ExamplesStack) -> None:
    program = build_binary(PROJECT / "tests" / "probe", "./client", "probe-client", lane="tests")
    clients: list[Client] = []

    def enter(region: str, name: str, *flags: str) -> Client:
        url = f"{stack.url(region)}/chat?name={name}"
        clients.append(Client([str(program), "talk", "-url", url, "-ca", str(stack.authority), *flags]))
        clients[-1].wait_for("open")
        return clients[-1]

    try:
        listener = enter("west", "grace")
        speaker = enter("east", "ada", "-say", "Moin")
        for client in (listener, speaker):
            client.result()
            assert [json.loads(one["text"]) for one in client.told("heard")] == [{"from": "ada", "text": "Moin"}]
    finally:
        for client in clients:
            client.kill()


def test_a_second_update_would_change_nothing(stack: ExamplesStack) -> None:
    assert stack.preview_changes() == ""
