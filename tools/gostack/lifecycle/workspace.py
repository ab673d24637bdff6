"""One stack of this checkout, and the Pulumi command that acts on it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from infra.settings import Settings, SettingsError, load_stack_file, require_stack_name
from infra.settings.stack_file import SALT, encrypted, read_stack_file, read_text, with_salt, written
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import state_folder
from tools.gostack.environment.variables import environment
from tools.gostack.lifecycle.digest import tell

_ON_CLUSTER = {"gostack:kubernetes", "gostack:aws"}
YIELDING = ("nice", "-n", "10")
"""Runs a command with less of the processors than others get while they want more than there are."""


@dataclass(frozen=True)
class Workspace:
    """A checkout and the name of one of its stacks."""

    project: Path
    """Folder with Pulumi.yaml."""

    stack: str
    """Name of the stack."""

    settings_file: Path | None = None
    """The stack's settings, when they are not in `Pulumi.<stack>.yaml`."""

    quiet: bool = False
    """True keeps Pulumi's progress to itself unless it fails."""

    verbose: bool = False
    """True shows every step in Pulumi's own words: its lines in a log, its tree on a terminal."""

    leave_rows: tuple[str, ...] = ()
    """Schemas, volumes and regions whose data may stay behind while another one begins without any."""

    @cached_property
    def variables(self) -> dict[str, str]:
        """Environment of every command: this process's own and what puts the toolchain in reach."""
        return {**os.environ, **self.toolchain_variables}

    @property
    def toolchain_variables(self) -> dict[str, str]:
        """What puts the toolchain in reach of plain `pulumi`, for this stack."""
        return environment(self.project, cluster=self._on_cluster())

    @property
    def stack_file(self) -> Path:
        """The stack's settings, as people write them."""
        return self.settings_file or self.project / f"Pulumi.{self.stack}.yaml"

    @property
    def settings(self) -> Settings:
        """The stack's settings; raises SettingsError."""
        settings = load_stack_file(self.stack_file, self.project)
        require_stack_name(self.stack, settings)
        return settings

    @property
    def configuration_file(self) -> Path:
        """A copy of the settings, into which Pulumi writes how the state is encrypted.

        That depends on this checkout's passphrase: in the file under version control it would be a change that nobody
        may commit.
        """
        return state_folder(self.project) / f"Pulumi.{self.stack}.yaml"

    @property
    def backend_folder(self) -> Path | None:
        """Folder with the state when it is kept in files of this machine, else None."""
        url = urlsplit(self.variables.get("PULUMI_BACKEND_URL", ""))
        if url.scheme != "file":
            return None
        return Path(url.netloc + url.path).expanduser()

    def _on_cluster(self) -> bool:
        """Whether the stack needs Pulumi's Kubernetes plugin, as its file says without being checked."""
        document = read_stack_file(self.stack_file) if self.stack_file.is_file() else {}
        config: dict[str, Any] = document.get("config") or {}
        return config.get("gostack:platform") == "kubernetes" or not config.keys().isdisjoint(_ON_CLUSTER)

    def prepare(self) -> None:
        """Write the configuration file and create the stack when it does not exist yet."""
        salt = "" if self.exists() else self._create()
        document = read_stack_file(self.stack_file)
        text = self.stack_file.read_text(encoding="utf-8")
        # What the file itself has encrypted can be read by its own salt alone.
        own = document.get(SALT)
        salt = own if _holds_secrets(document) else salt or _salt(self.configuration_file) or own
        self.configuration_file.write_text(_salted(text, document, salt), encoding="utf-8")

    def exists(self) -> bool:
        """Whether the backend knows the stack."""
        listed = json.loads(self.capture("stack", "ls", "--json"))
        return any(entry["name"].split("/")[-1] == self.stack for entry in listed)

    def run(self, verb: str, *arguments: str) -> int:
        """Run `pulumi <verb>` on the stack with this terminal as its own and return its exit code."""
        command = [*self._command(verb), "--stack", self.stack, "--config-file", str(self.configuration_file)]
        terminal = sys.stdout.isatty() and not self.quiet
        # A preview is there to be read.
        told_here = not self.quiet and not self.verbose and "--skip-preview" in arguments
        if told_here or not terminal:
            # A log file is read for what happened, not for how it went on.
            command += ["--non-interactive", "--suppress-progress"]
        if told_here:
            return self._told([*command, *arguments], _on_board if terminal else tell)
        output = subprocess.PIPE if self.quiet else None
        result = subprocess.run(
            [*command, *arguments], cwd=self.project, env=self.variables, stdout=output, text=True, check=False
        )
        if self.quiet and result.returncode != 0:
            print(result.stdout, file=sys.stderr)
        return result.returncode

    def _told(self, command: list[str], tell: Callable[[Iterable[str]], None]) -> int:
        with subprocess.Popen(
            command,
            cwd=self.project,
            env=self.variables,
            stdout=subprocess.PIPE,
            # What is written to a terminal beside the board is drawn over.
            stderr=subprocess.STDOUT if tell is _on_board else None,
            text=True,
            errors="replace",
        ) as running:
            try:
                tell(running.stdout or ())
            except BaseException:
                # As subprocess.run does: nothing may go on behind the lock of a command that is gone.
                running.kill()
                raise
        return running.returncode

    def capture(self, *arguments: str, folder: Path | None = None, text: str | None = None) -> str:
        """Run `pulumi` with these arguments, and with `text` as its input, and return what it prints; raises
        PulumiError with its last words."""
        result = subprocess.run(
            self._command("--non-interactive", *arguments),
            cwd=folder or self.project,
            env=self.variables,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise PulumiError(result.stderr.strip().removeprefix("error: ") or result.stdout.strip())
        return result.stdout

    def forget(self) -> None:
        """Remove the stack, which must hold no resource any more, from the backend; raises PulumiError."""
        # Its file is not Pulumi's to remove.
        self.capture("stack", "rm", "--yes", "--preserve-config", "--stack", self.stack)

    def state(self) -> dict[str, Any]:
        """The stack's deployment with secrets encrypted: `resources`, `pending_operations`."""
        return json.loads(self.capture("stack", "export", "--stack", self.stack)).get("deployment") or {}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secrets are masked."""
        return json.loads(self.capture("stack", "output", "--json", "--stack", self.stack))

    @property
    def command(self) -> str:
        """Path of the Pulumi command; raises PulumiError when there is none."""
        pulumi = shutil.which("pulumi", path=self.variables["PATH"])
        if pulumi is None:
            raise PulumiError("there is no pulumi command: run `make up`, which gets one")
        return pulumi

    def _command(self, *arguments: str) -> list[str]:
        # Where the stack runs on this machine, its clients come first.
        return [*YIELDING, self.command, *arguments]

    def _create(self) -> str:
        """Create the stack and return the salt of its secrets; empty when the backend has other ways."""
        # Pulumi writes the salt into the stack file beside Pulumi.yaml: here that is a folder of its own.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "Pulumi.yaml").write_bytes((self.project / "Pulumi.yaml").read_bytes())
            self.capture("stack", "init", self.stack, "--no-select", folder=folder)
            return _salt(folder / f"Pulumi.{self.stack}.yaml")


def _salt(file: Path) -> str:
    """Return the salt in a file that Pulumi or `prepare` wrote; empty when there is none."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = re.search(rf"^\"?{SALT}\"?: \"?([^\"\s]+)", text, flags=re.M)
    return found[1] if found else ""


def _salted(text: str, document: dict[str, Any], salt: str | None) -> str:
    """Return the text of a stack file with this salt, and nothing else changed."""
    if not salt:
        return text
    salted, wanted = with_salt(text, salt), {**document, SALT: salt}
    try:
        kept = read_text(salted, "") == wanted
    except SettingsError:
        # Braces around all of it, for example: there is no line to put it into.
        kept = False
    return salted if kept else written(wanted)


def _holds_secrets(value: Any) -> bool:
    """Whether a value is encrypted, or holds one that is."""
    if encrypted(value) is not None:
        return True
    if isinstance(value, dict):
        return any(_holds_secrets(member) for member in cast("dict[str, Any]", value).values())
    return isinstance(value, list) and any(_holds_secrets(item) for item in cast("list[Any]", value))


def _on_board(lines: Iterable[str]) -> None:
    # Imported here: it takes time, and most commands have no use for it.
    from tools.gostack.lifecycle.board import show

    show(lines)


def demand_up(outputs: Mapping[str, Any], stack: str, key: str = "regions") -> None:
    """Raise PulumiError when these outputs of a stack lack one that every stack has that is up."""
    if not outputs.get(key):
        make = "make up" if stack == "dev" else f"make up STACK={stack}"
        raise PulumiError(f"the stack {stack} is not up: run `{make}`.")


class PulumiError(UserError):
    """The Pulumi command failed; the text is what it said last."""
