"""HashiCorp Vault and OpenBao, secrets engine KV version 2, by one GET: VAULT_ADDR and VAULT_TOKEN say where and who.

https://openbao.org/api-docs/secret/kv/kv-v2/#read-secret-version
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from infra.secret_stores.store import text_of_key

TIMEOUT_SECONDS = 10
_REFUSALS = {
    403: "it may not be read with this token: log in again (`vault login`), or ask for the right to read it.",
    404: "there is no such secret: write it with `vault kv put`, or correct the reference.",
}


def read_vault(place: str, key: str) -> str:
    """Return the value of a key of a secret, `place` being its mount and its path."""
    address = os.environ.get("VAULT_ADDR", "").rstrip("/")
    if not address:
        raise ValueError("VAULT_ADDR is not set: export the address of Vault, like https://vault.example.com:8200.")
    headers = {"X-Vault-Token": _token(), "X-Vault-Request": "true"}
    if namespace := os.environ.get("VAULT_NAMESPACE"):
        headers["X-Vault-Namespace"] = namespace
    mount, _, path = place.partition("/")
    # Without redirects, which would take the token elsewhere.
    pool = urllib3.PoolManager(
        timeout=TIMEOUT_SECONDS, retries=False, ca_certs=os.environ.get("VAULT_CACERT"), headers=headers
    )
    try:
        answer = pool.request("GET", f"{address}/v1/{quote(mount)}/data/{quote(path)}")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ValueError(
            f"{address} cannot be reached ({type(error).__name__}): correct VAULT_ADDR (and VAULT_CACERT), or connect "
            "to its network."
        ) from None
    if answer.status != 200:
        raise ValueError(_REFUSALS.get(answer.status, f"{address} answered with status {answer.status}: try again."))
    return text_of_key(_values(answer.data), key)


def _token() -> str:
    """Of the environment, or where `vault login` keeps it."""
    file = Path.home() / ".vault-token"
    try:
        token = os.environ.get("VAULT_TOKEN") or file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        raise ValueError("there is no token for Vault: export VAULT_TOKEN, or log in with `vault login`.")
    return token


def _values(answer: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(answer)["data"]["data"])
    except (ValueError, KeyError, TypeError):
        raise ValueError("what answered is no secrets engine KV of version 2: correct the mount.") from None
