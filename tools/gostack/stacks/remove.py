"""`gostack stack remove`: a stack goes with its data, its file, and what the backend knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from infra.settings import load_stack_file
from infra.settings.expiry import expiry_text
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.processes import capture
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.report import authority_file
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.stacks.new import write_stack_file


def remove_stack(project: Path, name: str, origin: str | None = None) -> int:
    """Remove a stack with all that it has, and return the exit code.

    What was removed before is no error, so it can be run again when it was cut off. Where the checkout has no file of
    the stack, it is written like that of `origin` first: it says which cluster is meant.

    Raises UserError, also for a file under version control, whose stack is nobody's to forget.
    """
    workspace = Workspace(project, name)
    file = workspace.stack_file
    tracked = capture(["git", "-C", str(project), "ls-files", "--", file.name])
    if tracked is None:
        raise UserError(
            f"git does not say whether {file.name} is under version control, so {name} is not removed: run it in a "
            "checkout."
        )
    if tracked:
        raise UserError(
            f"{file.name} is under version control, so {name} is not a stack for a while: "
            f"`gostack down --stack {name} --purge` removes it with its data, and git its file."
        )
    if not file.exists():
        if origin is None:
            raise UserError(f"{file.name} does not exist: name with --from the stack that it was like.")
        settings = load_stack_file(project / f"Pulumi.{origin}.yaml", project)
        # A removal that fails leaves the file: with a time, the next sweep finds it.
        write_stack_file(project, name, origin, settings, {"expires": expiry_text(datetime.now(UTC))})
    code = lifecycle.down(workspace, purge=True, forget=True)
    if code == 0:
        for one in (workspace.configuration_file, authority_file(workspace), file):
            one.unlink(missing_ok=True)
        print(f"{name} is removed: its data, its state and {file.name}")
    return code
