"""The comment of a pull request and the approvals, against a small server that plays GitHub's API.

Does not prove that GitHub itself answers so; the requests are those of its documentation (REST API, 2022-11-28).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.github_server import TOKEN, Hub, github_server
from tools.gostack.github.approvals import approvals, pull_request_of_commit
from tools.gostack.github.client import GitHub, GitHubError
from tools.gostack.github.comment import put_comment
from tools.gostack.report.render.as_markdown import LONGEST, MARKER

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


def review(login: str, state: str, commit: str = "head", kind: str = "User") -> dict[str, object]:
    # Members and collaborators are not asked for: they may have the right to read alone.
    user = {"login": login, "type": kind}
    return {"user": user, "state": state, "commit_id": commit, "author_association": "MEMBER"}


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
        (review("stranger", "APPROVED"), "of somebody whom the repository does not know"),
        (review("reader", "APPROVED"), "of a member who may read alone"),
        (review("ada", "APPROVED", kind="Bot"), "a program's"),
        (review("ada", "COMMENTED"), "a comment"),
    ],
)
def test_what_is_no_approval_does_not_count(hub: Hub, github: GitHub, given: dict[str, object], why: str) -> None:
    hub.rights |= {"author": "admin", "reader": "read"}
    hub.reviews.append(given)
    assert approvals(github, 7) == 0, why


def test_who_pushed_the_newest_commit_does_not_approve_it(hub: Hub, github: GitHub) -> None:
    hub.reviews += [review("ada", "APPROVED"), review("grace", "APPROVED")]
    hub.activity.insert(0, {"after": "head", "activity_type": "force_push", "actor": {"login": "ada"}})
    hub.activity.append({"after": "earlier", "activity_type": "push", "actor": {"login": "grace"}})
    assert approvals(github, 7) == 1


@pytest.mark.parametrize(
    "activity", [[], [{"after": "earlier", "actor": {"login": "ada"}}], [{"after": "head", "actor": None}]]
)
def test_without_a_known_pusher_there_are_no_approvals(
    hub: Hub, github: GitHub, activity: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.reviews.append(review("ada", "APPROVED"))
    hub.activity[:] = activity
    assert approvals(github, 7) == 0
    assert "who pushed its newest commit is not known" in capsys.readouterr().err


def test_a_branch_of_a_fork_has_no_approvals(hub: Hub, github: GitHub) -> None:
    hub.reviews.append(review("ada", "APPROVED"))
    hub.pull["head"]["repo"] = {"full_name": "stranger/gostack"}
    assert approvals(github, 7) == 0


def test_a_permission_that_cannot_be_asked_for_closes_the_gate(hub: Hub, github: GitHub) -> None:
    hub.reviews.append(review("ada", "APPROVED"))
    hub.rights = {}
    assert approvals(github, 7) == 0
    with pytest.raises(GitHubError):
        approvals(GitHub(github.url, github.repository, "wrong-token"), 7)


def test_a_pull_request_to_another_branch_does_not_open_the_gate_of_main(hub: Hub, github: GitHub) -> None:
    hub.reviews.append(review("ada", "APPROVED"))
    hub.pull["base"]["ref"] = "mine"
    with pytest.raises(GitHubError, match="is to mine, and the gate is for main"):
        approvals(github, 7)


COMMIT = "c" * 40


@pytest.mark.parametrize(
    ("merged", "number"),
    [
        ([{"number": 7, "merged_at": "2026-11-20", "merge_commit_sha": COMMIT}], 7),
        ([{"number": 7, "merged_at": "2026-11-20", "merge_commit_sha": "d" * 40}], None),
        ([{"number": 7, "merged_at": None, "merge_commit_sha": COMMIT}], None),
        (
            [
                {"number": 8, "merged_at": "2026-11-21", "merge_commit_sha": "d" * 40},
                {"number": 7, "merged_at": "2026-11-20", "merge_commit_sha": COMMIT},
            ],
            7,
        ),
        ([], None),
    ],
)
def test_a_commits_pull_request_is_the_one_whose_merge_made_it(
    hub: Hub, github: GitHub, merged: list[dict[str, object]], number: int | None
) -> None:
    hub.merged += merged
    assert pull_request_of_commit(github, COMMIT) == number


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(GitHubError, match="GITHUB_TOKEN is not set"):
        GitHub.of({"GITHUB_REPOSITORY": "owner/gostack"})
