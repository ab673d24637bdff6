"""What was done to which resource, in order: for tests that ask whether DNS was drained first.

`GOSTACK_AWS_JOURNAL` names the file; each line is a JSON object with `operation` (create, update, delete), `type`,
`name`, `urn`, `id`, `region`, and `started` and `finished` in seconds of one clock.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.offline.providers.plugin.provider import Resource

VARIABLE = "GOSTACK_AWS_JOURNAL"


@dataclass
class Entry:
    """A line that is being written; the identifier of what is made is known in the end."""

    id: str


@contextmanager
def entered(operation: str, resource: Resource, region: str) -> Iterator[Entry]:
    """Write the line when the operation has succeeded."""
    entry, started = Entry(resource.id), time.time()
    yield entry
    path = os.environ.get(VARIABLE)
    if not path:
        return
    line = {
        "operation": operation,
        "type": resource.type,
        "name": resource.name,
        "urn": resource.urn,
        "id": entry.id,
        "region": region,
        "started": started,
        "finished": time.time(),
    }
    with Path(path).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(line) + "\n")
