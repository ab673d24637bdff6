"""A server that plays the part of GitHub's API that the pipeline uses: comments in pages, reviews,
permissions, runs, a limit of requests.

It keeps what it is sent, so that tests can say which requests were made.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "owner/gostack"
TOKEN = "token-of-the-run"
PAGE = 2
"""Comments on a page, however many are asked for: few, so that every test turns pages."""


@dataclass
class Hub:
    """What the server knows."""

    comments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    reviews: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pull: dict[str, Any] = field(
        default_factory=lambda: {
            "head": {"sha": "head", "ref": "change", "repo": {"full_name": REPOSITORY}},
            "base": {"ref": "main", "repo": {"default_branch": "main"}},
            "user": {"login": "author"},
        }
    )
    activity: list[dict[str, Any]] = field(
        default_factory=lambda: [{"after": "head", "activity_type": "push", "actor": {"login": "author"}}]
    )
    """What happened to the branch of the pull request."""
    rights: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("ada", "grace", "linus"), "write"))
    """Person to permission; GitHub knows nobody else."""
    newest: str = ""
    """Newest commit of the main branch."""
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Runs of the workflow of the main branch."""
    jobs: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    """Run to what its jobs came to."""
    merged: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Pull requests that a commit of the main branch came with."""
    limited: int = 0
    """Requests that are refused because there were too many."""
    broken: int = 0
    """Requests that fail inside the server."""
    forbidden: set[int] = field(default_factory=set[int])
    """Comments that belong to somebody else."""
    requests: list[str] = field(default_factory=list[str])
    url: str = ""

    def say(self, body: str, number: int | None = None) -> dict[str, Any]:
        """Somebody writes a comment."""
        comment = {"id": number or len(self.comments) + 1, "body": body}
        self.comments.append(comment)
        return comment

    @property
    def variables(self) -> dict[str, str]:
        """What a workflow's runner would set."""
        return {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}


@contextmanager
def github_server() -> Iterator[Hub]:
    """Run the server while the block does."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def do_PATCH(self) -> None:
            self._answer("PATCH")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            """Tests read what was asked from the hub."""

        def _answer(self, method: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            url = urlsplit(self.path)
            hub.requests.append(f"{method} {url.path}")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._send(401, {"message": "Bad credentials"})
            if hub.limited:
                hub.limited -= 1
                return self._send(403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "1"})
            if hub.broken:
                hub.broken -= 1
                return self._send(502, {"message": "Server Error"})
            return self._route(method, url.path, int(parse_qs(url.query).get("page", ["1"])[0]), body)

        def _route(self, method: str, path: str, page: int, body: dict[str, Any]) -> None:
            base = f"/repos/{REPOSITORY}"
            if re.fullmatch(rf"{base}/issues/\d+/comments", path):
                if method == "POST":
                    return self._send(201, hub.say(body["body"]))
                return self._page(path, hub.comments, page)
            if match := re.fullmatch(rf"{base}/issues/comments/(\d+)", path):
                number = int(match[1])
                if number in hub.forbidden:
                    return self._send(403, {"message": "Resource not accessible by integration"})
                comment = next(item for item in hub.comments if item["id"] == number)
                comment["body"] = body["body"]
                return self._send(200, comment)
            if re.fullmatch(rf"{base}/commits/[0-9a-f]{{40}}/pulls", path):
                return self._page(path, hub.merged, page)
            if re.fullmatch(rf"{base}/pulls/\d+/reviews", path):
                return self._page(path, hub.reviews, page)
            if re.fullmatch(rf"{base}/pulls/\d+", path):
                return self._send(200, hub.pull)
            if path == base:
                return self._send(200, {"default_branch": "main"})
            if path == f"{base}/branches/main":
                return self._send(200, {"commit": {"sha": hub.newest}})
            if path == f"{base}/activity":
                return self._send(200, hub.activity)
            if path == f"{base}/actions/workflows/main.yml/runs":
                return self._send(200, {"workflow_runs": hub.runs})
            if match := re.fullmatch(rf"{base}/actions/runs/(\d+)/jobs", path):
                found = hub.jobs.get(int(match[1]), {})
                return self._send(200, {"jobs": [{"name": k, "conclusion": v} for k, v in found.items()]})
            match = re.fullmatch(rf"{base}/collaborators/([^/]+)/permission", path)
            if match and match[1] in hub.rights:
                return self._send(200, {"permission": hub.rights[match[1]]})
            return self._send(404, {"message": "Not Found"})

        def _page(self, path: str, items: list[dict[str, Any]], page: int) -> None:
            link = {}
            if len(items) > page * PAGE:
                link = {"Link": f'<{hub.url}{path}?per_page=100&page={page + 1}>; rel="next", <{hub.url}>; rel="last"'}
            self._send(200, items[(page - 1) * PAGE : page * PAGE], link)

        def _send(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
