"""`python -m tools.gostack.environment <command>`: prepare this machine for `pulumi up`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.processes import stop_children
from tools.gostack.environment.progress import Progress

if TYPE_CHECKING:
    from infra.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed with one message, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tools.gostack.environment", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    everything = commands.add_parser("all", help="make everything ready: toolchain, Docker engine, images")
    environment = commands.add_parser("env", help="print `export` lines for the shell")
    doctor = commands.add_parser("doctor", help="look for what would make `make up` fail")
    commands.add_parser("toolchain", help="make only the Pulumi toolchain ready")
    commands.add_parser("staticcheck", help="print the path of the Go analyser, built if need be")
    commands.add_parser("actionlint", help="print the path of the analyser of workflows, built if need be")
    commands.add_parser("vegeta", help="print the path of the load generator, built if need be")
    commands.add_parser("kube-score", help="print the path of the analyser of Kubernetes objects, built if need be")
    commands.add_parser("engine", help="make only the Docker engine ready")
    for command in (everything, doctor, environment):
        command.add_argument("--stack", default=os.environ.get("STACK") or "dev", help="the stack (default: dev)")
    doctor.add_argument("--json", action="store_true", help="for another program")
    chosen = parser.parse_args(arguments)

    # Ends the same way as Ctrl-C: children first, no traceback.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(chosen)
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        stop_children()


def _run(chosen: argparse.Namespace) -> int:
    progress = Progress()
    match chosen.command:
        case "all":
            prepare(PROJECT_ROOT, chosen.stack, progress)
        case "env":
            from tools.gostack.environment.variables import environment, exports

            sys.stdout.write(exports(environment(PROJECT_ROOT, progress)))
        case "doctor":
            from tools.gostack.doctor.command import run

            return run(PROJECT_ROOT, chosen.stack, chosen.json)
        case "toolchain":
            from tools.gostack.environment.toolchain import ensure_toolchain

            print(ensure_toolchain(PROJECT_ROOT, progress).bin_folder)
        case "staticcheck":
            from tools.gostack.environment.toolchain import staticcheck

            print(staticcheck(PROJECT_ROOT, progress))
        case "actionlint":
            from tools.gostack.environment.toolchain import actionlint

            print(actionlint(PROJECT_ROOT, progress))
        case "kube-score":
            from tools.gostack.environment.toolchain import kube_score

            print(kube_score(PROJECT_ROOT, progress))
        case "vegeta":
            from tools.gostack.environment.toolchain import vegeta

            print(vegeta(PROJECT_ROOT, progress))
        case _:
            from tools.gostack.environment.docker_engine import ensure_engine

            print(ensure_engine(progress).endpoint)
    return 0


def prepare(project_root: Path, stack: str, progress: Progress) -> None:
    """Make toolchain, engine and images ready, two lanes at once: one compiles, the other waits for the network.

    Raises `BootstrapError` of the lane that failed first; the other one is stopped.
    """
    from tools.gostack.environment.docker_engine import ensure_engine
    from tools.gostack.environment.variables import environment

    settings = stack_settings(project_root, stack)

    def containers() -> None:
        if settings.needs_engine():
            ensure_engine(progress)
            ensure_stack_images(project_root, settings, progress)

    in_parallel([lambda: void(environment(project_root, progress)), containers])


def stack_settings(project_root: Path, stack: str) -> Settings:
    """The settings of a stack; raises `BootstrapError` with the sentence that tells what is wrong."""
    from infra.settings import SettingsError, load_stack_file

    try:
        return load_stack_file(project_root / f"Pulumi.{stack}.yaml")
    except SettingsError as error:
        raise BootstrapError(str(error)) from None


def ensure_stack_images(project_root: Path, settings: Settings, progress: Progress) -> None:
    """Make the images of a stack present on the local engine, and stand-ins where a cluster's nodes pull them."""
    from tools.gostack.images.resolve import ensure_images

    def tell(text: str) -> None:
        progress.line("images", text)

    images = ensure_images(project_root, settings.images.references(), settings.images.registry, tell)
    if settings.platform == "kubernetes" and settings.registry:
        from tools.offline.images.push import push_stand_ins

        push_stand_ins(project_root, images, settings.registry, tell)


def in_parallel(lanes: list[Callable[[], None]]) -> None:
    """Run the lanes at once; when one fails, stop the children of the others and raise its error.

    The calling thread only waits, so that it can be interrupted.
    """
    errors: list[BaseException] = []
    wake = threading.Semaphore(0)

    def guarded(lane: Callable[[], None]) -> None:
        try:
            lane()
        except BaseException as error:  # noqa: BLE001  # the waiting thread raises it
            errors.append(error)
        finally:
            wake.release()

    for lane in lanes:
        threading.Thread(target=guarded, args=(lane,), daemon=True).start()
    for _ in lanes:
        wake.acquire()
        if errors:
            stop_children()
            raise errors[0]


def void(_: object) -> None:
    """Drop a result that a lane has no use for."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
