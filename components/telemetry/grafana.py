"""Grafana, for those who are used to it: its container on Docker, with the console's charts as dashboards.

Its image is its publisher's and is pulled by whoever asks for it: under the AGPL, it is in nothing that is built here.
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, HealthCheck
from components.files import GivenFile
from components.telemetry.configuration import CONSOLE_ADDRESS, CONSOLE_PORT
from components.telemetry.dashboards import dashboards
from components.text import rendered

PORT = 3001
"""Port that it listens on in the pod, where the console has its usual one."""

_FOLDER = "/etc/gostack/dashboards"
_PROVISIONING = "/etc/grafana/provisioning"
_DATA = "/var/lib/grafana"
"""Its own database, which has nothing in it that the files below do not say."""


def grafana_spec(
    image: pulumi.Input[str], labels: Mapping[str, str], volumes: Sequence[docker.ContainerVolumeArgs]
) -> ContainerSpec:
    """Return the container; `volumes` are the files of `grafana_files`."""
    return ContainerSpec(
        image=image,
        role="grafana",
        labels=labels,
        memory_mib=384,
        cpus=1.0,
        # As in the official image.
        user="472:0",
        volumes=volumes,
        memory_folders={_DATA: 64},
        health=HealthCheck(
            test=["CMD", "wget", "-q", "-O", "/dev/null", f"http://{CONSOLE_ADDRESS}:{PORT}/api/health"],
            wait_seconds=120,
            start_period_seconds=60,
        ),
    )


def grafana_files(external_port: int) -> dict[str, GivenFile]:
    """Return path to file of what it reads; `external_port` is the one of this machine that leads to it."""
    texts = {
        "/etc/grafana/grafana.ini": rendered(
            "telemetry/templates/grafana.ini.j2",
            address=CONSOLE_ADDRESS,
            port=PORT,
            external_port=external_port,
            dashboards=_FOLDER,
        ),
        f"{_PROVISIONING}/datasources/gostack.yaml": rendered(
            "telemetry/templates/grafana-sources.yml.j2", url=f"http://{CONSOLE_ADDRESS}:{CONSOLE_PORT}/metrics"
        ),
        f"{_PROVISIONING}/dashboards/gostack.yaml": rendered(
            "telemetry/templates/grafana-dashboards.yml.j2", folder=_FOLDER
        ),
        **{f"{_FOLDER}/{file}": text for file, text in dashboards().items()},
    }
    return {path: {"content": text} for path, text in texts.items()}
