"""Delve around the program of a replica, and the way to it from this machine.

It listens in the replica's own network alone, to no other container: whoever reaches a debugger runs what they like.
What comes to a port of this machine is carried there by the `docker` command, through the replica's agent.
"""

from __future__ import annotations

import os
import platform
import posixpath
import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

from tools.gostack.environment.errors import UserError
from tools.gostack.running.replica import Program

DEBUGGER = "dlv"
"""File of the debugger, beside the program."""

UNLIMITED = {"Memory": 0, "MemorySwap": 0, "NanoCpus": 0}
"""Settings of a host: the limits of a replica are for its program, not for what the debugger knows of it."""

_PORT = 2345
_ADDRESS = "127.0.0.1"


def under_debugger(folder: str, command: Sequence[str]) -> list[str]:
    """Return the command that starts another one under the debugger in this folder, without waiting for a client."""
    program, *arguments = command
    options = ["--headless", "--accept-multiclient", "--continue", f"--listen={_ADDRESS}:{_PORT}"]
    # The agent, through which clients come, has a user of its own.
    options.append("--only-same-user=false")
    return [posixpath.join(folder, DEBUGGER), "exec", *options, program, "--", *arguments]


def require_machine(architecture: str) -> None:
    """Raise UserError unless what this machine's Go builds for itself, the debugger, runs in a replica."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if (platform.system(), machine) != ("Linux", architecture):
        raise UserError(
            f"the debugger is built for this machine ({platform.system()}, {machine}), and the replica is of Linux, "
            f"{architecture}: leave out --debug."
        )


def way_to_debugger(agent: str, endpoint: str) -> Program:
    """Return the program that carries its input to the debugger in the pod of a container, and the answers back;
    raises UserError where there is no `docker` command."""
    if shutil.which("docker") is None:
        raise UserError("there is no docker command, through which a debugger is reached: install it.")
    command = ["docker", "exec", "--interactive", agent, "nc", _ADDRESS, str(_PORT)]
    return Program(command, {"DOCKER_HOST": endpoint})


class Door:
    """A port of this machine, for programs of this machine; each connection to it gets a program of its own."""

    def __init__(self, way: Program, port: int) -> None:
        """Open a port; `way` carries its input somewhere and writes what comes back. Raises UserError."""
        self._way = way
        self._carrying: list[subprocess.Popen[bytes]] = []
        try:
            self._server = socket.create_server((_ADDRESS, port))
        except OSError as error:
            raise UserError(
                f"port {port} of this machine cannot be opened for the debugger ({error.strerror}): choose another one "
                "with --debug-port."
            ) from None
        self._serving = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Door:
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the one who waits for the next connection.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._serving.join()
        for process in self._carrying:
            process.terminate()
            process.wait()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._carrying.append(
                    subprocess.Popen(
                        self._way.command,
                        stdin=connection.fileno(),
                        stdout=connection.fileno(),
                        stderr=subprocess.DEVNULL,
                        env={**os.environ, **self._way.variables},
                    )
                )
