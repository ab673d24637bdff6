"""The local server that stands for Aurora, when a rehearsal names one.

`GOSTACK_RDS_SERVER` is a command. It is run once for each cluster that is made with an administrator, and reads from
its standard input a JSON object with `identifier`, `username` and `password`; what it prints is the host on which a
server knows that account. A cluster that is a copy of another one has no administrator of its own, and no server.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any

from tools.offline.providers.plugin.provider import ProviderError

VARIABLE = "GOSTACK_RDS_SERVER"
SECONDS = 120.0
_CLUSTER = "aws:rds/cluster:Cluster"


def endpoints(token: str, identifier: str, inputs: dict[str, Any]) -> dict[str, str]:
    """The addresses of a new cluster; none when it is none, or no rehearsal names a server.

    Raises `ProviderError` when the command fails, with what it said.
    """
    command = os.environ.get(VARIABLE)
    if not command or token != _CLUSTER or not inputs.get("masterPassword"):
        return {}
    asked = {"identifier": identifier, "username": inputs["masterUsername"], "password": inputs["masterPassword"]}
    try:
        done = subprocess.run(
            shlex.split(command), input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProviderError(f"{VARIABLE}: {type(error).__name__} from {shlex.split(command)[0]}") from None
    host = done.stdout.strip()
    if done.returncode != 0 or not host:
        raise ProviderError(f"{VARIABLE} gave no server for {identifier}: {done.stderr.strip()}")
    return {"endpoint": host, "readerEndpoint": host}
