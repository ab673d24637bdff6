"""From a fresh machine to one on which `pulumi up` works: toolchain, Docker engine, images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.processes import stop_children
from tools.gostack.environment.progress import Progress

if TYPE_CHECKING:
    from infra.settings import Settings


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

    in_parallel([lambda: environment(project_root, progress), containers])


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

    images = ensure_images(project_root, settings.third_party_images(), settings.images.registry, tell)
    if settings.platform == "kubernetes" and settings.registry:
        from tools.offline.images.push import push_stand_ins

        push_stand_ins(project_root, images, settings.registry, tell)


def in_parallel(lanes: list[Callable[[], object]]) -> None:
    """Run the lanes at once; when one fails, stop the children of the others and raise its error.

    The calling thread only waits, so that it can be interrupted.
    """
    errors: list[BaseException] = []
    wake = threading.Semaphore(0)

    def guarded(lane: Callable[[], object]) -> None:
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
