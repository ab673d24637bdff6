"""`python -m tests.chaos`: what `make drill` calls."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from infra.settings import SettingsError
from infra.settings.stack_file import read_stack_file, written
from tests.chaos.catalogue import catalogue
from tests.chaos.circumstances import circumstances
from tests.chaos.faults import SERVICE
from tests.chaos.model import Drill
from tests.chaos.programs import packet_delay
from tests.chaos.record import Record, read_records
from tests.chaos.runner import Outcome, run
from tests.chaos.scene import OUTAGE_SECONDS, Scene
from tests.chaos.table import markdown, text_table
from tests.support.live import RunningStack
from tests.support.load_result import merged
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import PROJECT_ROOT, state_folder
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.leftovers import evict
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.offline.toolchain.programs import vegeta

STACK = "drill"
SETTINGS = PROJECT_ROOT / "tests" / "chaos" / "settings.yaml"
RESULTS = state_folder(PROJECT_ROOT) / "drill-results"


def main(arguments: list[str]) -> int:
    """Run the drills and return the exit code: 0 when every criterion is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--name", nargs="*", default=[], help="only these drills (default: all)")
    parser.add_argument("--list", action="store_true", help="tell the drills and what they do")
    parser.add_argument("--markdown", type=Path, help="write the last results of all drills to this file, too")
    parser.add_argument("--rate", type=int, help="requests a second over each protocol, instead of the drill's own")
    parser.add_argument(
        "--seconds",
        type=float,
        default=OUTAGE_SECONDS,
        help="for how long something is away in the drills called outage-… (default: %(default)g); less is a smoke run",
    )
    parser.add_argument("--keep", action="store_true", help="leave the stack up, for the next run")
    options = parser.parse_args(arguments)
    drills = catalogue()
    if options.list:
        for drill in drills:
            print(f"{drill.name:<24} {drill.purpose}")
        return 0
    unknown = sorted(set(options.name) - {drill.name for drill in drills})
    if unknown:
        print(
            f"error: there is no drill {', '.join(unknown)}: see `python -m tests.chaos --list`.",
            file=sys.stderr,
        )
        return 2
    # Ends the same way as Ctrl-C: with every clean-up.
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell starts its background commands with SIGINT ignored; loads inherit that, and could not be ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = [drill for drill in drills if not options.name or drill.name in options.name]
    try:
        outcomes = _run_all(chosen, options.rate, options.seconds, keep=options.keep)
    except (SettingsError, PulumiError, BootstrapError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _tell(outcomes, read_records(RESULTS, [drill.name for drill in chosen]))
    if options.markdown:
        kept = read_records(RESULTS, [drill.name for drill in drills])
        options.markdown.write_text(markdown(kept), encoding="utf-8")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _run_all(drills: Sequence[Drill], rate: int | None, seconds: float, *, keep: bool) -> list[Outcome]:
    # Built before the first load, so that no compiler takes part in a measurement.
    vegeta(PROJECT_ROOT, Progress())
    packet_delay(PROJECT_ROOT, Progress())
    folder = state_folder(PROJECT_ROOT) / "drills"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # A copy: drills change settings.
    settings = folder / f"Pulumi.{STACK}.yaml"
    settings.write_text(_settings_of(drills), encoding="utf-8")
    workspace = Workspace(PROJECT_ROOT, STACK, settings, quiet=True)
    stack = RunningStack(workspace, StackObjects.of(STACK, workspace.variables))
    with suppress(PulumiError):
        # Of a run whose checkout is gone.
        evict(workspace, stack.objects)
    outcomes: list[Outcome] = []
    try:
        if lifecycle.up(workspace) != 0:
            raise PulumiError("the stack of the drills does not come up: see above.")
        for drill in drills:
            outcomes.append(_run_one(drill, stack, folder / drill.name, rate, seconds))
            if outcomes[-1].problems:
                _renew(workspace)
    finally:
        if not keep and lifecycle.down(workspace, purge=True) != 0:
            print(f"error: the stack {STACK} is not removed: run `make drill` again.", file=sys.stderr)
    return outcomes


def _settings_of(drills: Sequence[Drill]) -> str:
    document = read_stack_file(SETTINGS)
    services = document["config"]["gostack:services"]
    needed = {SERVICE, *(name for drill in drills for name in drill.services)}
    document["config"]["gostack:services"] = {name: values for name, values in services.items() if name in needed}
    return written(document)


def _renew(workspace: Workspace) -> None:
    """Bring up a stack that a drill has left broken, anew if need be: the next one is not to be judged by that."""
    if lifecycle.up(workspace) == 0:
        return
    if lifecycle.down(workspace, purge=True) != 0 or lifecycle.up(workspace) != 0:
        raise PulumiError("the stack of the drills does not come up again: see above.")


def _run_one(drill: Drill, stack: RunningStack, folder: Path, rate: int | None, seconds: float) -> Outcome:
    print(f"\n{drill.name}: {drill.purpose}", flush=True)
    folder.mkdir()
    started = time.monotonic()
    # A stack that is up has its authority already, and it may have changed with the drill before.
    fresh = RunningStack(stack.workspace, stack.objects)
    scene = Scene(fresh, folder, f"{drill.name}-{uuid.uuid4().hex[:8]}", outage_seconds=seconds)
    outcome = run(drill, scene, rate)
    record = Record.of(outcome, circumstances(drill, rate))
    record.write(RESULTS)
    for sentence in record.details:
        print(f"  {sentence}")
    if not outcome.passed:
        for line in merged(outcome.loads.values()).failures_by_second:
            print(f"  {line}")
    print(f"  {'passed' if outcome.passed else 'FAILED'} after {time.monotonic() - started:.0f} s", flush=True)
    return outcome


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(outcomes: Sequence[Outcome], records: Sequence[Record]) -> None:
    print(f"\n{text_table(records)}\n")
    failed = [outcome.drill.name for outcome in outcomes if not outcome.passed]
    print(f"not met: {', '.join(failed)}" if failed else "every criterion is met")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
