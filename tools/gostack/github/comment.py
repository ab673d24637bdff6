"""The comments of a pull request that are ours, one for each marker: made once, edited afterwards."""

from __future__ import annotations

from typing import Literal

from tools.gostack.github.client import GitHub, GitHubError
from tools.gostack.report.render.as_markdown import LONGEST, MARKER

Outcome = Literal["created", "edited", "unchanged"]


def put_comment(github: GitHub, pull_request: int, body: str, marker: str = MARKER) -> Outcome:
    """Make the comment of a pull request say `body`; raises GitHubError when it cannot.

    It is found by its marker, with which it begins. Somebody else's comment that quotes the marker cannot be edited,
    and is passed over.
    """
    if not body.startswith(marker):
        raise GitHubError("the comment lacks its marker, by which it is found again: make it with `report`.")
    if len(body) > LONGEST:
        raise GitHubError(f"the comment has {len(body)} characters, and GitHub takes {LONGEST}.")
    for comment in github.pages(f"issues/{pull_request}/comments"):
        if not str(comment.get("body") or "").startswith(marker):
            continue
        # GitHub may give line ends back in another form.
        if str(comment["body"]).replace("\r\n", "\n").rstrip() == body.rstrip():
            return "unchanged"
        try:
            github.send("PATCH", f"issues/comments/{comment['id']}", {"body": body})
        except GitHubError as error:
            if "answers 403" in str(error) or "answers 404" in str(error):
                continue
            raise
        return "edited"
    github.send("POST", f"issues/{pull_request}/comments", {"body": body})
    return "created"
