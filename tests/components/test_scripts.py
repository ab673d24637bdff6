"""First processes of containers do at their stop signal what the graph counts on.

Programs are stand-ins that write down what they are asked.

Does not prove that Consul deregisters and Nginx finishes requests: the drills do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from components.docker.files import SECRETS
from components.ingress.releases import RELEASES
from components.text import script

# It runs until it is told to stop, and writes down by which signal. No shell: started in the background, a shell cannot
# but ignore SIGQUIT, and Nginx does not.
NGINX = f"""#!{sys.executable}
import os, signal
def say(text):
    with open(os.environ["LOG"], "a") as log:
        log.write(text + chr(10))
def end(name):
    def handler(*_):
        say("nginx ends by " + name)
        os._exit(0)
    return handler
for name in ("TERM", "QUIT", "INT"):
    signal.signal(getattr(signal, "SIG" + name), end(name))
signal.signal(signal.SIGHUP, lambda *_: say("nginx reloads"))
say("nginx begins")
while True:
    signal.pause()
"""
CONSUL = """#!/bin/sh
if [ "$1" = services ]; then echo "consul $2s ${3##*/}" >> "$LOG"; exit 0; fi
if [ "$1" = leave ]; then echo "consul leaves" >> "$LOG"; kill -TERM "$(cat "$LOG.agent")"; exit 0; fi
echo $$ > "$LOG.agent"
trap 'echo "agent ends" >> "$LOG"; exit 0' TERM
echo "agent begins" >> "$LOG"
while :; do /bin/sleep 0.02; done
"""
SAYS = """#!/bin/sh
echo "$(basename $0) $*" >> "$LOG"
/bin/sleep 0.05
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def program(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@contextmanager
def running(text: str, folder: Path, log: Path, begun: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A script that has begun what it stays with; nothing of it is left afterwards."""
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    process = subprocess.Popen(
        ["sh", "-c", text],
        env={**environment, "PATH": path, "LOG": str(log)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (log.exists() and begun in log.read_text()):
            assert process.poll() is None, "the script has ended by itself"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("name", ["consul/consul-agent.sh", "consul/consul-server.sh"])
def test_a_member_of_consul_has_the_gossip_key_of_its_file(tmp_path: Path, log: Path, name: str) -> None:
    program(tmp_path, "consul", CONSUL)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "GOSSIP_CONFIGURATION").write_text('{"encrypt": "key"}')
    text = script("consul/consul-member.sh", name)
    text = text.replace("/tmp/", f"{tmp_path}/").replace(SECRETS, f"{tmp_path}/secrets")
    variables = {"AGENT_CONFIGURATION": "{}", "NODE": "users", "DRAIN_SECONDS": "0", "POD_ADDRESS": "10.0.0.1"}
    with running(text, tmp_path, log, "agent begins", **variables) as process:
        written = tmp_path / "consul" / "gossip.json"
        assert written.read_text() == '{"encrypt": "key"}'
        assert written.stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_an_agent_deregisters_first_and_then_waits_until_requests_have_arrived(
    tmp_path: Path, log: Path, asked: signal.Signals
) -> None:
    program(tmp_path, "consul", CONSUL)
    program(tmp_path, "sleep", SAYS)
    text = script("consul/consul-member.sh", "consul/consul-agent.sh").replace("/tmp/", f"{tmp_path}/")
    variables = {
        "AGENT_CONFIGURATION": "{}",
        "GOSSIP_CONFIGURATION": "{}",
        "NODE": "users",
        "DRAIN_SECONDS": "7",
        "POD_ADDRESS": "10.0.0.1",
    }
    with running(text, tmp_path, log, "agent begins", **variables) as process:
        process.send_signal(asked)
        assert process.wait(60) == 0
    lines = log.read_text().splitlines()
    told = ["agent begins", "consul deregisters agent.json", "sleep 7", "consul leaves", "agent ends"]
    assert [line for line in lines if line in told] == told


@pytest.mark.parametrize("asked", [signal.SIGQUIT, signal.SIGTERM])
def test_nginx_is_asked_to_finish_its_requests_whatever_the_stop_signal_is(
    tmp_path: Path, log: Path, asked: signal.Signals
) -> None:
    program(tmp_path, "nginx", NGINX)
    release = tmp_path / "releases" / "one"
    release.mkdir(parents=True)
    (release / "nginx.conf").touch()
    (tmp_path / "current").symlink_to("releases/one")
    text = script("ingress/ingress.sh").replace(RELEASES, str(tmp_path)).replace("/tmp/ready", f"{tmp_path}/ready")
    with running(text, tmp_path, log, "nginx begins") as process:
        process.send_signal(asked)
        process.wait(60)
    assert log.read_text().splitlines() == ["nginx begins", "nginx ends by QUIT"]


def test_nginx_reads_a_release_that_becomes_current_and_is_not_replaced(tmp_path: Path, log: Path) -> None:
    program(tmp_path, "nginx", NGINX)
    for name in ("one", "two"):
        (tmp_path / "releases" / name).mkdir(parents=True)
        (tmp_path / "releases" / name / "nginx.conf").touch()
    (tmp_path / "current").symlink_to("releases/one")
    text = script("ingress/ingress.sh").replace(RELEASES, str(tmp_path)).replace("/tmp/ready", f"{tmp_path}/ready")
    with running(text, tmp_path, log, "nginx begins") as process:
        (tmp_path / "next").symlink_to("releases/two")
        (tmp_path / "next").rename(tmp_path / "current")
        while "nginx reloads" not in log.read_text():
            assert process.poll() is None
    assert log.read_text().splitlines()[:2] == ["nginx begins", "nginx reloads"]
