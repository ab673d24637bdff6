"""Alertmanager, which tells receivers of what fires: its container on Docker, its arguments and its configuration."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, HealthCheck
from components.files import GivenFile
from components.text import rendered

PORT = 9093
URL = f"http://127.0.0.1:{PORT}"
"""Where vmalert finds it, in the same pod: `-notifier.url`."""

DATA = "/data"
"""Folder of silences, and of what was sent: without it a restart would tell everybody everything again."""

_FILE = "/etc/gostack/alertmanager.yml"


class Receiver(TypedDict):
    """Who is told."""

    kind: str
    """`webhook`, `slack`, `email` or `pagerduty`."""

    alerts: str
    """`all`, `critical` or `watchdog`."""

    values: Mapping[str, pulumi.Input[str]]
    """What the kind needs, by the names of the settings; secret Outputs where they are secrets."""


def alertmanager_spec(
    image: pulumi.Input[str], labels: Mapping[str, str], volumes: Sequence[docker.ContainerVolumeArgs]
) -> ContainerSpec:
    """Return the container on Docker; `volumes` are a writable one at `DATA`, and the files of `alertmanager_files`."""
    return ContainerSpec(
        image=image,
        role="alertmanager",
        labels=labels,
        memory_mib=96,
        cpus=1.0,
        # Nobody's, as in the official image.
        user="65534:65534",
        command=alertmanager_arguments(DATA),
        volumes=volumes,
        health=HealthCheck(test=["CMD", "amtool", f"--alertmanager.url={URL}", "cluster", "show"], wait_seconds=60),
    )


def alertmanager_arguments(data: str) -> Sequence[str]:
    """Return its arguments; it keeps what it has in the folder `data`."""
    return [
        f"--config.file={_FILE}",
        f"--storage.path={data}",
        f"--web.listen-address=127.0.0.1:{PORT}",
        # It is alone: no port for others of its kind.
        "--cluster.listen-address=",
    ]


def alertmanager_files(receivers: Mapping[str, Receiver]) -> dict[str, GivenFile]:
    """Return path to file of what it reads; the configuration is a secret once a receiver has one."""
    return {_FILE: {"content": configuration(receivers)}}


def configuration(receivers: Mapping[str, Receiver]) -> pulumi.Output[str]:
    """Return its configuration."""
    known = {
        name: pulumi.Output.all(kind=receiver["kind"], alerts=receiver["alerts"], **receiver["values"])
        for name, receiver in sorted(receivers.items())
    }
    return pulumi.Output.all(**known).apply(_rendered)


def _rendered(receivers: Mapping[str, Any]) -> str:
    return rendered("telemetry/alertmanager.yml.j2", receivers=receivers)
