"""What a terminal shows of an update while it goes on.

Does not prove that Pulumi goes on to write its lines as they are here.
"""

from __future__ import annotations

import sys
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.lifecycle import workspace as workspaces
from tools.gostack.lifecycle.board import MOST_ROWS, Board, show
from tools.gostack.lifecycle.workspace import Workspace


def shown(board: Board) -> list[str]:
    console = Console(file=StringIO(), width=100)
    with console.capture() as captured:
        console.print(board)
    return [line.rstrip() for line in captured.get().splitlines()]


def taken(*lines: str) -> tuple[Board, list[str]]:
    """A board after these lines, a second for each, and what of them is for the reader."""
    clock = [0.0]
    board = Board(lambda: clock[0])
    passed: list[str] = []
    for line in lines:
        clock[0] += 1
        passed += [text for text in [board.take(f"{line}\n")] if text is not None]
    return board, passed


def test_what_goes_on_is_shown_with_its_age_until_it_has_ended() -> None:
    steps = [
        " +  gostack:index:Region east creating (0s)",
        " +  docker:index:Network east-network creating (0s)",
        " +  docker:index:Network east-network created (2.31s)",
        "++ docker:index:Container users-0 creating replacement (0s) [diff: ~image]",
        " ~  docker:index:Container users-1 refreshing (0s)",
        "    docker:index:Container users-1 refresh (0.2s)",
    ]
    board, passed = taken(*steps)
    assert shown(board) == [
        "1 created after 6 s",
        "creating  east     Region     5 s",
        "creating  users-0  Container  2 s",
    ]
    assert passed == []


def test_many_steps_at_once_do_not_fill_the_terminal() -> None:
    board, _ = taken(*(f" +  t:t:T r{number} creating (0s)" for number in range(MOST_ROWS + 5)))
    assert len(shown(board)) == MOST_ROWS + 2
    assert shown(board)[-1] == "… and 5 more"


def test_what_went_wrong_is_told_and_outputs_are_not() -> None:
    failed = " +  docker:index:Container greeter **creating failed** error: 1 error occurred:"
    diagnostics = ["Diagnostics:", "  docker:index:Container (greeter):", "    error: it is not healthy"]
    board, passed = taken(
        " +  docker:index:Container greeter creating (0s)", failed, *diagnostics, "Outputs:", "    a: 1"
    )
    assert passed == [failed, *diagnostics]
    assert shown(board) == ["nothing changed yet after 7 s"]


def test_texts_of_others_are_shown_as_they_are_and_blank_lines_once() -> None:
    written = StringIO()
    lines = ["Updating (dev):\n", "\n", "\n", "    error: [bold]no[/] https://localhost:8443\n"]
    show(lines, Console(file=written, width=60))
    text = written.getvalue()
    assert "Updating (dev):\n\n    error: [bold]no[/] https://localhost:8443\n" in text


@pytest.mark.parametrize(
    ("terminal", "verbose", "arguments", "expected"),
    [
        (True, False, ["--skip-preview"], "board"),
        (False, False, ["--skip-preview"], "digest"),
        (True, True, ["--skip-preview"], "tree"),
        (False, True, ["--skip-preview"], "lines"),
        # What a person reads before it happens is Pulumi's own.
        (True, False, ["--diff"], "tree"),
        (False, False, ["--diff"], "lines"),
    ],
)
def test_a_terminal_has_the_board_and_a_log_the_digest_unless_somebody_asks_for_more(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, verbose: bool, arguments: list[str], expected: str
) -> None:
    ran: list[str] = []

    def told(_: Workspace, command: list[str], tell: Any) -> int:
        assert "--non-interactive" in command
        ran.append("digest" if tell is workspaces.tell else "board")
        return 0

    def run(command: list[str], **_: Any) -> Any:
        ran.append("lines" if "--non-interactive" in command else "tree")
        return workspaces.subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(Workspace, "_told", told)
    monkeypatch.setattr(Workspace, "_command", lambda *words: ["pulumi", *words[1:]])
    monkeypatch.setattr(workspaces.subprocess, "run", run)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    workspace = Workspace(PROJECT_ROOT, "dev", verbose=verbose)
    # Otherwise the toolchain is looked for, which no test of words needs.
    workspace.__dict__["variables"] = {}
    assert workspace.run("up", *arguments) == 0
    assert ran == [expected]


def test_what_pulumi_says_of_its_own_failure_is_shown_by_the_board(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    locked = "import sys; print('Updating (dev):'); sys.stdout.flush(); sys.exit('error: the stack is locked')"
    monkeypatch.setattr(Workspace, "_command", lambda *_: [sys.executable, "-c", locked])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    workspace = Workspace(PROJECT_ROOT, "dev")
    workspace.__dict__["variables"] = {}
    assert workspace.run("up", "--skip-preview") == 1
    written = capfd.readouterr()
    # Beside what redraws the board.
    assert "Updating (dev):\n" in written.out
    assert "error: the stack is locked\n" in written.out
    assert written.err == ""
