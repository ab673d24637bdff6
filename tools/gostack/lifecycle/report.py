"""What `make up` tells at its end: where everything is, or what is wrong and in whose words."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docker.models.containers import Container

from infra.outputs import CONSOLE_PAGE, GRAFANA_PAGE
from tools.gostack.environment.locations import state_folder
from tools.gostack.kubernetes.address import inside_cluster
from tools.gostack.lifecycle.objects import StackObjects, health, last_words, role
from tools.gostack.lifecycle.workspace import Workspace, demand_up


def authority_file(workspace: Workspace) -> Path:
    """Where clients find the certificate of the stack's authority."""
    return state_folder(workspace.project) / f"{workspace.stack}-ca.pem"


def write_authority(workspace: Workspace, outputs: dict[str, Any]) -> Path:
    """Write the certificate of the stack's authority to a file for clients and return its path; raises PulumiError for
    a stack that is not up."""
    demand_up(outputs, workspace.stack, "ca_certificate")
    path = authority_file(workspace)
    path.write_text(outputs["ca_certificate"], encoding="utf-8")
    return path


def summary(workspace: Workspace, outputs: dict[str, Any]) -> str:
    """Return what a person needs after `up`: URLs and one command that works."""
    authority = authority_file(workspace)
    shown = authority.relative_to(workspace.project) if authority.is_relative_to(workspace.project) else authority
    lines = ["", f"The stack {workspace.stack} is up.", ""]
    lines += [f"  {region:<12} {url}" for region, url in outputs["regions"].items()]
    lines += [f"  consul       {_consul(url, region)}" for region, url in outputs["consul"].items()]
    if CONSOLE_PAGE in outputs["dashboards"]:
        url = str(outputs["dashboards"][CONSOLE_PAGE])
        hint = f", with: {forwarding(url)}" if forwarding(url) else ""
        lines += [f"  console      {forwarded_url(url)} (metrics, logs, traces, alerts){hint}"]
    if GRAFANA_PAGE in outputs["dashboards"]:
        lines += [f"  grafana      {outputs['dashboards'][GRAFANA_PAGE]}"]
    lines += [
        f"  {name:<12} {service['url'] or '(no route)'}  {service['image']}"
        for name, service in outputs["services"].items()
    ]
    lines += [f"  mysql        {_database(outputs['mysql'])}"]
    # The process that holds a pod is always built here where `make` runs.
    stand_ins = [name for name, image in outputs["images"].items() if image["origin"] == "stand-in" and name != "pause"]
    if stand_ins:
        lines += [f"  images       stand-ins, as no registry answers: {', '.join(sorted(stand_ins))}"]
    users = outputs["services"].get("users")
    if users and users["url"]:
        # Clients know the authority of such a one already.
        trusted = "" if workspace.settings.first_host_certified_elsewhere else f" --cacert {shown}"
        curl = f"curl{trusted}{_detour(outputs)}"
        lines += [
            "",
            "Try it:",
            f"  {curl} {users['url']} \\",
            '    -H \'Content-Type: application/json\' -d \'{"name": "Ada", "email": "ada@example.com"}\'',
            f"  {curl} {users['url']}/1",
        ]
    return "\n".join(lines)


def forwarding(url: str) -> str:
    """Return the command that brings an address inside a cluster to this machine; empty for any other."""
    inside = inside_cluster(url)
    return f"kubectl -n {inside.namespace} port-forward pod/{inside.service}-0 {inside.port}" if inside else ""


def forwarded_url(url: str) -> str:
    """Return an address inside a cluster as it is on this machine while that command runs; any other as it is."""
    inside = inside_cluster(url)
    return urlsplit(url)._replace(netloc=f"127.0.0.1:{inside.port}").geturl() if inside else url


def _consul(url: str, region: str) -> str:
    hint = forwarding(url)
    return f"{forwarded_url(url)}/ui ({region})" + (f", with: {hint}" if hint else "")


def _detour(outputs: dict[str, Any]) -> str:
    """What makes curl go to the ingress's address, where the URL's host name does not lead there from here."""
    wanted = urlsplit(str(outputs["url"]))
    address = next(iter(outputs["addresses"].values()))
    host, _, port = address.rpartition(":")
    if port == str(wanted.port or 443) and host in (wanted.hostname, "127.0.0.1"):
        return ""
    return f" --connect-to ::{address}"


def _database(mysql: dict[str, Any]) -> str:
    if mysql["topology"] != "group":
        return f"primary {mysql['primary']}"
    return f"group of {', '.join(mysql['members'])}; the primary moves by itself, or with `gostack failover`"


def diagnosis(objects: StackObjects) -> str:
    """Return which containers are not well and the last words of each; empty when all are."""
    lines: list[str] = []
    for container in sorted(objects.containers(), key=lambda item: str(item.name)):
        problem = _problem(container)
        if problem:
            lines.append(f"{container.name} is {problem}; its last words:")
            lines += [f"    {line}" for line in last_words(container) or ["(it said nothing)"]]
    return "\n".join(lines)


def _problem(container: Container) -> str:
    state: dict[str, Any] = container.attrs["State"]
    if role(container) == "job":
        return f"a job that failed with exit code {state['ExitCode']}" if state["ExitCode"] else ""
    if state["Status"] != "running":
        return str(state["Status"])
    status = health(container)
    return "" if status == "healthy" else status
