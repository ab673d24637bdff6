"""An image with other programs in it, made without a build."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

PROGRAM = "service"
"""File of the program in the working directory of an image (services/Dockerfile)."""


def image_with(client: DockerClient, released: Container, programs: Mapping[str, Path]) -> str:
    """Return the identity of a new image: that of a container, with these programs in its working directory, by name.
    PROGRAM takes the place of its own."""
    # The low-level client, which the SDK has no types for.
    api: Any = client.api
    # Without a command of its own, which the image would have from then on.
    created = str(api.create_container(released.attrs["Image"])["Id"])
    try:
        api.put_archive(created, released.attrs["Config"]["WorkingDir"], _archive(programs))
        return str(api.commit(created)["Id"])
    finally:
        # It never ran.
        api.remove_container(created, v=True, force=True)


def _archive(programs: Mapping[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, program in programs.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = program.stat().st_size, 0o755
            with program.open("rb") as file:
                archive.addfile(entry, file)
    return buffer.getvalue()
