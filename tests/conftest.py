"""What every test has in common: a generated example may take its time, and garbage is not looked for all the time."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import settings

from tests.support.load_result import Answer, Result
from tools.gostack.environment import processes

# What is compiled is kept, whatever the shell says: the SDKs and the tests are half a minute of it, in every process.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What promises on every platform say when they are broken.
pytest.register_assert_rewrite("tests.support.edge", "tests.support.people")

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell starts its background commands with SIGINT and SIGQUIT ignored, and children inherit that: loads and clients,
# which end with SIGINT and then say what they have seen, would never end, and a shell cannot trap what is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def as_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line ends what its process has started, and nothing starts after that; it catches SIGTERM, too."""
    monkeypatch.setattr(processes, "_stopping", threading.Event())
    before = signal.getsignal(signal.SIGTERM)
    yield
    if signal.getsignal(signal.SIGTERM) is not before:
        signal.signal(signal.SIGTERM, before)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Tell requests that failed by their second and what was answered, where a test says that none did."""
    if op != "==" or right != [] or not isinstance(left, list):
        return None
    failures = [one for one in cast("list[object]", left) if isinstance(one, Answer)]
    return [f"{len(failures)} requests failed", *Result(failures).failures_by_second] if failures else None


def pytest_collection_finish() -> None:
    """Leave alone what was imported, and collect seldom: the SDKs' classes are many, and a recorded stack makes so many
    objects that Python looked at all of them dozens of times, for 40 % of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
