"""The document of a service: what the settings accept, and what its container does to Consul's key.

Does not prove that Consul's own command behaves like the program that stands in for it here, nor that services follow
the key: the integration tests do.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.consul.configuration import dynamic_configuration_key
from components.text import script
from infra.settings import Settings, SettingsError, parse_settings
from tests.support.settings import PROJECT, published


def settings_with(document: Any) -> Settings:
    values = published()
    values["services"]["users"]["settings"] = document
    return parse_settings(values)


def test_a_document_is_the_same_text_in_whatever_order_it_was_written() -> None:
    one = settings_with({"b": 1.5, "a": {"y": True, "x": "ä"}}).services["users"].document()
    other = settings_with({"a": {"x": "ä", "y": True}, "b": 1.5}).services["users"].document()
    assert one == other == '{"a": {"x": "ä", "y": true}, "b": 1.5}'


def test_an_empty_document_is_none() -> None:
    assert settings_with({}).services["users"].document() is None


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"a": float("nan")}, "it cannot be written as JSON"),
        ({"a": date(2030, 1, 1)}, "it cannot be written as JSON"),
        ({"a": "x" * 70_000}, "bytes as JSON: use at most 65536."),
        ([1], "input should be a valid dictionary"),
    ],
    ids=["not a number", "a date", "too long", "a list"],
)
def test_what_is_no_json_mapping_is_refused_by_its_key(document: Any, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_with(document)
    assert str(caught.value).startswith("gostack:services.users.settings: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_sample_service_looks_under_the_key_that_is_written() -> None:
    source = (PROJECT / "services" / "users" / "internal" / "configuration" / "configuration.go").read_text()
    assert '"services/" + identity.Service + "/settings"' in source
    assert dynamic_configuration_key("users") == "services/users/settings"


CONSUL = """\
#!/bin/sh
# One key: the files value, flags and index, as Consul's command shows them.
cd "$STORE"
case "$1 $2" in
  "kv put") cp "${5#@}" value; echo "${3#-flags=}" > flags; echo $(($(cat index) + 1)) > next
    mv next index ;;
  "kv get") test -e value || exit 1
    printf 'CreateIndex      1\\nFlags            %s\\nKey              %s\\n' "$(cat flags)" "$4"
    printf 'ModifyIndex      %s\\nSession          -\\nValue            %s\\n' "$(cat index)" "$(cat value)" ;;
  "kv delete") test "${4#-modify-index=}" = "$(cat index)" && rm value ;;
  "leave "*) touch "left-$NODE" ;;
  *) while ! test -e "left-$NODE"; do sleep 0.02; done ;;
esac
"""


class Key:
    """A key of Consul, and containers that keep a document under it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "store"
        self.store.mkdir()
        (self.store / "index").write_text("1\n")
        self.started: list[subprocess.Popen[str]] = []
        self.programs = root / "programs"
        self.programs.mkdir()
        double = self.programs / "consul"
        double.write_text(CONSUL)
        double.chmod(stat.S_IRWXU)

    @property
    def value(self) -> str | None:
        file = self.store / "value"
        return file.read_text() if file.exists() else None

    def write_by_hand(self, text: str) -> None:
        (self.store / "value").write_text(text)
        (self.store / "flags").write_text("0\n")
        (self.store / "index").write_text(f"{self.index + 1}\n")

    @property
    def index(self) -> int:
        return int((self.store / "index").read_text())

    def start(self, name: str, document: str) -> subprocess.Popen[str]:
        folder = self.root / name
        folder.mkdir()
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                script("consul/consul-member.sh", "runtime_config/dynamic-configuration.sh").replace(
                    "/tmp/", f"{folder}/"
                ),
            ],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "STORE": str(self.store),
                "AGENT_CONFIGURATION": "{}",
                "GOSSIP_CONFIGURATION": "{}",
                "NODE": name,
                "KEY": "services/users/settings",
                "DOCUMENT": document,
            },
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell cannot hear a signal that was ignored when it started, as under nohup.
            preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),
        )
        self.started.append(process)
        assert process.stderr is not None
        # It says so when the key is written and it listens to its signals.
        assert process.stderr.readline() == "dynamic configuration: services/users/settings is written\n"
        return process

    def stop(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0

    def end(self) -> None:
        """End whatever still runs, with its children, also after a test that failed."""
        for process in self.started:
            # The group outlives the shell that it is named after.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def key(tmp_path: Path) -> Iterator[Key]:
    made = Key(tmp_path)
    yield made
    made.end()


def test_the_document_is_there_while_its_container_is(key: Key) -> None:
    document = json.dumps({"name": "ä $(no) 'command'"}, ensure_ascii=False)
    process = key.start("one", document)
    assert key.value == document
    key.stop(process)
    assert key.value is None


def test_an_old_container_leaves_what_its_successor_wrote_even_when_it_is_the_same(key: Key) -> None:
    for number, document in enumerate(("{}", '{"a": 1}')):
        old = key.start(f"old-{number}", "{}")
        new = key.start(f"new-{number}", document)
        key.stop(old)
        assert key.value == document
        key.stop(new)
        assert key.value is None


def test_what_somebody_wrote_by_hand_stays_until_the_document_is_asked_for_again(key: Key) -> None:
    process = key.start("one", "{}")
    key.write_by_hand("poison")
    time.sleep(0.2)
    assert key.value == "poison"
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: key.value == "{}")
    key.stop(process)


def test_a_key_that_was_changed_by_hand_goes_with_the_document(key: Key) -> None:
    process = key.start("one", "{}")
    key.write_by_hand("poison")
    key.stop(process)
    assert key.value is None
