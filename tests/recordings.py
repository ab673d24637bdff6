"""`python -m tests.recordings`: pictures of the command line at work on a stack that is up, for the documentation.

Each command runs in a terminal of tmux. What that shows once the command has come to what is told of it becomes an
SVG in docs/pictures, in its colours. Meanwhile a few requests a second are sent to the stack, so that there is
something to see. The service of `dev` is compiled, runs for some seconds, and what was released comes back.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from itertools import count
from pathlib import Path

import urllib3
from rich.console import Console
from rich.text import Text

from tests.support.live_stack import StackUnderTest, wait_until
from tools.gostack.cli.guard import guarded
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.lifecycle.workspace import Workspace

PICTURES = PROJECT_ROOT / "docs" / "pictures"
COLUMNS, LINES = 120, 40
REQUESTS_A_SECOND = 8


@dataclass(frozen=True)
class Scene:
    """A picture, and how the command comes to what is on it."""

    command: str
    """What a person types."""

    until: str
    """Regular expression of what the terminal has to show."""

    seconds: float = 300
    """Longest time for that."""

    settles: float = 5
    """Time in seconds after it until the picture is taken."""

    meanwhile: Callable[[], None] = lambda: None
    """What is done once `first` is shown."""

    first: str = ""


class Terminal:
    """A terminal that nobody sees, with a command in it."""

    def __init__(self, name: str, command: str) -> None:
        # A server of its own: whoever uses tmux here keeps theirs.
        self._tmux = ["tmux", "-u", "-L", f"gostack-recording-{name}-{os.getpid()}", "-f", os.devnull]
        size = ["-x", str(COLUMNS), "-y", str(LINES)]
        # Not gone with its command: what that said last is what is wanted.
        wanted = {"remain-on-exit": "on", "status": "off", "default-terminal": "screen-256color"}
        options = [word for name, value in wanted.items() for word in ("set-option", "-g", name, value, ";")]
        self._run(*options, "new-session", "-d", *size, "-c", str(PROJECT_ROOT), command)

    def screen(self) -> str:
        """Return what it shows, with escape sequences for colours alone."""
        return self._run("capture-pane", "-p", "-e")

    def text(self) -> str:
        """Return what it shows and what has left it at the top, without colours."""
        return self._run("capture-pane", "-p", "-J", "-S", "-")

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait for the end of the command."""
        self._run("send-keys", "C-c")
        wait_until(lambda: self._run("display-message", "-p", "#{pane_dead}").strip() == "1", 120, "the command ends")

    def close(self) -> None:
        """End the command, if it runs, and the terminal."""
        self._run("kill-server")

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout


def scenes(service: str, source: Path) -> dict[str, Scene]:
    """Return what is recorded, by the name of the picture."""
    return {
        "up": Scene("gostack up", until=r"Try it:[\s\S]*curl", seconds=900, settles=1),
        "status": Scene("gostack status -w", until=r"settings say", settles=8),
        "logs": Scene("gostack logs -f --since 1s", until=rf"{service}-\S+ +\|", settles=8),
        "dev": Scene(
            f"gostack dev {service}",
            first="is watched",
            # As an editor does that saves a file, though nothing in it is another.
            meanwhile=source.touch,
            until=r"is watched[\s\S]*s after the save",
        ),
    }


def picture(name: str, title: str, screen: str) -> str:
    """Return a terminal's text with escape sequences for colours as SVG, without blank lines at its end."""
    console = Console(record=True, width=COLUMNS, file=StringIO())
    # Where this checkout is, is nobody's business.
    console.print(Text.from_ansi(screen.rstrip().replace(str(PROJECT_ROOT), "~/gostack")), soft_wrap=True)
    svg = console.export_svg(title=title, unique_id=f"terminal-{name}")
    # Its font is somebody else's address, which a page that is read here should not ask.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def record(name: str, scene: Scene) -> None:
    """Play a scene and write its picture; raises AssertionError when the command does not come to it."""
    program = shlex.quote(str(PROJECT_ROOT / ".venv" / "bin" / "gostack"))
    terminal = Terminal(name, f"exec {scene.command.replace('gostack', program, 1)}")
    try:
        if scene.first:
            _shows(terminal, scene.first, scene.seconds)
            scene.meanwhile()
        _shows(terminal, scene.until, scene.seconds)
        time.sleep(scene.settles)
        screen = terminal.screen()
        with suppress(subprocess.CalledProcessError):
            terminal.interrupt()
    finally:
        terminal.close()
    (PICTURES / f"terminal-{name}.svg").write_text(picture(name, scene.command, screen), encoding="utf-8")
    print(f"docs/pictures/terminal-{name}.svg")


@contextmanager
def asked(stack: StackUnderTest) -> Generator[None]:
    """Requests to a stack's users for as long as it lasts: most are answered, one of ten asks for nobody."""
    ended = threading.Event()
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)
    url = stack.users_url

    def paths() -> Iterator[str]:
        return (f"{url}/999999999" if number % 10 == 9 else f"{url}?page_size=1" for number in count())

    def ask() -> None:
        for path in paths():
            if ended.wait(1 / REQUESTS_A_SECOND):
                return
            with suppress(urllib3.exceptions.HTTPError):
                pool.request("GET", path)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def main(arguments: list[str]) -> int:
    """Record all scenes, or those that are named, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.recordings", description=__doc__)
    parser.add_argument("names", nargs="*", help="pictures; default: all")
    parser.add_argument("--service", default="users", help="of the dev stack (default: users)")
    options = parser.parse_args(arguments)

    def run() -> int:
        workspace = Workspace(PROJECT_ROOT, "dev")
        source = next((PROJECT_ROOT / str(workspace.settings.services[options.service].context)).rglob("*.go"))
        known = scenes(options.service, source)
        with asked(StackUnderTest(workspace)):
            for name in options.names or known:
                record(name, known[name])
        return 0

    return guarded(run)


def _shows(terminal: Terminal, pattern: str, seconds: float) -> None:
    wait_until(lambda: re.search(pattern, terminal.text()) is not None, seconds, f"the terminal shows {pattern}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
