"""A MySQL server of this machine in the place of Aurora: on an address of the region's database subnets, over TLS only.

It is the server of the Docker platform, with its configuration and its first process. The account by which accounts are
made is given what Aurora's own has, and no more; it is made by tests/support/aurora_account.py.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from components.certificates.x509 import new_authority, new_certificate
from components.mysql.accounts import BOOT_SQL
from components.mysql.configuration import SOCKET, member_configuration
from components.text import script
from tests.support.engine import PROJECT

START_SECONDS = 120.0


@dataclass(frozen=True)
class LocalAurora:
    """A server that answers."""

    address: str
    """IP address, with the usual port."""

    authority: str
    """Certificate of the authority that signed the server's, PEM."""

    command: str
    """What the stand-in for AWS runs to make the administrator's account (`GOSTACK_RDS_SERVER`)."""


@contextmanager
def local_aurora(image: str, address: str) -> Iterator[LocalAurora]:
    """Start a server on an address that this machine gets for it; both are gone afterwards, with all rows."""
    authority = new_authority("gostack rehearsal database", 1)
    certificate = new_certificate(authority, [address], 1)
    container = f"gostack-rehearsal-aurora-{uuid.uuid4().hex[:8]}"
    configuration = member_configuration(server_id=1, read_only=False, buffer_pool_mib=128, max_connections=200)
    variables = {
        "MEMBER_CONFIGURATION": configuration.replace("[mysqld]\n", f"[mysqld]\nbind_address = {address}\n", 1),
        "BOOT_SQL": BOOT_SQL,
        "AUTHORITY": authority.certificate,
        "CERTIFICATE": certificate.certificate,
        "PRIVATE_KEY": certificate.private_key,
    }
    memory = ["/var/lib/mysql", "/var/run/mysqld", "/tmp"]
    options = ["--network", "host", "--user", "mysql", "--memory", "1g", "--entrypoint", "bash"]
    options += [option for path in memory for option in ("--tmpfs", f"{path}:mode=1777")]
    # Only names: values in a command line are seen by everybody on the machine.
    options += [option for name in variables for option in ("--env", name)]
    with ExitStack() as stack:
        stack.enter_context(_own_address(address))
        run = ["docker", "run", "--detach", "--rm", "--name", container, *options, image, "-c"]
        stack.callback(subprocess.run, ["docker", "rm", "--force", container], capture_output=True, check=False)
        _must([*run, script("mysql/mysql-server.sh", "mysql/mysql-member.sh")], {**os.environ, **variables})
        _wait(container)
        program = [sys.executable, str(PROJECT / "tests" / "support" / "aurora_account.py"), container, address]
        yield LocalAurora(address, authority.certificate, shlex.join(program))


@contextmanager
def _own_address(address: str) -> Iterator[None]:
    _must(["ip", "address", "add", f"{address}/32", "dev", "lo"])
    try:
        yield
    finally:
        subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"], capture_output=True, check=False)


def _wait(container: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    ask = ["docker", "exec", container, "mysql", "--user=root", f"--socket={SOCKET}", "--execute=SELECT 1"]
    while subprocess.run(ask, capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=False)
            raise AssertionError(f"the database does not answer: {logs.stdout}{logs.stderr}")
        time.sleep(0.5)


def _must(command: list[str], variables: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command[:3])}: {done.stderr}"
