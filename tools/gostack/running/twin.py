"""A container like another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def create_like(
    api: Any,
    attributes: Mapping[str, Any],
    name: str,
    *,
    image: str | None = None,
    command: Sequence[str] | None = None,
    entrypoint: Sequence[str] | None = None,
    host: Mapping[str, Any] | None = None,
    **more: Any,
) -> str:
    """Create a container with the image, the command and the settings of another one, each unless another is given, and
    return its identity; it has no labels unless they are given.

    `api` is the SDK's low-level client, which takes settings as they are; `attributes` are what it says of the other
    one, and `more` are arguments of its `create_container`.
    """
    config = attributes["Config"]
    created = api.create_container(
        image or attributes["Image"],
        config.get("Cmd") if command is None else list(command),
        name=name,
        environment=config["Env"],
        entrypoint=config.get("Entrypoint") if entrypoint is None else list(entrypoint),
        user=config.get("User"),
        working_dir=config.get("WorkingDir"),
        stop_signal=config.get("StopSignal"),
        stop_timeout=config.get("StopTimeout"),
        host_config=host or attributes["HostConfig"],
        # The proxies of this machine's user are none of its settings.
        use_config_proxy=False,
        **more,
    )
    return str(created["Id"])
