"""A data volume on a disk so small that it can be filled without harm to this machine."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from docker.models.containers import Container

from tests.chaos.scene import DrillError

_DATA = "/var/lib/mysql"
_SPARE_MIB = 200


@dataclass
class SmallDisk:
    """A file with a file system, mounted over the data folder of a container that stands still meanwhile."""

    container: Container
    image: Path
    mountpoint: Path
    mounted: bool = False

    @classmethod
    def for_data_of(cls, container: Container, folder: Path) -> SmallDisk:
        """Find the data folder on this machine; raises DrillError when the engine is on another one."""
        mounts = {mount["Destination"]: Path(mount["Source"]) for mount in container.attrs["Mounts"]}
        source = mounts.get(_DATA)
        if source is None or not source.is_dir():
            raise DrillError(f"the data folder of {container.name} is not on this machine")
        return cls(container, folder / "disk.img", source)

    @property
    def _filler(self) -> Path:
        return self.mountpoint / "drill-filler"

    def move_in(self) -> None:
        """Stop the container, copy its data onto the small disk, and start it there."""
        self.container.stop(timeout=60)
        used = int(_output("du", "--summarize", "--block-size=1M", str(self.mountpoint)).split()[0])
        _output("truncate", f"--size={used + _SPARE_MIB}M", str(self.image))
        _output("mkfs.ext4", "-q", "-m", "0", str(self.image))
        side = self.image.with_suffix(".side")
        side.mkdir()
        _output("mount", "-o", "loop", str(self.image), str(side))
        try:
            _output("cp", "--archive", f"{self.mountpoint}/.", str(side))
            _output("mount", "--bind", str(side), str(self.mountpoint))
            self.mounted = True
        finally:
            # The bind mount keeps the file system.
            _output("umount", str(side))
        self.container.start()

    def fill(self) -> None:
        """Take every block that is left."""
        free = shutil.disk_usage(self.mountpoint).free
        with self._filler.open("wb", buffering=0) as file:
            written = 0
            block = bytes(1 << 20)
            try:
                while written < free:
                    written += file.write(block)
            except OSError:
                # Full, which is what is wanted.
                return

    def free(self) -> None:
        """Give the blocks back."""
        self._filler.unlink(missing_ok=True)

    def move_out(self) -> None:
        """Copy the data back to where it was, rows of the meantime included, and start the container there."""
        if not self.mounted:
            return
        self.free()
        self.container.stop(timeout=60)
        side = self.image.with_suffix(".side")
        _output("mount", "--bind", str(self.mountpoint), str(side))
        try:
            _output("umount", str(self.mountpoint))
            self.mounted = False
            _output("find", str(self.mountpoint), "-mindepth", "1", "-delete")
            _output("cp", "--archive", f"{side}/.", str(self.mountpoint))
            shutil.rmtree(self.mountpoint / "lost+found", ignore_errors=True)
        finally:
            _output("umount", str(side))
            self.image.unlink()
        self.container.start()


def _output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise DrillError(f"`{' '.join(command)}` failed: {result.stderr.strip()}")
    return result.stdout
