"""A browser for the tests of the stack explorer's page and of the console's, and the package that drives it.

Nothing else needs either.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import PROJECT_ROOT, cache_folder
from tools.gostack.environment.processes import run_logged
from tools.gostack.environment.progress import Progress
from tools.gostack.environment.python_environment import add_packages

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIREMENTS = Path("tests") / "explorer" / "requirements.txt"


def find_browser(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """Return the path of a Chromium or Chrome on this machine; None when there is none."""
    return next((path for path in map(which, COMMANDS) if path is not None), None)


def ensure_browser(project_root: Path, progress: Progress) -> str:
    """Return the path of a browser, installed first if need be, with the package that drives it in `.venv`.

    Raises `BootstrapError` with the command to run when this user may not install one.
    """
    log = cache_folder() / "logs" / "browser.log"
    log.unlink(missing_ok=True)
    with progress.step("browser", "installing the package that drives it"):
        add_packages(project_root, REQUIREMENTS)
    browser = find_browser()
    if browser is not None:
        return browser
    if shutil.which("apt-get") is None:
        raise BootstrapError("There is no browser: install Chromium or Chrome and try again.")
    if os.geteuid() != 0:
        raise BootstrapError("There is no browser: run `sudo apt-get install chromium` and try again.")
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with progress.step("browser", "installing Chromium (usually 1 min)"):
        run_logged(["apt-get", "update"], log, what="Updating the package lists", variables=variables)
        # Fonts are only recommended by it, and without any a page has no text.
        packages = ["chromium", "fonts-dejavu-core"]
        command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
        run_logged(command, log, what="Installing Chromium", variables=variables)
    browser = find_browser()
    if browser is None:
        raise BootstrapError("Chromium was installed but is not on PATH: put its folder there and try again.")
    return browser


if __name__ == "__main__":
    try:
        print(ensure_browser(PROJECT_ROOT, Progress()))
    except BootstrapError as error:
        sys.exit(f"error: {error}")
