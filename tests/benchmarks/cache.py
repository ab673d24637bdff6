"""`make bench CACHE=1`: how many users a second are read with the cache of the sample service and without it.

Through the ingress, which is most of the work then, and from the replicas of a region themselves.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from tests.benchmarks import pairs
from tests.support.cached_service import CACHED, valkey_in
from tools.gostack.lifecycle.instances import registered_replicas
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import PulumiError, Workspace

_SERVICE = "users"
_USERS = 100


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack and print a table for each way to the service; return the exit code."""
    return pairs.run(workspace, rounds, _change, _measure)


def _change(config: dict[str, Any], enabled: bool) -> None:
    config["gostack:telemetry"] = {"enabled": False}
    if enabled:
        users = config["gostack:services"][_SERVICE]
        more = {key: {**users.get(key, {}), **value} for key, value in CACHED.items()}
        config["gostack:services"] = {**config["gostack:services"], _SERVICE: {**users, **more}}
        config["gostack:accessories"] = {
            **config.get("gostack:accessories", {}),
            **valkey_in(config["gostack:regions"]),
        }


def _measure(workspace: Workspace) -> Mapping[str, float]:
    outputs = workspace.outputs()
    authority = write_authority(workspace, outputs)
    url = str(outputs["services"][_SERVICE]["url"])
    paths = _users(authority, url)
    region, consul = next(iter(outputs["consul"].items()))
    port = workspace.settings.services[_SERVICE].port
    replicas = [
        f"http://{one.address}:{port}" for one in registered_replicas([_SERVICE], region, str(consul)) if one.passing
    ]
    return {
        "users, through the ingress": pairs.load(authority, [f"{url}/{user}" for user in paths]),
        "users, from the replicas themselves": pairs.load(
            authority, [f"{replica}{urlsplit(url).path}/{user}" for user in paths for replica in replicas]
        ),
    }


def _users(authority: Path, url: str) -> Sequence[str]:
    pool = urllib3.PoolManager(ca_certs=str(authority), retries=False, timeout=10)
    made = [
        pool.request("POST", url, json={"name": "Ada", "email": f"{uuid.uuid4()}@example.com"}) for _ in range(_USERS)
    ]
    if any(answer.status != 201 for answer in made):
        raise PulumiError(f"users were answered with {sorted({answer.status for answer in made})}")
    return [str(answer.json()["data"]["id"]) for answer in made]
