"""How many people have approved exactly what is in a pull request now."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import quote

from tools.gostack.documents import mapping
from tools.gostack.github.client import GitHub, GitHubError

_MAY_WRITE = frozenset({"admin", "maintain", "write"})


def pull_request_of_commit(github: GitHub, commit: str) -> int | None:
    """Return the number of the pull request whose merge made a commit; None for a commit that none made."""
    merged = [
        pull
        for pull in github.pages(f"commits/{commit}/pulls")
        if pull.get("merged_at") and pull.get("merge_commit_sha") == commit
    ]
    return int(merged[0]["number"]) if len(merged) == 1 else None


def approvals(github: GitHub, pull_request: int) -> int:
    """Return the number of approvals of the newest commit; raises GitHubError for a pull request that is not to main.

    Counted are people who may write to the repository, each by their last word; never the author, and never who pushed
    the newest commit. An approval of an earlier commit says nothing about this one.
    """
    pull = github.get(f"pulls/{pull_request}")
    base = pull["base"]
    if base["ref"] != base["repo"]["default_branch"]:
        # What was previewed against another branch is not what the merge into this one would do.
        raise GitHubError(
            f"pull request {pull_request} is to {base['ref']}, and the gate is for {base['repo']['default_branch']}: "
            "change its base."
        )
    pushers = _pushers(github, pull)
    if not pushers:
        print(f"pull request {pull_request}: who pushed its newest commit is not known: 0 approvals", file=sys.stderr)
        return 0
    head, nobody = pull["head"]["sha"], {pull["user"]["login"], *pushers}
    last: dict[str, bool] = {}
    for review in github.pages(f"pulls/{pull_request}/reviews"):
        # None when the account is gone.
        user = review.get("user")
        # A comment neither approves nor takes an approval back.
        if user is None or review["state"] not in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            continue
        approved = review["state"] == "APPROVED" and review.get("commit_id") == head
        last[user["login"]] = approved and user.get("type") == "User"
    people = [person for person, approved in last.items() if approved and person not in nobody]
    return sum(_may_write(github, person) for person in people)


def _pushers(github: GitHub, pull: dict[str, Any]) -> set[str]:
    """Everybody who made the newest commit the head of the pull request's branch; empty when GitHub does not say."""
    head = pull["head"]
    if mapping(head.get("repo")).get("full_name") != github.repository:
        return set()
    branch = quote(f"refs/heads/{head['ref']}", safe="")
    done = [item for item in github.get(f"activity?ref={branch}&per_page=100") if item.get("after") == head["sha"]]
    actors = {str(mapping(item.get("actor")).get("login", "")) for item in done}
    return set() if "" in actors else actors


def _may_write(github: GitHub, person: str) -> bool:
    try:
        found = github.get(f"collaborators/{quote(person, safe='')}/permission")
    except GitHubError as error:
        if "answers 404" in str(error):
            return False
        raise
    return found.get("permission") in _MAY_WRITE
