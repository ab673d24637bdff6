"""Faults that a test asks for: AWS throttles, refuses to make something, or takes its time.

`GOSTACK_AWS_FAULTS` names a file with a list such as

    [{"type": "aws:eks/*", "name": "*", "operation": "create", "fault": "throttle", "times": 2},
     {"type": "aws:rds/cluster:Cluster", "fault": "fail", "message": "InsufficientCapacity", "times": 1},
     {"type": "*", "name": "zone*", "fault": "slow", "seconds": 3}]

How often each has struck is kept beside it, in `<file>.struck`: the next update may succeed.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tools.offline.providers.plugin.provider import ProviderError, Resource

VARIABLE = "GOSTACK_AWS_FAULTS"
# How often the real provider tries again, and what it says in the end.
_ATTEMPTS = 25
_SECONDS_BETWEEN_ATTEMPTS = 0.05


def strike(operation: str, resource: Resource, over: threading.Event, tell: Callable[[str], None]) -> None:
    """Have the faults for this operation happen. Raises `ProviderError` for one that ends it."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    for index, fault in enumerate(json.loads(Path(path).read_text())):
        if not _is_meant(fault, operation, resource):
            continue
        match fault["fault"]:
            case "slow":
                over.wait(float(fault["seconds"]))
            case "throttle":
                _throttle(Path(path), index, fault, resource, tell, over)
            case "fail":
                if _strikes(Path(path), index, int(fault.get("times", 1))):
                    raise ProviderError(f"{operation} {resource.type} ({resource.name}): {fault['message']}")
            case other:
                raise ProviderError(f"{VARIABLE}: there is no fault {other!r}: slow, throttle or fail")


def _throttle(
    path: Path,
    index: int,
    fault: dict[str, Any],
    resource: Resource,
    tell: Callable[[str], None],
    over: threading.Event,
) -> None:
    for attempt in range(_ATTEMPTS):
        if not _strikes(path, index, int(fault.get("times", 1))):
            return
        tell(f"ThrottlingException: Rate exceeded, attempt {attempt + 1}")
        over.wait(_SECONDS_BETWEEN_ATTEMPTS)
    raise ProviderError(
        f"{resource.type} ({resource.name}): exceeded maximum number of attempts, {_ATTEMPTS}: Rate exceeded"
    )


def _is_meant(fault: dict[str, Any], operation: str, resource: Resource) -> bool:
    return (
        fault.get("operation", "create") == operation
        and fnmatchcase(resource.type, fault.get("type", "*"))
        and fnmatchcase(resource.name, fault.get("name", "*"))
    )


def _strikes(path: Path, index: int, times: int) -> bool:
    """Whether the fault still strikes, which uses it up."""
    with path.with_name(f"{path.name}.struck").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        struck: dict[str, int] = json.loads(file.read() or "{}")
        count = struck.get(str(index), 0)
        if count >= times:
            return False
        struck[str(index)] = count + 1
        file.seek(0)
        file.truncate()
        file.write(json.dumps(struck))
        return True
