"""The comment of a pull request and the approvals, against a small server that plays GitHub's API.

Does not prove that GitHub itself answers so; the requests are those of its documentation (REST API, 2022-11-28).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.github.approvals import approvals
from delivery.github.client import GitHub, GitHubError
from delivery.github.comment import put_comment
from delivery.report.render.as_markdown import LONGEST, MARKER
from tests.delivery.github_server import TOKEN, Hub, github_server

FIRST = f"{MARKER}\nfirst\n"
SECOND = f"{MARKER}\nsecond\n"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github_server() as running:
        yield running


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def github(hub: Hub, waited: list[float]) -> GitHub:
    known = GitHub.of(hub.variables)
    return GitHub(known.url, known.repository, known.token, waited.append)


def test_a_run_again_edits_its_comment_and_makes_no_second_one(hub: Hub, github: GitHub) -> None:
    for text in ("one", "two", "three", "four", "five"):
        hub.say(text)
    assert put_comment(github, 7, FIRST) == "created"
    assert put_comment(github, 7, SECOND) == "edited"
    assert [comment["body"] for comment in hub.comments if MARKER in comment["body"]] == [SECOND]
    # Of three pages, it stood on the last.
    assert hub.requests.count("GET /repos/owner/gostack/issues/7/comments") == 6


def test_the_same_report_again_changes_nothing(hub: Hub, github: GitHub) -> None:
    put_comment(github, 7, FIRST)
    hub.comments[0]["body"] = FIRST.replace("\n", "\r\n").rstrip()
    assert put_comment(github, 7, FIRST) == "unchanged"
    assert [request for request in hub.requests if request.startswith("PATCH")] == []


def test_somebody_elses_comment_with_the_marker_is_left_alone(hub: Hub, github: GitHub) -> None:
    hub.say(f"{MARKER}\nmine", 99)
    hub.forbidden.add(99)
    hub.say(f"> {MARKER} is quoted here")
    assert put_comment(github, 7, FIRST) == "created"
    assert [comment["body"] for comment in hub.comments][:2] == [f"{MARKER}\nmine", f"> {MARKER} is quoted here"]


def test_a_limit_of_requests_is_waited_for(hub: Hub, github: GitHub, waited: list[float]) -> None:
    hub.limited = 1
    assert put_comment(github, 7, FIRST) == "created"
    assert waited == [1.0]


def test_a_server_that_fails_is_asked_again_and_then_no_more(hub: Hub, github: GitHub, waited: list[float]) -> None:
    hub.broken = 2
    assert put_comment(github, 7, FIRST) == "created"
    assert waited == [1.0, 2.0]
    hub.broken = 100
    with pytest.raises(GitHubError, match=r"GitHub answers 502: Server Error \(GET /repos/owner/gostack/issues/7/comm"):
        put_comment(github, 7, SECOND)


def test_a_wrong_token_is_told_in_one_sentence_that_does_not_name_it(hub: Hub) -> None:
    github = GitHub(hub.url, "owner/gostack", "wrong-token")
    with pytest.raises(GitHubError, match="answers 401: Bad credentials") as error:
        put_comment(github, 7, FIRST)
    assert "wrong-token" not in f"{error.value}{github!r}"


def test_the_token_goes_to_no_other_server(hub: Hub, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("one", "two", "three"):
        hub.say(text)
    asked = hub.url
    hub.url = "http://127.0.0.2:1"
    with pytest.raises(GitHubError, match="next page on another server"):
        list(GitHub(asked, "owner/gostack", TOKEN).pages("issues/7/comments"))


def test_a_report_that_is_too_long_is_refused_before_it_is_sent(hub: Hub, github: GitHub) -> None:
    with pytest.raises(GitHubError, match=str(LONGEST)):
        put_comment(github, 7, MARKER + "x" * LONGEST)
    assert hub.requests == []


def review(login: str, state: str, commit: str = "head", association: str = "MEMBER") -> dict[str, object]:
    return {"user": {"login": login}, "state": state, "commit_id": commit, "author_association": association}


def test_approvals_are_counted_by_the_last_word_of_each_person(hub: Hub, github: GitHub) -> None:
    hub.reviews += [
        review("ada", "APPROVED"),
        review("ada", "COMMENTED"),
        review("grace", "CHANGES_REQUESTED"),
        review("grace", "APPROVED"),
        review("linus", "APPROVED"),
        review("linus", "DISMISSED"),
    ]
    assert approvals(github, 7) == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (review("author", "APPROVED"), "the author's own"),
        (review("ada", "APPROVED", commit="earlier"), "an earlier commit's"),
        (review("stranger", "APPROVED", association="NONE"), "a stranger's"),
        (review("ada", "COMMENTED"), "a comment"),
    ],
)
def test_what_is_no_approval_does_not_count(hub: Hub, github: GitHub, given: dict[str, object], why: str) -> None:
    hub.reviews.append(given)
    assert approvals(github, 7) == 0, why


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(GitHubError, match="GITHUB_TOKEN is not set"):
        GitHub.of({"GITHUB_REPOSITORY": "owner/gostack"})
