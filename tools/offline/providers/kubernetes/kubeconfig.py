"""How to reach and be accepted by the cluster that a kubeconfig names."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_PLUGIN_SECONDS = 60


class KubeconfigError(Exception):
    """The kubeconfig does not lead to a cluster; the text says why."""


@dataclass(frozen=True)
class Connection:
    """A cluster's address and what it takes to be accepted there."""

    server: str
    """The URL of the API server."""
    namespace: str = ""
    """The namespace of the context; empty when it names none."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    tls: ssl.SSLContext | None = None


def load(kubeconfig: str | None, context: str | None = None, cluster_name: str | None = None) -> Connection:
    """The connection of a kubeconfig, given by its contents or its path, or else by $KUBECONFIG or ~/.kube/config.

    `cluster_name` chooses another cluster than that of the context.
    Raises `KubeconfigError` when it cannot be read, has no such context, or a credential cannot be had.
    """
    config = _parse(kubeconfig)
    chosen, cluster = _chosen(config, context, cluster_name)
    user = _named(config, "users", "user", chosen.get("user", "")) or {}
    user = {**user, **_from_plugin(user["exec"])} if user.get("exec") else user
    return Connection(
        server=str(cluster["server"]).rstrip("/"),
        namespace=str(chosen.get("namespace") or ""),
        headers=_headers(user),
        tls=_tls(cluster, user) if str(cluster["server"]).startswith("https") else None,
    )


def identity(kubeconfig: str | None, context: str | None = None, cluster_name: str | None = None) -> str:
    """What tells the cluster from others: its address and authority, not the user. Raises `KubeconfigError`."""
    _, cluster = _chosen(_parse(kubeconfig), context, cluster_name)
    return json.dumps([cluster["server"], cluster.get("certificate-authority-data")])


def _chosen(
    config: dict[str, Any], context: str | None, cluster_name: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    name = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", "context", name)
    if chosen is None:
        known = ", ".join(sorted(str(entry.get("name")) for entry in config.get("contexts") or [])) or "none"
        raise KubeconfigError(f'context "{name}" does not exist in the kubeconfig; it has: {known}')
    cluster = _named(config, "clusters", "cluster", cluster_name or chosen.get("cluster", ""))
    if cluster is None or not cluster.get("server"):
        raise KubeconfigError(f'the cluster of context "{name}" has no server in the kubeconfig')
    return chosen, cluster


def _parse(kubeconfig: str | None) -> dict[str, Any]:
    text = kubeconfig
    if not kubeconfig:
        ambient = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or str(Path.home() / ".kube" / "config")
        text = _read(Path(ambient))
    elif "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{"):
        text = _read(Path(kubeconfig).expanduser())
    try:
        config = yaml.safe_load(text or "")
    except yaml.YAMLError as error:
        raise KubeconfigError(f"the kubeconfig is not YAML: {error}") from None
    if not isinstance(config, dict):
        raise KubeconfigError("the kubeconfig is empty")
    return config


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise KubeconfigError(f"the kubeconfig {path} cannot be read: {error.strerror}") from None


def _named(config: dict[str, Any], section: str, key: str, name: str) -> dict[str, Any] | None:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    return None


def _from_plugin(plugin: dict[str, Any]) -> dict[str, Any]:
    """The credential of a command such as `aws eks get-token`."""
    command = [str(plugin.get("command")), *map(str, plugin.get("args") or [])]
    extra = {entry["name"]: str(entry["value"]) for entry in plugin.get("env") or []}
    info = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    try:
        run = subprocess.run(
            command,
            env={**os.environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            capture_output=True,
            text=True,
            timeout=_PLUGIN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(f"the kubeconfig's credential command {command[0]!r} does not run: {error}") from None
    if run.returncode != 0:
        said = run.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise KubeconfigError(f"the kubeconfig's credential command {command[0]!r} failed: {said[0]}")
    status = json.loads(run.stdout).get("status") or {}
    translated = {
        "token": status.get("token"),
        "client-certificate-data": _encoded(status.get("clientCertificateData")),
        "client-key-data": _encoded(status.get("clientKeyData")),
    }
    return {name: value for name, value in translated.items() if value}


def _encoded(text: str | None) -> str | None:
    return base64.b64encode(text.encode()).decode() if text else None


def _headers(user: dict[str, Any]) -> dict[str, str]:
    if user.get("token"):
        return {"Authorization": f"Bearer {user['token']}"}
    if user.get("tokenFile"):
        return {"Authorization": f"Bearer {_read(Path(user['tokenFile'])).strip()}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        authority = _bytes(cluster, "certificate-authority")
        if authority:
            context.load_verify_locations(cadata=authority.decode())
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        certificate, key = _bytes(user, "client-certificate"), _bytes(user, "client-key")
        if certificate and key:
            _load_pair(context, certificate, key)
    except (ssl.SSLError, ValueError) as error:
        raise KubeconfigError(f"a certificate or key of the kubeconfig cannot be used: {error}") from None
    return context


def _bytes(section: dict[str, Any], key: str) -> bytes | None:
    if section.get(f"{key}-data"):
        return base64.b64decode(section[f"{key}-data"])
    return _read(Path(section[key])).encode() if section.get(key) else None


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # OpenSSL takes them from a file alone; this one is only ours and gone at once.
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
