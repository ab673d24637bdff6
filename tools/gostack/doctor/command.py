"""`make doctor`: every check of a stack, in the order in which a person would look, and what they have found."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tools.gostack.doctor.certificates import check_certificates, served_certificate_expiry
from tools.gostack.doctor.cluster import check_cluster
from tools.gostack.doctor.engine import check_clock, check_engine, check_folder
from tools.gostack.doctor.finding import Finding
from tools.gostack.doctor.machine import available_memory, check_disk, check_memory, check_processors
from tools.gostack.doctor.networks import bridges, check_networks, foreign_networks, foreign_routes
from tools.gostack.doctor.ports import PublishedPorts, check_ports, port_is_free, published_ports
from tools.gostack.doctor.report import failed, render_json, render_text
from tools.gostack.doctor.stack_settings import load_settings
from tools.gostack.doctor.toolchain import check_toolchain, check_versions
from tools.gostack.environment.docker_engine import Engine, ask, can_be_started, find_endpoint
from tools.gostack.environment.errors import BootstrapError


def run(project_root: Path, stack: str, as_json: bool) -> int:
    """Print the findings; the exit status is 1 when one of them is a failure."""
    started = time.monotonic()
    findings = examine(project_root, stack)
    if as_json:
        sys.stdout.write(render_json(findings))
    else:
        sys.stdout.write(render_text(findings, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
        failures = sum(finding.level == "fail" for finding in findings)
        seconds = time.monotonic() - started
        summary = f"{failures} to be mended first" if failures else "ready"
        print(f"{stack}: {summary} ({len(findings)} checks in {seconds:.1f} s)")
    return 1 if failed(findings) else 0


def examine(project_root: Path, stack: str) -> list[Finding]:
    """Every finding about this machine and this stack, in the order in which a person would look."""
    findings = list(check_versions(project_root))
    settings, finding = load_settings(project_root, stack)
    findings.append(finding)
    findings += check_toolchain(project_root)
    if settings is not None and settings.platform == "kubernetes":
        # Prod makes its clusters itself: there is none to look at before.
        if settings.aws is None:
            findings += check_cluster(settings, project_root)
        if not settings.needs_engine():
            return findings

    engine: Engine | None = None
    endpoint = find_endpoint(os.environ)
    try:
        engine = ask(endpoint)
        findings += check_engine(engine, endpoint, startable=can_be_started(endpoint))
    except BootstrapError as error:
        findings.append(Finding("docker engine", "fail", str(error)))

    published = PublishedPorts(frozenset(), {})
    if engine is not None:
        published = published_ports(engine, stack)
        findings += check_clock(engine)
    if settings is not None:
        findings += check_ports(settings.host_ports(), published, port_is_free)
        if engine is not None:
            findings += check_folder(engine, settings.logs_folder)
        if engine is not None and settings.networks():
            # Of an engine elsewhere, this machine's routes say nothing.
            routes = foreign_routes(bridges(engine)) if engine.endpoint.startswith("unix:") else []
            findings += check_networks(settings.networks(), foreign_networks(engine, stack), routes)
        findings += check_certificates(settings.host_ports(), published.own, served_certificate_expiry)
    findings += check_disk(engine)
    findings += check_memory(available_memory(), stack_runs=bool(published.own))
    findings += check_processors(os.cpu_count() or 1)
    return findings
