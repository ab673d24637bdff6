"""What the ingress answers itself, when no service does."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class OwnAnswer:
    """One answer of the ingress: a JSON object with `code`, `message` and `data`, which is null."""

    location: str
    """Name of the location in nginx.conf that gives it."""

    status: int
    """HTTP status."""

    message: str
    """A sentence for people."""

    retry_after: int = 0
    """Time in seconds after which clients are asked to come back; 0 asks nothing."""

    @property
    def body(self) -> str:
        """The text that clients get."""
        return json.dumps({"code": self.status, "message": self.message, "data": None}, separators=(",", ":"))


OWN_ANSWERS = (
    OwnAnswer("unauthorized", 401, "log in first"),
    OwnAnswer("no_certificate", 403, "this host is for clients with a certificate"),
    OwnAnswer("not_found", 404, "no such path"),
    OwnAnswer("too_large", 413, "the request body is too large"),
    OwnAnswer("too_many", 429, "too many requests, slow down", retry_after=1),
    OwnAnswer("unavailable", 503, "the service is not available right now", retry_after=1),
    OwnAnswer("late", 504, "the service did not answer in time"),
    OwnAnswer("broken", 502, "the service broke the connection off"),
)

MAINTENANCE = OwnAnswer("maintenance", 503, "the service is down for maintenance", retry_after=60)
"""What the routes of a service answer while `maintenance` is true. Browsers get it as a page."""


def is_own_answer(status: int, body: bytes) -> bool:
    """Return whether the ingress gave this answer itself."""
    return any(answer.status == status and answer.body.encode() == body for answer in (*OWN_ANSWERS, MAINTENANCE))
