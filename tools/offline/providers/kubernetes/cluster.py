"""The API server: where each kind of object is served, and the few requests that the double makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from tools.offline.providers.kubernetes.kubeconfig import Connection

Manifest = dict[str, Any]

_CONNECT_SECONDS = 5
_READ_SECONDS = 60
_CONNECTIONS = 64


class Unreachable(Exception):  # noqa: N818  # a state, not a mistake
    """The API server does not answer."""


class ApiError(Exception):
    """The API server has refused a request; the text is its own message."""

    def __init__(self, code: int, status: Manifest) -> None:
        super().__init__(str(status.get("message") or f"the API server answered with status {code}"))
        self.code = code
        self.reason = str(status.get("reason") or "")
        self.details: Manifest = status.get("details") or {}

    @property
    def namespace_missing(self) -> bool:
        """Whether it is the namespace of the object that does not exist."""
        return self.code == 404 and self.details.get("kind") == "namespaces"


class NoSuchKind(Exception):  # noqa: N818
    """The API server serves no such kind, perhaps because its definition has not been made yet."""


@dataclass(frozen=True)
class Served:
    """Where a kind of object is served."""

    path: str
    """For example `/apis/apps/v1`."""
    plural: str
    namespaced: bool

    def url(self, namespace: str, name: str | None = None) -> str:
        """The path of one object, or of all in a namespace."""
        within = f"/namespaces/{quote(namespace)}" if self.namespaced else ""
        return f"{self.path}{within}/{self.plural}" + (f"/{quote(name)}" if name else "")


class Cluster:
    """One API server, used by many threads."""

    def __init__(self, connection: Connection) -> None:
        self.namespace = connection.namespace
        self._server = connection.server
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            headers={"Accept": "application/json", **connection.headers},
            ssl_context=connection.tls,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            # Every request here may be repeated: an apply and a delete say what is to be, not what to do.
            retries=urllib3.Retry(
                total=3,
                connect=1,
                redirect=0,
                status_forcelist=(429, 503),
                allowed_methods=None,
                backoff_factor=0.3,
                raise_on_status=False,
            ),
        )
        self._served: dict[tuple[str, str], Served] = {}
        self._lock = threading.Lock()

    def version(self) -> str:
        """The version of the API server. Raises `Unreachable` or `ApiError`."""
        return str(self._request("GET", "/version").get("gitVersion"))

    def served(self, api_version: str, kind: str) -> Served:
        """Where a kind is served. Raises `NoSuchKind`."""
        with self._lock:
            if (api_version, kind) not in self._served:
                self._discover(api_version)
            try:
                return self._served[api_version, kind]
            except KeyError:
                raise NoSuchKind(f'no matches for kind "{kind}" in version "{api_version}"') from None

    def apply(
        self, manifest: Manifest, manager: str, force: bool, dry_run: bool, warn: Callable[[str], None]
    ) -> Manifest:
        """Server-side apply; a property that the API does not know is refused, and what the API warns of is told."""
        served, metadata = self._of(manifest), manifest["metadata"]
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        url = f"{served.url(self.namespace_of(manifest), metadata['name'])}?{urlencode(query)}"
        return self._request("PATCH", url, manifest, "application/apply-patch+yaml", warn)

    def get(self, manifest: Manifest) -> Manifest | None:
        """The object as it is now; None when there is none."""
        try:
            served = self._of(manifest)
            return self._request("GET", served.url(self.namespace_of(manifest), manifest["metadata"]["name"]))
        except NoSuchKind:
            return None
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str, selector: str = "") -> list[Manifest]:
        """The objects of a kind in a namespace; none when the API server does not serve them."""
        try:
            url = self.served(api_version, kind).url(namespace)
            return self._request("GET", url + (f"?labelSelector={quote(selector)}" if selector else ""))["items"]
        except NoSuchKind:
            return []

    def log(self, namespace: str, pod: str, container: str, lines: int) -> list[str]:
        """The last lines that a container printed before it ended last; none where they cannot be had."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        for previous in ("true", "false"):
            query = urlencode({"container": container, "tailLines": lines, "previous": previous})
            try:
                response = self._pool.request("GET", f"{self._server}{path}?{query}")
            except urllib3.exceptions.HTTPError:
                return []
            # Of one that has never been started again there is no earlier run.
            if response.status == 200:
                return response.data.decode(errors="replace").splitlines()
        return []

    def delete(self, manifest: Manifest, propagation: str) -> None:
        """Ask for the removal of an object; one that is gone is not missed."""
        try:
            served = self._of(manifest)
            url = served.url(self.namespace_of(manifest), manifest["metadata"]["name"])
            options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
            self._request("DELETE", url, options, "application/json")
        except NoSuchKind:
            return
        except ApiError as error:
            if error.code != 404:
                raise

    def namespace_of(self, manifest: Manifest) -> str:
        """The namespace in which the object is, or would be."""
        return str(manifest["metadata"].get("namespace") or "default")

    def forget_kinds(self) -> None:
        """Look again which kinds are served: a definition has been made or removed."""
        with self._lock:
            self._served.clear()

    def _of(self, manifest: Manifest) -> Served:
        return self.served(str(manifest.get("apiVersion")), str(manifest.get("kind")))

    def _discover(self, api_version: str) -> None:
        path = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        try:
            resources = self._request("GET", path).get("resources") or []
        except ApiError as error:
            if error.code == 404:
                return
            raise
        for resource in resources:
            if "/" not in resource["name"]:
                served = Served(path, resource["name"], bool(resource["namespaced"]))
                self._served[api_version, resource["kind"]] = served

    def _request(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        content: str = "",
        warn: Callable[[str], None] | None = None,
    ) -> Manifest:
        headers = dict(self._pool.headers)
        if content:
            headers["Content-Type"] = content
        data = None if body is None else json.dumps(body).encode()
        try:
            response = self._pool.request(method, self._server + path, body=data, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise Unreachable(f"{self._server} does not answer: {cause}") from None
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = {"message": response.data.decode(errors="replace").strip()[:500]}
        if response.status >= 400:
            raise ApiError(response.status, answer)
        if warn is None:
            return answer
        for warning in response.headers.getlist("Warning"):
            # RFC 7234: a code, an agent, and the text in quotes.
            warn(warning.split(" ", 2)[-1].strip('"').replace('\\"', '"'))
        return answer
