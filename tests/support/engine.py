"""A small program of a test, run by the real engine with a state of its own and provider doubles on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.gostack.environment.toolchain import find_toolchain
from tools.gostack.environment.variables import environment

PROJECT = Path(__file__).resolve().parents[2]
DOUBLES = PROJECT / "tools" / "offline" / "providers"
# Not `aws/bin`: what is in a `bin` is used wherever no official plugin is, and nobody may take a rehearsal for an `up`.
_FOLDERS = {"kubernetes": DOUBLES / "kubernetes" / "bin", "aws": DOUBLES / "aws" / "plugin"}


def missing_toolchain() -> str | None:
    """Why the engine cannot be run, for a skipped test; None when it can."""
    return None if find_toolchain(PROJECT) else "there is no Pulumi toolchain: run `make env`"


@dataclass
class Result:
    """What a command of Pulumi gave."""

    code: int
    text: str
    """Output and errors."""


def run_pulumi(folder: Path, variables: dict[str, str], *arguments: str) -> Result:
    """Run a command of Pulumi in a folder."""
    command = shutil.which("pulumi", path=variables["PATH"])
    assert command is not None
    run = subprocess.run(
        [command, "--non-interactive", "--color", "never", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(run.returncode, run.stdout + run.stderr)


@dataclass
class Program:
    """A program in a folder, with one stack."""

    folder: Path
    doubles: tuple[str, ...]
    """The packages whose double is to be used, for example `kubernetes`."""
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        own = {"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}"}
        (self.folder / "state").mkdir(parents=True)
        virtualenv = PROJECT / ".venv"
        text = f"name: shop\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
        (self.folder / "Pulumi.yaml").write_text(text)
        found = {**os.environ, **environment(PROJECT), **own, **self.variables}
        folders = [str(_FOLDERS[name]) for name in self.doubles]
        found["PATH"] = os.pathsep.join([*folders, found["PATH"]])
        # A program of a test may import what the project has.
        found["PYTHONPATH"] = str(PROJECT)
        # Only one of the two may say how secrets are encrypted.
        found.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        self.variables = found
        result = self.pulumi("stack", "init", "test")
        assert result.code == 0, result.text

    def write(self, source: str) -> None:
        """Replace the program."""
        (self.folder / "__main__.py").write_text(source)

    def pulumi(self, *arguments: str) -> Result:
        """Run a command."""
        return run_pulumi(self.folder, self.variables, *arguments)

    def up(self) -> Result:
        """Make the stack what the program says."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", "test", "--suppress-progress")

    def refresh(self) -> Result:
        """Look at what has become of the stack."""
        return self.pulumi("refresh", "--yes", "--skip-preview", "--stack", "test", "--suppress-progress")

    def destroy(self) -> Result:
        """Remove the stack."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test", "--suppress-progress")

    def preview(self, *arguments: str) -> Result:
        """Say what would change."""
        return self.pulumi("preview", "--stack", "test", *arguments)

    def steps(self) -> dict[str, str]:
        """What would happen to each resource, by its name, without what stays the same."""
        result = self.preview("--json")
        assert result.code == 0, result.text
        document = json.loads(result.text[result.text.index("{") :])
        return {
            step["urn"].rsplit("::", 1)[1]: step["op"]
            for step in document["steps"]
            if step["op"] not in ("same", "delete-replaced", "create-replacement")
        }

    def state(self) -> dict[str, Any]:
        """The resources of the state by their name, secrets encrypted."""
        result = self.pulumi("stack", "export", "--stack", "test")
        assert result.code == 0, result.text
        resources = json.loads(result.text)["deployment"].get("resources") or []
        return {resource["urn"].rsplit("::", 1)[1]: resource for resource in resources}
