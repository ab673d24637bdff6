"""The local cluster that stands for EKS' clusters, when a rehearsal names one.

`GOSTACK_EKS_KUBECONFIG` is the path of a kubeconfig, for all regions; or `eu-central-1=path,us-east-1=path`, for each
its own. After `#` comes the context: `path#context`.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VARIABLE = "GOSTACK_EKS_KUBECONFIG"

# What a cluster's authority looks like where there is no cluster: base64 of a certificate's first words.
SOME_AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nrehearsal\n-----END CERTIFICATE-----\n").decode()


@dataclass(frozen=True)
class LocalCluster:
    """A real API server."""

    server: str
    authority: str
    """In base64."""
    certificate: str
    """Of its user, in PEM; empty when the user has a token."""
    key: str
    token: str


def of_region(region: str) -> LocalCluster | None:
    """The cluster for a region; None when no rehearsal names one. Raises `ValueError` for a kubeconfig of no use."""
    place = _place(os.environ.get(VARIABLE, ""), region)
    if not place:
        return None
    path, _, context = place.partition("#")
    try:
        config = yaml.safe_load(Path(path).read_text())
        chosen = _entry(config, "contexts", "context", context or config["current-context"])
        cluster = _entry(config, "clusters", "cluster", chosen["cluster"])
        user = _entry(config, "users", "user", chosen["user"])
        return LocalCluster(
            server=cluster["server"],
            authority=base64.b64encode(_bytes(cluster, "certificate-authority")).decode(),
            certificate=_bytes(user, "client-certificate").decode(),
            key=_bytes(user, "client-key").decode(),
            token=user.get("token", ""),
        )
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{VARIABLE}: {path} does not lead to a cluster: {error}") from None


def _place(value: str, region: str) -> str:
    if "=" not in value:
        return value
    pairs = dict(part.split("=", 1) for part in value.split(",") if "=" in part)
    return pairs.get(region, "")


def _entry(config: dict[str, Any], section: str, key: str, name: str) -> dict[str, Any]:
    for entry in config[section]:
        if entry["name"] == name:
            return entry[key]
    raise KeyError(f"no {key} {name!r}")


def _bytes(section: dict[str, Any], key: str) -> bytes:
    if section.get(f"{key}-data"):
        return base64.b64decode(section[f"{key}-data"])
    return Path(section[key]).read_bytes() if section.get(key) else b""
