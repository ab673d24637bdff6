"""What a log is told of an update.

Does not prove that Pulumi goes on to write its lines as they are here.
"""

from __future__ import annotations

from itertools import count

from tools.gostack.lifecycle.digest import MOST_STEPS, digest

FIRST = """Updating (dev):
 +  pulumi:pulumi:Stack gostack-dev creating (0s)
 +  gostack:index:Region east creating (0s)
 +  gostack:index:Region east created (0.02s)
 +  docker:index:Network east-network creating (0s)
 +  docker:index:Network east-network created (2.31s)
 +  pulumi:pulumi:Stack gostack-dev created (69s)
Outputs:
    regions: {
        east: "https://localhost:8443"
    }
    url    : "https://localhost:8443"

Resources:
    + 3 created

Duration: 1m9s
"""


def told(text: str) -> list[str]:
    return list(digest(text.splitlines(keepends=True), count().__next__))


def test_what_was_made_is_told_and_no_output() -> None:
    assert told(FIRST) == [
        "Updating (dev):",
        " +  gostack:index:Region east created (0.02s)",
        " +  docker:index:Network east-network created (2.31s)",
        " +  pulumi:pulumi:Stack gostack-dev created (69s)",
        "Resources:",
        "    + 3 created",
        "",
        "Duration: 1m9s",
    ]


def test_what_changes_nothing_is_not_told() -> None:
    same = "".join(f" ~  docker:index:Container users-{index} refreshing (0s)\n" for index in range(5))
    assert told(f"{same}    docker:index:Container users-0 refresh (0.2s)\nResources:\n    128 unchanged\n") == [
        "Resources:",
        "    128 unchanged",
    ]


def test_a_replacement_is_told_once() -> None:
    assert told(
        "++ docker:index:Container users-0 creating replacement (0s) [diff: ~image]\n"
        "++ docker:index:Container users-0 created replacement (3s) [diff: ~image]\n"
        "+- docker:index:Container users-0 replaced (0.00s) [diff: ~image]\n"
        "-- docker:index:Container users-0 deleted original (1s) [diff: ~image]\n"
    ) == ["+- docker:index:Container users-0 replaced (0.00s) [diff: ~image]"]


def test_failures_and_diagnostics_are_told_however_many_steps_there_were() -> None:
    steps = "".join(f" +  t:t:T r{index} created (0s)\n" for index in range(MOST_STEPS + 7))
    failed = " +  docker:index:Container greeter **creating failed** error: 1 error occurred:\n"
    diagnostics = "Diagnostics:\n  docker:index:Container (greeter):\n    error: the container is not healthy\n"
    lines = told(f"{steps}{failed}{diagnostics}")
    assert failed.rstrip() in lines
    assert lines[-4:] == [f"    … {MOST_STEPS + 7} created", *diagnostics.splitlines()]


def test_a_long_update_says_that_it_goes_on() -> None:
    waiting = "".join(f" +  t:t:T r{index} creating (0s)\n" for index in range(40))
    assert told(f" +  t:t:T first created (0s)\n{waiting}")[1:] == [
        "    … 1 created after 17 s",
        "    … 1 created after 34 s",
    ]
