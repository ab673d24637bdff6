"""A client that writes rows without a pause and notes each one that MySQL acknowledged."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

from docker.models.containers import Container

from tests.integration.support import LiveStack
from tests.support.load_result import by_second

TABLE = "ledger.entries"

# It asks one member after the other until one takes the row, as a client does that knows nothing but their names. A row
# that was written though nobody said so is written again under the same name, which is no second row.
_PROGRAM = """
members=($MEMBERS)
number=0
at=0
while true; do
  number=$((number + 1))
  until problem=$(timeout 2 mysql --no-defaults --user=ledger --host="${members[at]}" --connect-timeout=1 \
      --execute "INSERT IGNORE INTO ledger.entries (id) VALUES ('$RUN-$number')" 2>&1 > /dev/null); do
    echo "$EPOCHREALTIME ${members[at]}: ${problem:-no answer for two seconds}" >&2
    at=$(((at + 1) % ${#members[@]}))
    sleep 0.05
  done
  echo "$EPOCHREALTIME $RUN-$number"
done
"""


class Ledger:
    """Writes while the block runs; afterwards `acknowledged`, `longest_outage` and `refused` tell how it went."""

    def __init__(self, stack: LiveStack, primary: str) -> None:
        self._stack = stack
        self._run = secrets.token_hex(4)
        password = secrets.token_urlsafe(16)
        stack.rows(
            primary,
            f"CREATE DATABASE IF NOT EXISTS ledger; CREATE TABLE IF NOT EXISTS {TABLE} (id VARCHAR(64) PRIMARY KEY); "
            "CREATE USER IF NOT EXISTS ledger REQUIRE SSL; "
            f"ALTER USER ledger IDENTIFIED BY '{password}'; GRANT SELECT, INSERT ON ledger.* TO ledger",
        )
        self._environment = {"MYSQL_PWD": password, "RUN": self._run, "MEMBERS": " ".join(_hosts(stack))}
        self._container: Container | None = None
        self.acknowledged: list[str] = []
        self.longest_outage = 0.0
        """Longest time in seconds between two acknowledged rows."""
        self.refused: list[str] = []
        """A line for each second in which members did not take a row: how often which one, and what it said."""

    def __enter__(self) -> Self:
        (backbone,) = [network for network in self._stack.objects.networks() if "backbone" in network.name]
        member = self._stack.containers("mysql")[0]
        client: Any = self._stack.objects.client
        # No labels of the stack: it is no part of it, and `up` would remove it.
        self._container = client.containers.run(
            member.attrs["Image"],
            entrypoint=["bash", "-c"],
            command=[_PROGRAM],
            environment=self._environment,
            user="mysql",
            network=backbone.name,
            detach=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._container is not None
        self._container.kill()
        self._container.wait()
        text: bytes = self._container.logs(stdout=True, stderr=False)
        refusals: bytes = self._container.logs(stdout=False, stderr=True)
        self._container.remove(force=True, v=True)
        lines = [line.split(" ") for line in text.decode().splitlines()]
        self.refused = refusals_by_second(refusals.decode(errors="replace").splitlines())
        self.acknowledged = [row for _, row in lines]
        times = [float(moment) for moment, _ in lines]
        self.longest_outage = max((after - before for before, after in pairwise(times)), default=0.0)

    def written(self) -> int:
        """How many rows have been acknowledged so far."""
        assert self._container is not None
        text: bytes = self._container.logs(stdout=True, stderr=False)
        return len(text.splitlines())

    def missing(self, region: str) -> list[str]:
        """Acknowledged rows that the region's member does not have."""
        there = set(self._stack.rows(region, f"SELECT id FROM {TABLE} WHERE id LIKE '{self._run}-%'"))
        return [row for row in self.acknowledged if row not in there]


def refusals_by_second(lines: Iterable[str]) -> list[str]:
    """Read what the program says of rows that a member did not take; further lines of what it said are left out."""
    return by_second(
        (float(moment), what)
        for moment, _, what in (line.partition(" ") for line in lines)
        if re.fullmatch(r"\d+\.\d+", moment)
    )


def _hosts(stack: LiveStack) -> list[str]:
    members: dict[str, str] = stack.outputs["mysql"]["members"]
    return [address.split(":")[0] for address in members.values()]
