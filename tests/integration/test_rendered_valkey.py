"""The real Valkey starts with what the program renders, as the user and with the rights that its container has.

Does not prove what a full cache does to its clients; needs an engine with an image of Valkey: without one it
is skipped.
"""

from __future__ import annotations

import subprocess

import pytest

from components.accessory import valkey
from components.accessory.args import EvictionPolicy
from tests.support.images import image_or_skip

ASK = """\
printf '%s\n' "$CONFIGURATION" > /tmp/valkey.conf
valkey-server /tmp/valkey.conf &
for attempt in $(seq 50); do
  if REDISCLI_AUTH="$PASSWORD" valkey-cli ping | grep -qx PONG; then break; fi
  sleep 0.2
done
valkey-cli ping
REDISCLI_AUTH="$PASSWORD" valkey-cli config get maxmemory-policy
REDISCLI_AUTH="$PASSWORD" valkey-cli config get appendonly
REDISCLI_AUTH="$PASSWORD" valkey-cli set key value
"""


@pytest.fixture(scope="module")
def image() -> str:
    return image_or_skip("valkey")


@pytest.mark.parametrize(("persistence", "policy"), [(False, "allkeys-lru"), (True, "noeviction")])
def test_it_starts_with_its_password_its_policy_and_its_folder(
    image: str, persistence: bool, policy: EvictionPolicy
) -> None:
    text = valkey.settings(memory_mib=64, persistence=persistence, policy=policy)
    variables = {"CONFIGURATION": f"{text}requirepass a-password", "PASSWORD": "a-password"}
    options = ["--rm", "--network", "none", "--user", str(valkey.USER), "--read-only", "--cap-drop", "ALL"]
    options += ["--tmpfs", "/tmp:mode=1777", "--volume", valkey.FOLDER]
    for name, value in variables.items():
        options += ["--env", f"{name}={value}"]
    result = subprocess.run(
        ["docker", "run", *options, "--entrypoint", "/bin/sh", image, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    told = [line for line in result.stdout.splitlines() if line and " * " not in line and " # " not in line]
    assert "NOAUTH Authentication required." in result.stdout + result.stderr
    assert told[-5:] == ["maxmemory-policy", policy, "appendonly", "yes" if persistence else "no", "OK"]
