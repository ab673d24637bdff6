"""Kubernetes containers that serve: watched by probes, held by limits."""

from __future__ import annotations

from policy.kubernetes import containers, pod_labels, pod_of, pod_path, serving_containers
from policy.resource import Marker, Resource, listing, mapping, value_at
from policy.rule import Finding, Findings, Level, resource_rule


@resource_rule("probes")
def probes(resource: Resource) -> Findings:
    """Every container that serves says when it is ready and when it must be restarted; a sidecar says when it is up.
    A worker serves nobody: it is well while it runs, and its check, where it has one, restarts nothing."""
    worker = pod_labels(resource).get("gostack.kind") == "worker"
    for container in serving_containers(resource):
        if container.init:
            if not any(container.manifest.get(probe) for probe in ("startupProbe", "readinessProbe", "livenessProbe")):
                yield Finding(
                    resource,
                    f"{container.path}.startupProbe",
                    f"is missing in {container.name}: the pod starts without it",
                    "add it",
                )
            continue
        if worker:
            continue
        for probe, consequence in (
            ("readinessProbe", "it gets requests before it can answer them"),
            ("livenessProbe", "it is not restarted when it hangs"),
        ):
            given = mapping(container.manifest.get(probe))
            if not given:
                yield Finding(
                    resource, f"{container.path}.{probe}", f"is missing in {container.name}: {consequence}", "add it"
                )
            elif not {"httpGet", "tcpSocket", "exec", "grpc"} & set(given):
                yield Finding(
                    resource, f"{container.path}.{probe}", f"asks nothing in {container.name}", "add httpGet or exec"
                )


@resource_rule("probes-differ", level=Level.ADVISORY)
def probes_differ(resource: Resource) -> Findings:
    """A liveness probe asks less than readiness: a dependency that is down must not restart every replica."""
    for container in serving_containers(resource):
        live = mapping(container.manifest.get("livenessProbe"))
        ready = mapping(container.manifest.get("readinessProbe"))
        path = value_at(live, "httpGet.path")
        if path is not None and path == value_at(ready, "httpGet.path"):
            yield Finding(
                resource,
                f"{container.path}.livenessProbe.httpGet.path",
                f"is {path} of {container.name}, like its readiness probe",
                "ask a path that looks at the process alone",
            )


@resource_rule("resources")
def resources(resource: Resource) -> Findings:
    """Every container requests CPU and memory, and its memory is limited."""
    for container in containers(resource):
        given = container.manifest.get("resources")
        if isinstance(given, Marker):
            continue
        for key, consequence in (
            ("requests.cpu", "the scheduler puts it on a node that is full"),
            ("requests.memory", "the scheduler puts it on a node that is full"),
            ("limits.memory", "one leak takes the node down"),
        ):
            if value_at(given, key) is None:
                yield Finding(
                    resource,
                    f"{container.path}.resources.{key}",
                    f"is missing in {container.name}: {consequence}",
                    "set it",
                )


@resource_rule("graceful-stop", level=Level.ADVISORY)
def graceful_stop(resource: Resource) -> Findings:
    """A pod that serves has more time to stop than its containers wait before they begin to."""
    pod = pod_of(resource)
    if pod is None or not list(serving_containers(resource)):
        return
    grace = pod.get("terminationGracePeriodSeconds", 30)
    waits = [value_at(item.manifest, "lifecycle.preStop.sleep.seconds", 0) for item in serving_containers(resource)]
    longest = max((wait for wait in waits if isinstance(wait, int)), default=0)
    if isinstance(grace, int) and grace <= longest:
        yield Finding(
            resource,
            f"{pod_path(resource)}.terminationGracePeriodSeconds",
            f"is {grace}, and a container waits {longest} s before it begins to stop: it is killed in the middle",
            "make it longer",
        )


@resource_rule("job-bounded", level=Level.ADVISORY)
def job_bounded(resource: Resource) -> Findings:
    """A job gives up: after so many failures, and after so long."""
    if resource.package != "kubernetes" or resource.kind != "Job":
        return
    for key, consequence in (
        ("backoffLimit", "it fails six times before anybody is told"),
        ("activeDeadlineSeconds", "one that hangs holds the update up for ever"),
    ):
        if resource.at(f"spec.{key}") is None:
            yield Finding(resource, f"spec.{key}", f"is missing: {consequence}", "set it")


@resource_rule("no-host-port")
def no_host_port(resource: Resource) -> Findings:
    """No container takes a port of its node: two of them could not be on one."""
    for container in containers(resource):
        for index, port in enumerate(listing(container.manifest.get("ports"))):
            if mapping(port).get("hostPort"):
                yield Finding(
                    resource, f"{container.path}.ports.{index}.hostPort", "takes a port of the node", "use a Service"
                )
