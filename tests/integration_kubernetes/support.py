"""A stack on a real cluster as the tests use it: by its outputs, its settings and its labels."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import urllib3
import yaml

from tests.support.https import ask
from tests.support.live_stack import StackUnderTest, wait_until
from tests.support.load import Load, Request
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.kubernetes.report import pods

__all__ = ["FIGURES", "ClusterStack", "tell", "wait_until"]

JSON = {"Content-Type": "application/json"}

FIGURES: list[str] = []
"""What was measured; shown at the end of the run, whether tests passed or not."""


def tell(figure: str) -> None:
    """Keep a figure for the end of the run."""
    FIGURES.append(figure)


@dataclass(frozen=True)
class ClusterStack(StackUnderTest):
    """The stack of these tests."""

    api: ClusterApi

    @property
    def namespace(self) -> str:
        """Where the region lives."""
        return "gostack-integration-east"

    @cached_property
    def address(self) -> tuple[str, int]:
        """Host and port of the region's load balancer."""
        host, _, port = str(self.outputs["addresses"]["east"]).rpartition(":")
        return host, int(port)

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """Send a request with JSON, through the load balancer."""
        data = json.dumps(body).encode() if body is not None else None
        return self.ask(path, method=method, headers=JSON, body=data, timeout=10)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 30,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request over TLS that is verified against the stack's own authority, through the load balancer."""
        host = self.workspace.settings.ingress.hosts[0]
        return ask(
            self.address,
            host,
            path,
            authority=self.authority,
            method=method,
            headers=headers,
            body=body,
            timeout=timeout,
        )

    def change(self, change: Callable[[dict[str, Any]], Any], *, prepare: bool = True) -> None:
        """Change the stack file: `change` takes what is below `config`. Without `prepare` Pulumi is not told yet."""
        document = yaml.safe_load(self.workspace.stack_file.read_text(encoding="utf-8"))
        change(document["config"])
        if prepare:
            self._write_settings(document)
        else:
            self.workspace.stack_file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def create_user(self) -> dict[str, Any]:
        """Create a user with an e-mail address of its own and return it."""
        body = {"name": "Ada", "email": f"{uuid.uuid4()}@example.com"}
        response = self.request("POST", "/api/v1/users", body)
        assert response.status == 201, response.data
        return response.json()["data"]

    def load(self, rate: int) -> Load:
        """A steady mix of writes, each with an idempotency key, and reads."""
        host, port = self.address
        return Load(self.authority, rate, self._mixed, detours={"localhost:443": f"{host}:{port}"})

    def _mixed(self, number: int) -> Request:
        if number % 2:
            return Request("GET", f"{self.users_url}?page=1&page_size=5")
        user = {"name": "Load", "email": f"{uuid.uuid4()}@example.com"}
        headers = {**JSON, "Idempotency-Key": str(uuid.uuid4())}
        return Request("POST", self.users_url, json.dumps(user).encode(), headers)

    def pods(self, role: str, **labels: str) -> list[dict[str, Any]]:
        """Pods with a role that nobody is removing."""
        wanted = {"gostack.role": role, **{f"gostack.{key}": value for key, value in labels.items()}}
        return [
            pod
            for pod in pods(self.api, self.workspace.stack)
            if wanted.items() <= pod["metadata"]["labels"].items() and "deletionTimestamp" not in pod["metadata"]
        ]

    def names(self, role: str, **labels: str) -> set[str]:
        """Names of those pods."""
        return {pod["metadata"]["name"] for pod in self.pods(role, **labels)}

    def ready(self, role: str, count: int, **labels: str) -> bool:
        """Whether that many pods with a role are there, and all of them are ready."""
        found = self.pods(role, **labels)
        return len(found) == count and all(is_ready(pod) for pod in found)

    def wait_for(self, role: str, count: int, seconds: float = 180, **labels: str) -> None:
        """Wait until that many pods with a role are there and ready."""
        what = " ".join([role, *labels.values()])
        wait_until(lambda: self.ready(role, count, **labels), seconds, f"{count} pods of {what} are ready")

    def pod_path(self, name: str) -> str:
        """Where a pod is in the API."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{name}"

    def evict(self, name: str) -> None:
        """Ask for a pod to go as an emptied node does; raises TooManyDisruptionsError."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": self.namespace}}
        self.api.post(f"{self.pod_path(name)}/eviction", body)


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = {item["type"]: item["status"] for item in pod["status"].get("conditions") or []}
    return conditions.get("Ready") == "True"
