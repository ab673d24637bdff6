"""The telemetry of a stack on one machine: one pod in the networks of all regions, with three stores, two programs of
the stack's own, Alertmanager where somebody is told, and Grafana where somebody asked for it."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import kept_volume, opened_volume
from components.files import GivenFile
from components.telemetry import alertmanager, grafana
from components.telemetry.args import TelemetryArgs
from components.telemetry.configuration import (
    CGROUPS,
    CONSOLE_ADDRESS,
    CONSOLE_PORT,
    CONTAINERS,
    HOST,
    MEMORY_MIB,
    STATE,
)
from components.telemetry.programs import (
    FOLDER,
    SMALL_PAGES,
    alerts_arguments,
    logs_arguments,
    metrics_arguments,
    program_files,
)

_DATA = "/data"
_NOBODY = "65534:65534"
_START_SECONDS = 60
_HEALTH = HealthCheck(test=["CMD", "/service", "health"], wait_seconds=_START_SECONDS, start_period_seconds=30)


class DockerTelemetryArgs(TelemetryArgs):
    """Inputs of the telemetry on Docker."""

    docker_root: str
    """Folder of the engine on its machine, with the logs of its containers in it."""


class Telemetry(pulumi.ComponentResource):
    """Metrics, logs, traces and alerts of everything in the stack, and one page that shows them.

    The containers reach each other on 127.0.0.1. Services reach the collector alone, this machine the console alone.
    None of them waits for a service, and no service for them: while they are away, logs wait on the disk.
    """

    url: pulumi.Output[str]
    """URL of the console on this machine."""

    grafana_url: pulumi.Output[str] | None
    """URL of Grafana on this machine; None without it."""

    def __init__(self, name: str, args: DockerTelemetryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Telemetry", name, {}, opts)
        self._name, self._args, self._given = name, args, program_files(args)
        self._labels = {**args["labels"], "gostack.service": HOST}
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [
                    *(region["network"] for region in args["regions"]),
                    args["regions"][0]["backbone_network"],
                ],
                "pause_image": args["regions"][0]["pause_image"],
                "host_names": [HOST],
                "ports": [
                    docker.ContainerPortArgs(internal=inside, external=port, ip=CONSOLE_ADDRESS, protocol="tcp")
                    for inside, port in ((CONSOLE_PORT, args["port"]), (grafana.PORT, args.get("grafana_port")))
                    if port is not None
                ],
                "labels": self._labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        self._network_mode = pod.network_mode
        metrics = self._container("metrics", self._metrics())
        logs = self._container("logs", self._logs())
        told = [self._container("alertmanager", self._alertmanager())] if args["receivers"] else []
        alerts = self._container("alerts", self._alerts(), metrics, *told)
        collector = self._container("collector", self._collector(), logs)
        console = self._container("console", self._console(), metrics, logs, alerts, collector)
        self.url = console.id.apply(lambda _: f"http://{CONSOLE_ADDRESS}:{args['port']}")
        self.grafana_url = None
        if (port := args.get("grafana_port")) is not None:
            drawn = self._container("grafana", self._grafana(port), console)
            self.grafana_url = drawn.id.apply(lambda _: f"http://{CONSOLE_ADDRESS}:{port}")
        self.register_outputs({"url": self.url})

    def _container(self, part: str, spec: ContainerSpec, *after: docker.Container) -> docker.Container:
        return hardened_container(
            f"{self._name}-{part}",
            spec,
            parent=self,
            network_mode=self._network_mode,
            # Two of them cannot listen on one port, nor write to one volume.
            create_first=False,
            depends_on=after,
        )

    def _metrics(self) -> ContainerSpec:
        return ContainerSpec(
            image=self._args["images"]["metrics"],
            role="metrics",
            labels=self._labels,
            memory_mib=MEMORY_MIB["metrics"],
            cpus=1.0,
            user=_NOBODY,
            environment=SMALL_PAGES,
            command=metrics_arguments(self._args, _DATA),
            volumes=[self._opened("metrics"), *self._files("metrics")],
        )

    def _logs(self) -> ContainerSpec:
        return ContainerSpec(
            image=self._args["images"]["logs"],
            role="logs",
            labels=self._labels,
            memory_mib=MEMORY_MIB["logs"],
            cpus=1.0,
            user=_NOBODY,
            environment=SMALL_PAGES,
            command=logs_arguments(self._args, _DATA),
            volumes=[self._opened("logs")],
        )

    def _alerts(self) -> ContainerSpec:
        return ContainerSpec(
            image=self._args["images"]["alerts"],
            role="alerts",
            labels=self._labels,
            memory_mib=MEMORY_MIB["alerts"],
            cpus=1.0,
            user=_NOBODY,
            command=alerts_arguments(self._args),
            volumes=self._files("alerts"),
        )

    def _alertmanager(self) -> ContainerSpec:
        volumes = [self._opened("alertmanager"), *self._files("alertmanager")]
        return alertmanager.alertmanager_spec(self._args["images"]["alertmanager"], self._labels, volumes)

    def _collector(self) -> ContainerSpec:
        args = self._args
        return ContainerSpec(
            image=args["images"]["collector"],
            role="collector",
            labels=self._labels,
            memory_mib=96,
            cpus=1.0,
            # The engine's logs belong to root, and their folder lets nobody else list it. It keeps no capability, so
            # that it can read what belongs to root and nothing else.
            user="0:0",
            command=[f"-config={FOLDER}/collector.json"],
            volumes=[
                docker.ContainerVolumeArgs(
                    host_path=f"{args['docker_root']}/containers", container_path=CONTAINERS, read_only=True
                ),
                docker.ContainerVolumeArgs(host_path="/sys/fs/cgroup", container_path=CGROUPS, read_only=True),
                docker.ContainerVolumeArgs(volume_name=self._data("collector").name, container_path=STATE),
                *self._files("collector"),
            ],
            health=_HEALTH,
        )

    def _console(self) -> ContainerSpec:
        args = self._args
        return ContainerSpec(
            image=args["images"]["console"],
            role="console",
            labels=self._labels,
            memory_mib=64,
            cpus=1.0,
            command=[f"-config={FOLDER}/console.json"],
            volumes=self._files("console"),
            health=_HEALTH,
        )

    def _grafana(self, port: int) -> ContainerSpec:
        files = self._mounts("grafana", grafana.grafana_files(port))
        return grafana.grafana_spec(self._args["images"]["grafana"], self._labels, files)

    def _opened(self, part: str) -> docker.ContainerVolumeArgs:
        volume = opened_volume(
            f"{self._name}-{part}", self._data(part), self._args["consul"][0]["image"], self._labels, self
        )
        return docker.ContainerVolumeArgs(volume_name=volume, container_path=_DATA)

    def _data(self, part: str) -> docker.Volume:
        kept = f"{self._args['volume_prefix']}-{HOST}-{part}"
        return kept_volume(f"{self._name}-{part}-data", kept, HOST, self._labels, self)

    def _files(self, part: str) -> Sequence[docker.ContainerVolumeArgs]:
        return self._mounts(part, self._given[part])

    def _mounts(self, part: str, files: Mapping[str, GivenFile]) -> Sequence[docker.ContainerVolumeArgs]:
        return file_mounts(
            f"{self._name}-{part}",
            files,
            image=self._args["consul"][0]["image"],
            labels=self._labels,
            parent=self,
        )
