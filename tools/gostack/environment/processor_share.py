"""How much of the processors a control group gets, where no service manager has put everything else into groups too."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def prefer(group: str, root: Path = _ROOT) -> None:
    """Give the processes of a control group, made if need be, the share of four; nothing where that is not allowed.

    A group has the share of one single process otherwise: fifty containers together get as much as the program that
    updates them, and answer late. With much more the Docker engine and kubelets themselves come too late.
    """
    version_2 = (root / "cgroup.controllers").is_file()
    folder = (root if version_2 else root / "cpu") / group.strip("/")
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        if version_2:
            (folder / "cpu.weight").write_text("400")
        else:
            (folder / "cpu.shares").write_text("4096")
