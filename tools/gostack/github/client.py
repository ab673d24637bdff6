"""GitHub's REST API with the patience that it asks for: pages are followed, and a limit is waited for."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError

ATTEMPTS = 4
LONGEST_WAIT = 300
"""Seconds; whoever is told to wait longer gives up and says so."""

_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class GitHubError(UserError):
    """GitHub refuses; the text says what and why."""


@dataclass(frozen=True)
class GitHub:
    """One repository on GitHub, or on a server of GitHub's own kind."""

    url: str
    """Where the API is, for example https://api.github.com."""

    repository: str
    """Owner and name, with a slash between them."""

    token: str = field(repr=False)
    """Token of the run; never shown."""

    wait: Callable[[float], None] = time.sleep
    """Waits seconds."""

    @classmethod
    def of(cls, variables: Mapping[str, str] = os.environ) -> GitHub:
        """Take what the runner of a workflow sets; raises GitHubError when a variable is missing."""
        for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            if not variables.get(name):
                raise GitHubError(f"{name} is not set: a workflow gives it, elsewhere export it.")
        url = variables.get("GITHUB_API_URL") or "https://api.github.com"
        return cls(url.rstrip("/"), variables["GITHUB_REPOSITORY"], variables["GITHUB_TOKEN"])

    def get(self, path: str) -> Any:
        """Return one document of the repository; the repository itself for an empty path."""
        return self._send("GET", f"{self._base}/{path}".rstrip("/"))[0]

    def pages(self, path: str) -> Iterator[Any]:
        """Return the items of a list, page after page."""
        url: str | None = f"{self._base}/{path}?per_page=100"
        while url is not None:
            items, link = self._send("GET", url)
            yield from items
            following = _NEXT.search(link)
            url = following[1] if following else None
            if url is not None and not url.startswith(f"{self.url}/"):
                raise GitHubError("GitHub names a next page on another server: not followed, it would get the token.")

    def send(self, method: str, path: str, document: Mapping[str, Any]) -> Any:
        """Create or change something of the repository and return it."""
        return self._send(method, f"{self._base}/{path}", document)[0]

    @property
    def _base(self) -> str:
        return f"{self.url}/repos/{self.repository}"

    def _send(self, method: str, url: str, document: Mapping[str, Any] | None = None) -> tuple[Any, str]:
        pool = urllib3.PoolManager(retries=False, timeout=30)
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "gostack",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        body = json.dumps(document).encode() if document is not None else None
        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                response = pool.request(method, url, body=body, headers=headers, redirect=False)
            except urllib3.exceptions.HTTPError as error:
                problem = f"cannot be reached ({type(error).__name__})"
                self.wait(2**attempt)
                continue
            if response.status < 300:
                return (json.loads(response.data or b"null"), response.headers.get("Link", ""))
            problem = f"answers {response.status}: {_message(response.data)}"
            pause = _pause(response, attempt)
            if pause is None:
                break
            if pause > LONGEST_WAIT:
                raise GitHubError(
                    f"GitHub's limit of requests is reached for another {pause:.0f} s: run this again then."
                )
            self.wait(pause)
        path = url.removeprefix(self.url)
        raise GitHubError(f"GitHub {problem} ({method} {path.split('?')[0]}).")


def step_outputs(**values: str) -> None:
    """Make these outputs of the step of a workflow that runs this; elsewhere nothing happens. `_` stands for `-`."""
    if file := os.environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.writelines(f"{name.replace('_', '-')}={value}\n" for name, value in values.items())


def _pause(response: urllib3.BaseHTTPResponse, attempt: int) -> float | None:
    """Seconds after which the request may be sent again; None when that would be of no use."""
    headers = response.headers
    limited = response.status == 429 or (
        response.status == 403 and ("Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0")
    )
    if limited:
        if headers.get("Retry-After", "").isdigit():
            return float(headers["Retry-After"])
        if headers.get("X-RateLimit-Reset", "").isdigit():
            return max(1.0, float(headers["X-RateLimit-Reset"]) - time.time())
        return 60.0
    return float(2**attempt) if response.status >= 500 else None


def _message(data: bytes) -> str:
    try:
        document: object = json.loads(data)
    except ValueError:
        return "no reason given"
    return str(mapping(document).get("message", "no reason given"))
