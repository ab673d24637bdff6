"""The telemetry of a stack: what it is given."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args import KeptArgs
from components.consul.args import ConsulReference
from components.mysql.args import MySqlMonitoring
from components.region.args import RegionReference
from components.telemetry.alertmanager import Receiver
from components.telemetry.architecture import Architecture


class TelemetryImages(TypedDict):
    """The image of each program."""

    metrics: pulumi.Input[str]
    """VictoriaMetrics, which scrapes and keeps metrics."""

    logs: pulumi.Input[str]
    """VictoriaLogs, which keeps lines of logs and spans of traces."""

    alerts: pulumi.Input[str]
    """vmalert, which judges the rules."""

    alertmanager: pulumi.Input[str]
    """Alertmanager, which tells receivers; empty where there are none."""

    grafana: pulumi.Input[str]
    """Grafana; empty where nobody asked for it."""

    collector: pulumi.Input[str]
    """Built from `COLLECTOR_SOURCE`."""

    console: pulumi.Input[str]
    """Built from `CONSOLE_SOURCE`."""


class TelemetryArgs(KeptArgs):
    """Inputs of the telemetry."""

    stack: str
    """Name of the stack: the collector reads the logs of its containers alone."""

    regions: Sequence[RegionReference]
    """Regions that it watches; each knows it by the name `telemetry`."""

    consul: Sequence[ConsulReference]
    """Their datacenters, in the same order, in which it finds what to scrape."""

    images: TelemetryImages
    """Images of its programs."""

    rules: Mapping[str, str]
    """Name of a file, like "consul.yml", to the rules in it."""

    receivers: Mapping[str, Receiver]
    """Name to who is told of alerts; with none of them there is no Alertmanager."""

    mysql: NotRequired[MySqlMonitoring]
    """How the members of the database are asked; without it, none is."""

    certificates: Mapping[str, str]
    """Region to host and port of its ingress."""

    hosts: Sequence[str]
    """Hosts whose certificates are watched there."""

    certificate_client: str
    """Host and port at which the certificate client tells metrics; empty where there is none."""

    redact: Sequence[str]
    """Regular expressions (RE2) of what is struck out of logs before it is kept."""

    architecture: Architecture
    """What the stack is made of, for the picture of it."""

    port: int
    """Port of this machine that leads to the console."""

    grafana_port: NotRequired[int]
    """Port of this machine that leads to Grafana; no Grafana when it is not given."""

    metrics_days: int
    """Days for which metrics are kept."""

    logs_days: int
    """Days for which logs and traces are kept."""

    disk_gib: int
    """Disk in GiB that logs and traces may take; the oldest day goes first."""
