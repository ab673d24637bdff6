"""The stack of the cases: the probe as several services of strangers, brought up once and removed whatever happens.

It does not prove anything by itself: a failure here is a failure to bring the stack up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.brought_up import PROJECT, brought_up
from tests.integration.cases.client import Client
from tests.integration.cases.support import CasesStack
from tools.offline.toolchain.go_build import build_binary

SETTINGS = Path(__file__).with_name("settings.yaml")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    yield from brought_up("cases", SETTINGS, tmp_path_factory, CasesStack)


@pytest.fixture(scope="session")
def client_program() -> Path:
    return build_binary(PROJECT / "tests" / "probe", "./client", "probe-client", lane="tests")


@pytest.fixture(scope="session")
def client(stack: CasesStack, client_program: Path) -> Iterator[Callable[..., Client]]:
    """Starts a client of the probe: a command, a URL or path, and flags."""
    started: list[Client] = []

    def start(command: str, where: str, *flags: str, connect: str = "") -> Client:
        url = where if "://" in where else stack.url() + where
        arguments = [command, "-url", url, "-ca", str(stack.authority), *flags]
        arguments += ["-connect", connect] if connect else []
        started.append(Client([str(client_program), *arguments]))
        return started[-1]

    yield start
    for one in started:
        one.kill()
