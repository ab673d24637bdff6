"""The stack of the cases as its tests use it: requests as browsers and other clients send them, and single replicas."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import urllib3
import yaml
from docker.models.containers import Container

from tests.integration.support import LiveStack, tell, wait_until
from tests.support.https import ask
from tests.support.load import Load, Request

__all__ = ["HOST", "CasesStack", "Replica", "tell", "unique", "wait_until"]

HOST = "localhost"
SHOP = "shop.example.test"
RPC = "rpc.example.test"

PROBE_REPLICAS = 4
"""Replicas of the service `probe`: two in each of two regions."""


def unique(path: str) -> str:
    """The path with a query that no other test has, by which a replica counts it."""
    return f"{path}?test={uuid.uuid4().hex}"


@dataclass(frozen=True)
class Replica:
    """One replica, asked directly."""

    container: Container
    region: str
    instance: str
    address: str

    def request(self, method: str, path: str) -> urllib3.BaseHTTPResponse:
        """Ask it without the ingress."""
        return urllib3.request(method, f"http://{self.address}{path}", timeout=10, retries=False)

    def begun(self, path: str) -> int:
        """How often a request for this path with query has begun here since the process started."""
        return self.request("GET", f"/p/begun?path={quote(path, safe='')}").json()["begun"]

    def pid(self) -> int:
        """Number of its process on this machine."""
        self.container.reload()
        return int(self.container.attrs["State"]["Pid"])


@dataclass(frozen=True)
class CasesStack(LiveStack):
    """The stack of the cases."""

    @cached_property
    def _ports(self) -> dict[str, int]:
        """Region to port of its ingress. No case changes one; reading the settings is too slow for every request."""
        return {name: region.https_port for name, region in self.workspace.settings.regions.items()}

    def port(self, region: str) -> int:
        """Port of the region's ingress."""
        return self._ports[region]

    def url(self, region: str = "east", host: str = HOST) -> str:
        """Address of the region's ingress as a browser writes it."""
        return f"https://{host}:{self.port(region)}"

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        region: str = "east",
        host: str = HOST,
        connect: tuple[str, int] | None = None,
        timeout: float = 30,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request over TLS, verified against the stack's authority and the host name; follow no redirect.

        `connect` is the address of the ingress when it is not the published one.
        """
        port = self.port(region)
        return ask(
            connect or ("127.0.0.1", port),
            host,
            path,
            authority=self.authority,
            port=port,
            method=method,
            headers=headers,
            body=body,
            timeout=timeout,
        )

    def load(self, path: str, rate: int, host: str = "", **options: Any) -> Load:
        """A steady load of GETs on the first region's ingress, for another of its hosts where one is given."""
        headers = {"Host": host} if host else {}
        return Load(self.authority, rate, lambda _: Request("GET", self.url() + path, headers=headers), **options)

    def replicas(self, service: str = "probe", region: str | None = None) -> list[Replica]:
        """The running replicas of a service."""
        labels = {"service": service, **({"region": region} if region else {})}
        return [self._replica(container) for container in self.containers("application", **labels)]

    def _replica(self, container: Container) -> Replica:
        environment = dict(line.split("=", 1) for line in container.attrs["Config"]["Env"] if "=" in line)
        region = container.labels["gostack.region"]
        address = self.pod_address(container)
        return Replica(container, region, environment["INSTANCE_ID"], f"{address}:{environment['PORT']}")

    def pod_address(self, container: Container) -> str:
        """The address that a container's pod has in its region's network."""
        mode = str(container.attrs["HostConfig"]["NetworkMode"])
        sandbox = self.objects.client.containers.get(mode.removeprefix("container:"))
        networks: dict[str, Any] = sandbox.attrs["NetworkSettings"]["Networks"]
        return next(str(value["IPAddress"]) for name, value in networks.items() if "backbone" not in name)

    def ingress(self, region: str = "east") -> Container:
        """The running nginx of a region."""
        (container,) = self.containers("nginx", region=region)
        return container

    def begun(self, path: str, service: str = "probe") -> dict[str, int]:
        """Replica to how often it has begun a request for this path with query, where it has."""
        counts = {replica.instance: replica.begun(path) for replica in self.replicas(service)}
        return {instance: count for instance, count in counts.items() if count}

    def passing(self, service: str, region: str) -> int:
        """How many instances of a service pass their check, by the region's Consul."""
        port = self.workspace.settings.regions[region].consul_port
        url = f"http://127.0.0.1:{port}/v1/health/service/{service}?passing=true"
        return len(urllib3.request("GET", url, timeout=10).json())

    def all_passing(self, service: str) -> bool:
        """Whether every replica that the settings want passes its check, in every region."""
        settings = self.workspace.settings
        wanted = settings.services[service].replicas
        return all(self.passing(service, region) == wanted for region in settings.regions)

    def wait_until_all_pass(self, service: str = "probe", seconds: float = 60) -> None:
        """Wait until they do, and until the ingress has heard of it."""
        wait_until(lambda: self.all_passing(service), seconds, f"every replica of {service} passes its check")
        time.sleep(2)

    def lines(self, text: str, since: float, service: str = "probe") -> dict[str, int]:
        """Replica to how many lines with the text it has logged since then (seconds since the epoch)."""
        counts: dict[str, int] = {}
        for replica in self.replicas(service):
            log: bytes = replica.container.logs(since=since)
            counts[replica.instance] = sum(text in line for line in log.decode(errors="replace").splitlines())
        return {instance: count for instance, count in counts.items() if count}

    def change_services(self, **services: dict[str, Any] | None) -> None:
        """Replace whole services in the stack file; None removes one."""
        document = yaml.safe_load(self.workspace.stack_file.read_text())
        for name, values in services.items():
            if values is None:
                document["config"]["gostack:services"].pop(name, None)
            else:
                document["config"]["gostack:services"][name] = values
        self._write_settings(document)

    def service(self, name: str) -> dict[str, Any]:
        """A service as the stack file has it."""
        return yaml.safe_load(self.workspace.stack_file.read_text())["config"]["gostack:services"][name]


def message(response: urllib3.BaseHTTPResponse) -> str:
    """The message of an error of the ingress's own, which is JSON with the status as its code."""
    document = json.loads(response.data)
    assert document["code"] == response.status, response.data
    return str(document["message"])
