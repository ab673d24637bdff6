"""The programs of the telemetry as they are on every platform: the files that each finds, and the arguments of those
that others publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.files import GivenFile
from components.telemetry import alertmanager
from components.telemetry.args import TelemetryArgs
from components.telemetry.configuration import (
    ALERTS_PORT,
    CONSOLE_ADDRESS,
    CONSOLE_HOSTS,
    LOGS_PORT,
    METRICS_PORT,
    METRICS_URL,
    MYSQL_AUTHORITY,
    MYSQL_PASSWORD,
    collector_configuration,
    console_configuration,
    scrape_configuration,
)

FOLDER = "/etc/gostack"
"""Folder of the files that each program finds."""

SMALL_PAGES = {"GODEBUG": "disablethp=1"}
"""Environment of the stores. Where a kernel gives large pages to who does not ask, a heap of small, short-lived pieces
takes half as much again, so that the limit leaves too little to keep the files in memory that are read all the time."""

_SCRAPED, _RULES = f"{FOLDER}/scrape.yml", f"{FOLDER}/rules"
"""File with what is scraped, and folder of the rules."""


def program_files(args: TelemetryArgs, namespaces: Sequence[str] = ()) -> Mapping[str, Mapping[str, GivenFile]]:
    """Return program to the files that it finds, by path. `namespaces` are those of the stack's pods where there are
    any: then the cluster tells of them, and no folder of a machine."""
    monitoring = args.get("mysql")
    collector = collector_configuration(
        args["stack"], args["certificates"], args["hosts"], args["redact"], monitoring, namespaces
    )
    console = console_configuration(args["stack"], CONSOLE_HOSTS, args["architecture"])
    asked: dict[str, GivenFile] = {}
    if monitoring is not None:
        asked[MYSQL_PASSWORD] = {"content": pulumi.Output.secret(monitoring["password"])}
        asked[MYSQL_AUTHORITY] = {"content": monitoring["ca_certificate"]}
    return {
        "metrics": {_SCRAPED: {"content": scrape_configuration(args["consul"], args["certificate_client"])}},
        "alerts": {f"{_RULES}/{file}": {"content": text} for file, text in args["rules"].items()},
        "collector": {f"{FOLDER}/collector.json": {"content": collector}, **asked},
        "console": {f"{FOLDER}/console.json": {"content": console}},
        **({"alertmanager": alertmanager.alertmanager_files(args["receivers"])} if args["receivers"] else {}),
    }


def metrics_arguments(args: TelemetryArgs, data: str) -> Sequence[str]:
    """Return the arguments of VictoriaMetrics, which keeps what it has in the folder `data`."""
    return [
        f"-httpListenAddr=127.0.0.1:{METRICS_PORT}",
        "-http.pathPrefix=/metrics",
        f"-storageDataPath={data}",
        f"-retentionPeriod={args['metrics_days']}d",
        "-memory.allowedBytes=96MiB",
        f"-promscrape.config={_SCRAPED}",
        "-promscrape.consulSDCheckInterval=5s",
        # With the usual 30 s the newest points of a graph repeat the one before.
        "-search.latencyOffset=5s",
        f"-vmalert.proxyURL=http://127.0.0.1:{ALERTS_PORT}/alerts",
    ]


def logs_arguments(args: TelemetryArgs, data: str) -> Sequence[str]:
    """Return the arguments of VictoriaLogs, which keeps what it has in the folder `data`."""
    return [
        f"-httpListenAddr=127.0.0.1:{LOGS_PORT}",
        "-http.pathPrefix=/logs",
        f"-storageDataPath={data}",
        f"-retentionPeriod={args['logs_days']}d",
        f"-retention.maxDiskSpaceUsageBytes={args['disk_gib']}GiB",
        "-memory.allowedBytes=112MiB",
        # What it took in these seconds is lost when it is killed.
        "-inmemoryDataFlushInterval=1s",
        # What the collector sends at the longest; without it a row of more than 256 KiB is lost in silence.
        "-insert.maxLineSizeBytes=2097152",
    ]


def alerts_arguments(args: TelemetryArgs) -> Sequence[str]:
    """Return the arguments of vmalert."""
    return [
        f"-httpListenAddr=127.0.0.1:{ALERTS_PORT}",
        "-http.pathPrefix=/alerts",
        f"-datasource.url={METRICS_URL}",
        f"-remoteRead.url={METRICS_URL}",
        f"-remoteWrite.url={METRICS_URL}",
        f"-rule={_RULES}/*.yml",
        "-rule.evalDelay=5s",
        "-evaluationInterval=15s",
        "-memory.allowedBytes=32MiB",
        f"-external.url=http://{CONSOLE_ADDRESS}:{args['port']}",
        # Rules match series by their labels, which name no group.
        "-disableAlertgroupLabel",
        # Without a receiver the console alone shows what fires.
        f"-notifier.url={alertmanager.URL}" if args["receivers"] else "-notifier.blackhole",
    ]
