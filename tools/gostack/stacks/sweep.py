"""`gostack stack sweep`: what was made for a while goes when that is over.

Until when a stack may stay is written twice: in its file, which only the checkout has that made it, and on its
namespaces, where every checkout finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from components.kubernetes.names import EXPIRES_ANNOTATION, STACK_LABEL
from infra.settings import SettingsError, load_stack_file
from infra.settings.expiry import expiry_time
from infra.settings.stack_file import configuration, read_stack_file
from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import stack_names
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.stacks.remove import remove_stack


def sweep(
    project: Path,
    origin: str | None,
    *,
    remove: Callable[[Path, str, str | None], int] = remove_stack,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Remove every stack whose time is over, tell of each, and return 0; 1 when one of them could not be removed.

    Looked at are the files of this checkout and, with `origin`, the cluster of that stack. Raises UserError and
    SettingsError when the cluster cannot be asked.
    """
    removed = failed = 0
    for name in sorted(lifetimes(project, origin)):
        try:
            # Asked again: the removals before took minutes, in which somebody may have brought it up for longer.
            ends = lifetimes(project, origin).get(name)
            if ends is None:
                continue
            if expiry_time(ends) > now():
                print(f"{name}: stays until {ends}")
                continue
            problem = "" if remove(project, name, origin) == 0 else "see above"
        except (UserError, SettingsError, ValueError) as error:
            problem = str(error)
        if problem:
            failed += 1
            print(f"{name}: not removed, though its time is over: {problem}", file=sys.stderr)
        else:
            removed += 1
            print(f"{name}: removed, as its time is over")
    print(f"{removed} removed, {failed} could not be removed")
    return 1 if failed else 0


def lifetimes(project: Path, origin: str | None) -> dict[str, str]:
    """Return each stack that was made for a while with the time until which it may stay, the later one of two."""
    found: dict[str, str] = {}
    here = set(stack_names(project))
    for name in here:
        _note(found, name, _of_file(project / f"Pulumi.{name}.yaml"))
    settings = load_stack_file(project / f"Pulumi.{origin}.yaml", project) if origin is not None else None
    # A stack on AWS has a cluster of its own, and nothing on it is there for a while.
    if settings is not None and settings.platform == "kubernetes" and settings.aws is None:
        api = ClusterApi.of(settings, project)
        for namespace in api.items("/api/v1/namespaces", gostack_project="gostack"):
            metadata = namespace["metadata"]
            name = metadata["labels"].get(STACK_LABEL)
            # A file here without a time is of another stack of that name, or of one that is to stay.
            if name is not None and (name in found or name not in here):
                _note(found, name, mapping(metadata.get("annotations")).get(EXPIRES_ANNOTATION))
    return found


def _note(found: dict[str, str], name: str, ends: str | None) -> None:
    if ends is not None:
        # Written alike, times in UTC are in order.
        found[name] = max(found.get(name, ""), ends)


def _of_file(file: Path) -> str | None:
    """What a stack file says, whatever is wrong with the rest of it."""
    try:
        ends = configuration(read_stack_file(file), file.name).get("expires")
    except SettingsError:
        return None
    return None if ends is None else str(ends)
