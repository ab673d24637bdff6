"""The API server of a stack's cluster, asked directly: for preflight, diagnosis, and what outlives a stack.

Speaks for the context that the settings name, with the credentials of its kubeconfig, and never for another one.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from email.utils import unquote
from pathlib import Path
from typing import Any, cast

import urllib3
import yaml

from infra.platforms.kubeconfig import chosen_context
from infra.settings import Settings
from tools.gostack.environment.errors import UserError

_EXEC_SECONDS = 60


class ClusterError(UserError):
    """The cluster does not answer, or refuses; the text is one sentence with the fix."""


class ClusterApi:
    """One API server and one user of it."""

    def __init__(self, kubeconfig: str) -> None:
        """`kubeconfig` is a text with one context, as `chosen_context` returns it."""
        document: Any = yaml.safe_load(kubeconfig)
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.context = str(document["current-context"])
        self.server = str(cluster["server"]).rstrip("/")
        self._headers = _headers(user)
        self._pool = urllib3.PoolManager(ssl_context=_tls(cluster, user), retries=False, timeout=10)

    @classmethod
    def of(cls, settings: Settings, project: Path) -> ClusterApi:
        """The cluster that the settings name; raises SettingsError when the kubeconfig cannot be used."""
        access = settings.cluster()
        return cls(chosen_context(project / access.kubeconfig, access.context))

    def version(self) -> tuple[int, int]:
        """Major and minor version of the API server; raises ClusterError when it does not answer."""
        found = self.get("/version")
        return int(found["major"]), int("".join(digit for digit in found["minor"] if digit.isdigit()))

    def get(self, path: str) -> dict[str, Any]:
        """Return what is at a path; raises ClusterError when the server does not answer or refuses."""
        return self._request("GET", path)

    def items(self, path: str, **labels: str) -> list[dict[str, Any]]:
        """Return the objects of a list that carry these labels (`_` stands for `.`)."""
        wanted = ",".join(f"{key.replace('_', '.')}={value}" for key, value in labels.items())
        return cast("list[dict[str, Any]]", self.get(f"{path}?labelSelector={wanted}").get("items") or [])

    def text(self, path: str) -> str:
        """Return what is at a path as text, for example a log; raises ClusterError as `get` does."""
        response = self._send("GET", path, None, "")
        if response.status < 300:
            return response.data.decode(errors="replace")
        self._answer(response)
        return ""

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield what comes from a path for as long as it comes, however seldom; raises ClusterError as `get` does."""
        response = self._send("GET", path, None, "", follow=True)
        try:
            if response.status >= 300:
                _ = response.data
                self._answer(response)
            # Lines as they come, not when a whole piece of some size is there.
            while piece := response.read1():
                yield piece
        except urllib3.exceptions.HTTPError:
            # The server, or a node behind it, went away in the middle.
            return
        finally:
            response.close()

    def exists(self, path: str) -> bool:
        """Whether there is an object at a path."""
        try:
            self.get(path)
        except NotFoundError:
            return False
        return True

    def delete(self, path: str) -> None:
        """Ask for the removal of an object; one that is gone is no error."""
        try:
            self._request("DELETE", path)
        except NotFoundError:
            return

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create something, for example an eviction, and return the answer."""
        return self._request("POST", path, body)

    def apply(self, path: str, manifest: dict[str, Any], *, dry_run: bool = False) -> tuple[dict[str, Any], list[str]]:
        """Apply an object on the server's side and return it with the server's warnings."""
        query = "fieldManager=gostack-operations&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        response = self._send("PATCH", f"{path}?{query}", manifest, "application/apply-patch+yaml")
        return self._answer(response), [warning_text(text) for text in response.headers.getlist("Warning")]

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._answer(self._send(method, path, body, "application/json"))

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, kind: str, *, follow: bool = False
    ) -> urllib3.BaseHTTPResponse:
        # A log that is followed may be silent for hours.
        patience: dict[str, Any] = {"timeout": urllib3.Timeout(connect=10, read=None)} if follow else {}
        data = json.dumps(body).encode() if body is not None else None
        headers = {**self._headers, **({"Content-Type": kind} if data is not None else {})}
        try:
            return self._pool.request(
                method, f"{self.server}{path}", body=data, headers=headers, preload_content=not follow, **patience
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterError(
                f'the cluster of the context "{self.context}" ({self.server}) does not answer '
                f"({_reason(error)}): start it (`make cluster` starts the local one), or correct gostack:kubernetes in "
                "the stack file."
            ) from None

    def _answer(self, response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        try:
            answer: Any = json.loads(response.data or b"{}")
        except ValueError:
            # Logs, for example, are text.
            answer = {"text": response.data.decode(errors="replace")}
        if response.status < 300:
            return answer
        message = cast("dict[str, Any]", answer).get("message") if isinstance(answer, dict) else None
        if response.status == 404:
            raise NotFoundError(str(message))
        if response.status == 429:
            raise TooManyDisruptionsError(str(message))
        raise ClusterError(f'the cluster of the context "{self.context}" refuses: {message or response.status}')


class NotFoundError(ClusterError):
    """There is no such object."""


class TooManyDisruptionsError(ClusterError):
    """An eviction would leave too few pods."""


def _reason(error: Exception) -> str:
    """The cause in a few words: what the operating system or TLS said, without the library's own names."""
    return str(error).rpartition(": ")[2].strip("()'\" ") or type(error).__name__


def _headers(user: dict[str, Any]) -> dict[str, str]:
    token = user.get("token")
    if token is None and "tokenFile" in user:
        token = Path(str(user["tokenFile"])).expanduser().read_text(encoding="utf-8").strip()
    if token is None and "exec" in user:
        token = _executed(user["exec"])
    if token is not None:
        return {"Authorization": f"Bearer {token}"}
    if "username" in user:
        login = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
        return {"Authorization": f"Basic {login}"}
    return {}


def _executed(plugin: dict[str, Any]) -> str | None:
    """What a credential plugin gives, as clouds use it (https://kubernetes.io/docs/reference/access-authn-authz)."""
    settings: list[dict[str, Any]] = plugin.get("env") or []
    words: list[Any] = plugin.get("args") or []
    variables = {str(item["name"]): str(item["value"]) for item in settings}
    command = [str(plugin["command"]), *(str(word) for word in words)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=_EXEC_SECONDS,
            check=True,
        )
        return json.loads(done.stdout)["status"].get("token")
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise ClusterError(
            f"the kubeconfig's command {command[0]} gives no credentials ({type(error).__name__}): run it by hand."
        ) from None


def warning_text(header: str) -> str:
    """Return the text of a Warning header: a code, an agent and a quoted text (RFC 7234, section 5.5)."""
    return unquote(header.split(" ", 2)[-1])


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority = cluster.get("certificate-authority-data")
    if authority is not None:
        context.load_verify_locations(cadata=base64.b64decode(authority).decode())
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = user.get("client-certificate-data"), user.get("client-key-data")
    if certificate is not None and key is not None:
        # Python reads a client's certificate from files alone: private ones, which are gone at once.
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder) / "pair.pem"
            pair.touch(mode=0o600)
            pair.write_bytes(base64.b64decode(certificate) + b"\n" + base64.b64decode(key))
            context.load_cert_chain(pair)
    return context
