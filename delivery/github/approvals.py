"""How many people have approved exactly what is in a pull request now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Required, TypedDict

from delivery.github.client import GitHub

_MAY_APPROVE = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


class User(TypedDict):
    """Somebody on GitHub."""

    login: str
    """The name."""


class Review(TypedDict, total=False):
    """What somebody said of a pull request."""

    user: User | None
    """Who; None when the account is gone."""

    state: Required[str]
    """`APPROVED`, `CHANGES_REQUESTED`, `DISMISSED` or `COMMENTED`."""

    author_association: str
    """What the person is to the repository."""

    commit_id: str
    """What was looked at."""


def pull_request_of_commit(github: GitHub, commit: str) -> int | None:
    """Return the number of the merged pull request that a commit came with; None for one that came without."""
    merged = [pull for pull in github.pages(f"commits/{commit}/pulls") if pull.get("merged_at")]
    return int(merged[0]["number"]) if merged else None


def approvals(github: GitHub, pull_request: int) -> int:
    """Return the number of approvals of the newest commit.

    Counted are people who belong to the repository, each by their last word, and never the author. An approval of an
    earlier commit says nothing about this one.
    """
    pull = github.get(f"pulls/{pull_request}")
    head, author = pull["head"]["sha"], pull["user"]["login"]
    last: dict[str, bool] = {}
    reviews: Iterator[Review] = github.pages(f"pulls/{pull_request}/reviews")
    for review in reviews:
        user = review.get("user")
        person = user.get("login") if user else None
        # A comment neither approves nor takes an approval back.
        if person is None or person == author or review["state"] not in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            continue
        member = review.get("author_association") in _MAY_APPROVE
        last[person] = member and review["state"] == "APPROVED" and review.get("commit_id") == head
    return sum(last.values())
