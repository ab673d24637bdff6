"""Every shell script of the repository is clean for shellcheck; scripts inside of other files are not looked at."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tools.gostack.environment.locations import PROJECT_ROOT

SCRIPTS = sorted(
    path.relative_to(PROJECT_ROOT)
    for path in PROJECT_ROOT.rglob("*.sh")
    if not any(part.startswith(".") for part in path.relative_to(PROJECT_ROOT).parts)
)


@pytest.fixture(scope="module")
def shellcheck() -> str:
    found = shutil.which("shellcheck")
    if found is None:
        pytest.skip("there is no shellcheck on this machine: `apt-get install shellcheck`")
    return found


def test_every_script_of_the_repository_is_clean(shellcheck: str) -> None:
    assert len(SCRIPTS) > 10
    result = subprocess.run([shellcheck, *SCRIPTS], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
