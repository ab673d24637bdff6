"""Programs from Debian's (or Ubuntu's) packages, unpacked into the cache: nothing is installed and nothing is started.

Installing would start services, and would refuse where Docker's own packages bring another containerd.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.processes import capture, run_logged
from tools.gostack.environment.progress import Progress

_PACKAGES = ("containerd", "runc", "containernetworking-plugins", "ipset")
_LIBRARIES = ("libipset13", "libmnl0", "libseccomp2")
"""What the programs need beside the C library, which every machine has."""


@dataclass(frozen=True)
class DebianPrograms:
    """Unpacked packages."""

    root: Path
    """The folder that stands for `/`."""

    @property
    def network_plugins(self) -> Path:
        """The CNI programs."""
        return self.root / "usr" / "lib" / "cni"

    def program(self, name: str) -> Path:
        """A program by its name.

        Raises `BootstrapError` when the packages do not have it.
        """
        for folder in self._folders():
            if (folder / name).is_file():
                return folder / name
        raise BootstrapError(f"The packages in {self.root} have no {name}: remove that folder and try again.")

    def environment(self) -> dict[str, str]:
        """What makes the programs find each other and their libraries."""
        libraries = sorted({str(path.parent) for path in self.root.glob("**/*.so.*")})
        folders = [str(folder) for folder in self._folders()]
        system = os.environ.get("PATH") or os.defpath
        return {"PATH": os.pathsep.join([*folders, system]), "LD_LIBRARY_PATH": os.pathsep.join(libraries)}

    def _folders(self) -> list[Path]:
        return [self.root / "usr" / "sbin", self.root / "usr" / "bin", self.root / "sbin", self.root / "bin"]


def find_debian_programs() -> DebianPrograms | None:
    """The packages if they are here already."""
    folder = cache_folder() / f"debian-{_key()}"
    return DebianPrograms(folder) if folder.is_dir() else None


def ensure_debian_programs(progress: Progress) -> DebianPrograms:
    """The packages of this machine's release, fetched and unpacked once.

    Raises `BootstrapError` where there is no `apt-get`, or it cannot fetch them.
    """
    found = find_debian_programs()
    if found is not None:
        return found
    cache = cache_folder()
    folder = cache / f"debian-{_key()}"
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise BootstrapError(
            "The local cluster takes containerd from Debian's or Ubuntu's packages, and this machine has no apt-get: "
            "use another cluster (for example kind) and name its kubeconfig in the stack file (gostack:kubernetes)."
        )
    with exclusive(cache / "locks" / f"{folder.name}.lock"):
        if not folder.is_dir():
            _fetch(cache, folder, progress)
    return DebianPrograms(folder)


def _fetch(cache: Path, folder: Path, progress: Progress) -> None:
    log = cache / "logs" / f"{folder.name}.log"
    log.unlink(missing_ok=True)
    unfinished = cache / f".fetching-{folder.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    archives = unfinished / "archives"
    archives.mkdir(parents=True)
    names = [*_PACKAGES, *_LIBRARIES]
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", *names]
    try:
        with progress.step("cluster", "fetching containerd, runc, network plugins and ipset (usually 10 s)"):
            if not _known(names):
                run_logged(["apt-get", "update"], log, what="Updating the package lists")
            try:
                run_logged(download, log, what="Fetching packages", folder=archives)
            except BootstrapError:
                # The lists name a version that the mirror has replaced.
                run_logged(["apt-get", "update"], log, what="Updating the package lists")
                run_logged(download, log, what="Fetching packages", folder=archives)
            for archive in sorted(archives.glob("*.deb")):
                unpack = ["dpkg-deb", "--extract", str(archive), str(unfinished)]
                run_logged(unpack, log, what=f"Unpacking {archive.name}")
        shutil.rmtree(archives)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _known(names: list[str]) -> bool:
    policy = capture(["apt-cache", "policy", *names]) or ""
    return policy.count("Candidate: ") - policy.count("Candidate: (none)") == len(names)


def _key() -> str:
    release = Path("/etc/os-release")
    text = release.read_text() if release.is_file() else platform.platform()
    ingredients = f"{text}{platform.machine()}{_PACKAGES}{_LIBRARIES}"
    return hashlib.sha256(ingredients.encode()).hexdigest()[:12]
