"""A stack that is up, as tests and drills see it: by its outputs and its labels, never by container names."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, cast

import urllib3
from docker.models.containers import Container

from tests.support.live_stack import StackUnderTest, wait_until
from tools.gostack.lifecycle.objects import StackObjects

__all__ = ["JSON", "RunningStack", "wait_until"]

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class RunningStack(StackUnderTest):
    """A stack on Docker that is up."""

    objects: StackObjects

    def request(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """Send a request over TLS that is verified against the stack's own authority."""
        pool = urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=10)
        data = json.dumps(body).encode() if body is not None else None
        return pool.request(method, url, body=data, headers=JSON)

    def create_user(self) -> dict[str, Any]:
        """Create a user with an e-mail address of its own and return it."""
        response = self.request("POST", self.users_url, {"name": "Ada", "email": f"{uuid.uuid4()}@example.com"})
        if response.status != 201:
            raise AssertionError(f"a user was not created: {response.status} {response.data!r}")
        return response.json()["data"]

    def containers(self, role: str, **labels: str) -> list[Container]:
        """Running containers with a role and labels such as region and service."""
        wanted = {"gostack.role": role, **{f"gostack.{key}": value for key, value in labels.items()}}
        return [
            container
            for container in self.objects.containers()
            if container.status == "running" and wanted.items() <= container.labels.items()
        ]

    def rows(self, region: str, query: str) -> list[str]:
        """Result of a query on the region's MySQL member; one line a row."""
        (member,) = self.containers("mysql", region=region)
        return self.rows_in(member, query)

    def rows_in(self, member: Container, query: str) -> list[str]:
        """The same in a container that is known."""
        code, text = self.sql_in(member, query)
        if code != 0:
            raise AssertionError(f"{member.name} refused a query: {text}")
        return text.splitlines()

    def sql(self, region: str, query: str) -> tuple[int, str]:
        """Exit code and words of MySQL's client for a statement on the region's member, run as root."""
        (member,) = self.containers("mysql", region=region)
        return self.sql_in(member, query)

    def sql_in(self, member: Container, query: str) -> tuple[int, str]:
        """The same in a container that is known; raises APIError when it does not run."""
        code, output = member.exec_run(["mysql", "--user=root", "--batch", "--skip-column-names", "--execute", query])
        return int(code or 0), cast("bytes", output).decode()

    def everything_left(self) -> list[str]:
        """Names of all that carries the stack's labels on the engine, sorted: the engine lists volumes in any order."""
        return sorted(
            [
                *(str(container.name) for container in self.objects.containers()),
                *(network.name for network in self.objects.networks()),
                *(volume.name for volume in self.objects.volumes()),
                *(str(image.tags) for image in self.objects.images()),
            ]
        )
