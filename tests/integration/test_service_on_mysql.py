"""The Go service's own tests that need a real MySQL, on a throw-away server of the stack's image.

Does not prove anything about the stack's group, its accounts or its TLS. Skipped without Go or without the image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.images_lock import load_images_lock

PROJECT = Path(__file__).resolve().parents[2]
SERVER = """\
set -e
echo "CREATE USER test@'%' IDENTIFIED BY 'test'; GRANT ALL ON *.* TO test@'%';" > /tmp/accounts.sql
mysqld --no-defaults --initialize-insecure --datadir=/tmp/data
exec mysqld --no-defaults --datadir=/tmp/data --socket=/tmp/socket --pid-file=/tmp/pid --mysqlx=OFF \
  --innodb-buffer-pool-size=64M --init-file=/tmp/accounts.sql
"""


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    found = load_images_lock(PROJECT).get("mysql")
    if found is None or shutil.which("docker") is None or docker("image", "inspect", found.reference).returncode != 0:
        pytest.skip("no engine here has the image of MySQL: `make up` gets it")
    if shutil.which("go") is None:
        pytest.skip("there is no Go on this machine")
    options = ["--rm", "--detach", "--publish", "127.0.0.1::3306", "--tmpfs", "/tmp:exec,size=1g", "--user", "mysql"]
    started = docker("run", *options, "--entrypoint", "bash", found.reference, "-c", SERVER)
    assert started.returncode == 0, started.stderr
    identity = started.stdout.strip()
    try:
        deadline = time.monotonic() + 120
        log_in = ["exec", identity, "mysql", "--host=127.0.0.1", "--user=test", "--password=test", "--execute=SELECT 1"]
        while docker(*log_in).returncode != 0:
            assert time.monotonic() < deadline, docker("logs", "--tail", "20", identity).stderr
            time.sleep(0.5)
        yield docker("port", identity, "3306/tcp").stdout.splitlines()[0]
    finally:
        docker("rm", "--force", "--volumes", identity)


def test_the_service_keeps_its_promises_on_a_real_server(address: str) -> None:
    result = subprocess.run(
        ["go", "test", "-count=1", "-run", "RealMySQL", "-v", "./..."],
        cwd=PROJECT / "services" / "users",
        env={**os.environ, "MYSQL_TEST_ADDRESS": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("--- PASS: TestRealMySQL") == 7, result.stdout
    assert "SKIP" not in result.stdout
