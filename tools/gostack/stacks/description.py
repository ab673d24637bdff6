"""Where a running stack is, from the job that made it to the comment of its pull request.

What made it is a branch's own code. So the comment is written by other code, from values of known shapes alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import ValidationError

from infra.settings.base import RegionName, Section, shaped
from infra.settings.expiry import Expiry
from tools.gostack.documents import write_or_print
from tools.gostack.environment.errors import UserError
from tools.gostack.github.client import GitHub
from tools.gostack.github.comment import put_comment
from tools.gostack.lifecycle.workspace import Workspace, demand_up

MARKER = "<!-- gostack-stack -->"

_HOST = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_Url = Annotated[str, shaped(rf"https://{_HOST}(:[0-9]{{1,5}})?", "the URL of a stack", "https://pr-1.example.com")]
_Address = Annotated[str, shaped(rf"{_HOST}:[0-9]{{1,5}}", "an address with its port", "10.0.0.1:443")]


class Description(Section):
    """A running stack, as a pull request's comment tells of it."""

    stack: Annotated[str, shaped(r"[a-z0-9][a-z0-9._-]{0,62}", "the name of a stack", "pr-1")]
    """Name."""

    url: _Url
    """URL of the first region's ingress."""

    addresses: dict[RegionName, _Address]
    """Region to host and port of its load balancer."""

    expires: Expiry | None = None
    """Time in UTC after which it is removed; None for a stack that stays."""


def describe(workspace: Workspace, output: Path | None) -> int:
    """Print, or write into a file, where a running stack is, as JSON, and return 0; raises PulumiError."""
    outputs = workspace.outputs()
    demand_up(outputs, workspace.stack, "url")
    found = Description(
        stack=workspace.stack,
        url=outputs["url"],
        addresses=outputs["addresses"],
        expires=workspace.settings.expires,
    )
    write_or_print(f"{found.model_dump_json(indent=2)}\n", output)
    return 0


def comment(file: Path, pull_request: int) -> int:
    """Put where a stack is into a comment of its pull request and return 0; raises UserError."""
    try:
        found = Description.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UserError(
            f"{file} is not what `gostack stack describe` writes ({' '.join(str(error).split())})."
        ) from None
    outcome = put_comment(GitHub.of(), pull_request, as_markdown(found), MARKER)
    print(f"the comment of pull request {pull_request} is {outcome}")
    return 0


def as_markdown(found: Description) -> str:
    """Return the comment's text."""
    until = f"until {found.expires} or " if found.expires is not None else "until "
    address = next(iter(found.addresses.values()))
    return "\n".join(
        [
            MARKER,
            f"**{found.url}** is this pull request's own stack, `{found.stack}`, {until}the end of the pull request. "
            "A push brings it up to date.",
            "",
            "It has rows of its own, and a certificate that its own authority has signed. "
            f"Where DNS does not lead there: `curl --insecure --connect-to ::{address} {found.url}`",
            "",
        ]
    )
