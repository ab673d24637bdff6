"""Where flags are: under one key in the Consul datacenter of every region, beside a key with their history."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import urllib3

from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.errors import UserError
from tools.gostack.flags.document import Document, parse

LONGEST_HISTORY = 100
"""Changes that are kept."""

LARGEST_HISTORY = 131_072
"""Bytes of them."""

_SECONDS = 5


class StoreError(UserError):
    """A region's flags cannot be read or written; the text says why."""


class ChangedMeanwhileError(StoreError):
    """Somebody else has written since the document was read."""


@dataclass(frozen=True)
class Change:
    """One change of a service's flags."""

    version: int
    at: str
    """Time in UTC."""

    by: str
    """Who, as `user@host`."""

    flag: str
    what: str
    """The change in words."""

    definition: Mapping[str, Any] | None
    """The flag afterwards; None where it was removed."""


@dataclass(frozen=True)
class Stored:
    """What one region has."""

    document: Document
    index: int
    """Consul's number of the last change of the key; 0 where the key is absent."""

    history: Sequence[Change]
    """Newest first."""

    server: str
    """URL of the Consul that answered."""


@dataclass(frozen=True)
class FlagStore:
    """The keys of one service."""

    consul: Mapping[str, str]
    """Region, which is the name of its datacenter, to the URL of its Consul."""

    service: str

    @property
    def key(self) -> str:
        """Key of the document."""
        return f"flags/{self.service}"

    @property
    def history_key(self) -> str:
        """Key of its history."""
        return f"flags-history/{self.service}"

    def read(self, region: str) -> Stored:
        """Return what a region has, asked through another region's Consul when its own server does not answer; raises
        StoreError."""
        problem = ""
        for server in (self.consul[region], *(url for name, url in self.consul.items() if name != region)):
            try:
                index, text = self._get(server, region, self.key)
                _, history = self._get(server, region, self.history_key)
            except StoreError as error:
                problem = problem or str(error)
                continue
            try:
                document = parse(text) if text else Document()
            except UserError as error:
                raise StoreError(f"the document in {region} is not understood ({error})") from None
            return Stored(document, index, _changes(history), server)
        raise StoreError(problem)

    def write(self, region: str, before: Stored, document: Document, history: Sequence[Change]) -> None:
        """Write document and history at once, if nobody has since `before`; raises StoreError."""
        kept = [asdict(change) for change in history[:LONGEST_HISTORY]]
        while len(json.dumps(kept)) > LARGEST_HISTORY:
            kept.pop()
        operations = [
            _operation("cas", self.key, document.text(), Index=before.index),
            _operation("set", self.history_key, json.dumps(kept)),
        ]
        status, text = _asked("PUT", f"{before.server}/v1/txn?dc={region}", json.dumps(operations).encode())
        if status == 409:
            raise ChangedMeanwhileError(f"somebody else has changed the flags of {self.service} in {region} meanwhile")
        if status != 200:
            raise StoreError(f"Consul answers {status} ({text.strip()[:200]})")

    def _get(self, server: str, region: str, key: str) -> tuple[int, str]:
        """Index and text of a key; 0 and empty where it is absent."""
        status, text = _asked("GET", f"{server}/v1/kv/{key}?dc={region}")
        if status == 404:
            return 0, ""
        if status != 200:
            raise StoreError(f"Consul answers {status} ({text.strip()[:200]})")
        found = mappings(json.loads(text))[0]
        return int(found["ModifyIndex"]), base64.b64decode(found["Value"] or "").decode()


def _operation(verb: str, key: str, text: str, **more: int) -> dict[str, Any]:
    return {"KV": {"Verb": verb, "Key": key, "Value": base64.b64encode(text.encode()).decode(), **more}}


def _asked(method: str, url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        answer = urllib3.request(method, url, body=body, retries=False, redirect=False, timeout=_SECONDS)
    except urllib3.exceptions.HTTPError as error:
        raise StoreError(f"{url.partition('/v1/')[0]} does not answer ({type(error).__name__})") from None
    return answer.status, answer.data.decode(errors="replace")


def _changes(text: str) -> list[Change]:
    try:
        return [Change(**mapping(one)) for one in mappings(json.loads(text))] if text else []
    except (ValueError, TypeError):
        # What somebody wrote there by hand is no reason to refuse the off-switch.
        return []
