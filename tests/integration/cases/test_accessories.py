"""Accessories: Valkey under one name from two regions, and any image with a port and a disk that keeps its data.

The probe sends what it is told over TCP and tells what came back. Does not prove an image that starts as root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import urllib3
import yaml
from docker.models.containers import Container

from components.accessory import valkey
from tests.integration.cases.support import CasesStack, wait_until
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle

PORT = 6390
DISK = "gostack-cases-store-data-east"


def store(image: str, **changes: Any) -> dict[str, Any]:
    """Valkey as if it were any image: a program, a port, a disk."""
    return {
        "image": image,
        "port": PORT,
        "command": ["valkey-server"],
        "args": ["--port", str(PORT), "--dir", "/data", "--appendonly", "yes", "--protected-mode", "no"],
        "volumes": {"data": {"path": "/data"}},
        "user": 999,
        **changes,
    }


@dataclass(frozen=True)
class Accessories:
    """The stack with a cache, and what is asked of it."""

    stack: CasesStack

    def change(self, accessories: dict[str, Any]) -> None:
        """Write these accessories into the stack file, and bring them up."""
        file = self.stack.workspace.stack_file
        document = yaml.safe_load(file.read_text())
        document["config"]["gostack:accessories"] = accessories
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        assert lifecycle.up(self.stack.workspace) == 0

    def sent(self, address: str, *commands: str, region: str = "east") -> urllib3.BaseHTTPResponse:
        """What comes back when the probe of a region sends commands of the protocol of Redis."""
        text = "".join(f"{command}\r\n" for command in commands)
        return self.stack.ask(f"/p/tcp?address={address}&send={quote(text, safe='')}", region=region)

    def said(self, address: str, *commands: str, region: str = "east") -> list[str]:
        """What an accessory answers to them."""
        response = self.sent(address, *commands, region=region)
        assert response.status == 200, response.data
        return response.data.decode().split("\r\n")[:-1]

    def program(self, accessory: str) -> Container:
        """The container of an accessory."""
        (found,) = self.stack.containers("accessory", service=accessory)
        return found

    def password(self, accessory: str) -> str:
        """The password that was made for it."""
        result = self.program(accessory).exec_run(["sh", "-c", valkey.PASSWORD])
        assert result.exit_code == 0, result.output
        assert isinstance(result.output, bytes)
        return result.output.decode().strip()

    @property
    def image(self) -> str:
        """The image of Valkey that the stack runs."""
        return str(self.stack.outputs["images"]["valkey"]["reference"])


CACHE: dict[str, Any] = {"cache": {"kind": "valkey"}}


@pytest.fixture(scope="module")
def accessories(stack: CasesStack) -> Iterator[Accessories]:
    before = stack.workspace.stack_file.read_text()
    document = yaml.safe_load(before)
    document["config"]["gostack:accessories"] = CACHE
    stack.workspace.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        ensure_stack_images(stack.workspace.project, stack.workspace.settings, Progress())
        assert lifecycle.up(stack.workspace) == 0
        yield Accessories(stack)
    finally:
        stack.workspace.stack_file.write_text(before)
        assert lifecycle.up(stack.workspace) == 0


@pytest.mark.parametrize("region", ["east", "west"])
def test_a_cache_is_reached_under_one_name_from_every_region(accessories: Accessories, region: str) -> None:
    login = f"AUTH {accessories.password('cache')}"
    key = f"from-{region}"
    assert accessories.said("cache:6379", login, f"SET {key} 1", region=region) == ["+OK", "+OK"]
    # It is one cache, whoever asks.
    for other in ("east", "west"):
        assert accessories.said("cache:6379", login, f"GET {key}", region=other) == ["+OK", "$1", "1"]


def test_nobody_uses_the_cache_without_its_password(accessories: Accessories) -> None:
    (answer,) = accessories.said("cache:6379", "PING")
    assert answer.startswith("-NOAUTH")
    program = accessories.program("cache")
    assert accessories.password("cache") not in f"{program.attrs}{program.top()}{program.logs()}"


def test_the_cache_has_the_limit_that_its_settings_say(accessories: Accessories) -> None:
    login = f"AUTH {accessories.password('cache')}"
    assert accessories.said("cache:6379", login, "CONFIG GET maxmemory")[-1] == str(96 * 1024 * 1024)
    assert accessories.said("cache:6379", login, "CONFIG GET maxmemory-policy")[-1] == "allkeys-lru"


def test_any_image_keeps_its_data_over_a_changed_setting_and_over_its_removal(accessories: Accessories) -> None:
    address = f"store:{PORT}"
    try:
        accessories.change({**CACHE, "store": store(accessories.image)})
        assert accessories.said(address, "SET kept 1", region="west") == ["+OK"]
        first = accessories.program("store").id
        accessories.change({**CACHE, "store": store(accessories.image, environment={"CHANGED": "true"})})
        assert accessories.program("store").id != first
        # Registered anew, and healthy, when `up` has ended.
        assert accessories.stack.passing("store", "east") == 1
        assert accessories.said(address, "GET kept") == ["$1", "1"]
        assert accessories.stack.preview_changes() == ""
        accessories.change(CACHE)
        assert accessories.stack.ask("/p/lookup?name=store").data.decode().startswith("[] ")
        accessories.change({**CACHE, "store": store(accessories.image)})
        assert accessories.said(address, "GET kept") == ["$1", "1"]
    finally:
        accessories.change(CACHE)
        accessories.stack.objects.client.volumes.get(DISK).remove()


def test_any_image_finds_its_secrets_in_files_and_where_it_asks_in_variables(
    accessories: Accessories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "pl@nted 'value'"
    # As `export` before the command would.
    monkeypatch.setitem(accessories.stack.workspace.variables, "STORE_KEY", secret)
    (tmp_path / "keys.yaml").write_text("other: more\n")
    given = {
        "secrets": {"KEY": "ref+env://STORE_KEY", "OTHER": f"ref+file://{tmp_path}/keys.yaml#other"},
        "environment": {"KEY": "${secret.KEY}", "WHERE": "${region}"},
    }
    try:
        accessories.change({**CACHE, "store": store(accessories.image, **given)})
        program = accessories.program("store")
        result = program.exec_run(["sh", "-c", 'cat /run/secrets/KEY; echo "|$KEY|$WHERE"; cat /run/secrets/OTHER'])
        assert isinstance(result.output, bytes)
        assert result.output.decode() == f"{secret}|{secret}|east\nmore"
        assert "more" not in str(program.attrs["Config"]["Env"])
        assert accessories.stack.preview_changes() == ""
    finally:
        accessories.change(CACHE)
        accessories.stack.objects.client.volumes.get(DISK).remove()


def test_a_cache_that_died_is_back_by_itself(accessories: Accessories) -> None:
    cache = accessories.program("cache")
    accessories.stack.kill_process(int(cache.attrs["State"]["Pid"]))
    login = f"AUTH {accessories.password('cache')}"

    def answers() -> bool:
        response = accessories.sent("cache:6379", login)
        return response.status == 200 and response.data.startswith(b"+OK")

    wait_until(answers, 60, "the cache answers again")
