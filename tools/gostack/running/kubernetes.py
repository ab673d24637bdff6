"""The replicas of a stack on a Kubernetes cluster. Getting into one takes kubectl; all else asks the API server."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from components.microservice.volumes import OWN_CLAIM
from components.text import verbatim
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import state_folder
from tools.gostack.kubernetes.api import ClusterApi, NotFoundError
from tools.gostack.kubernetes.kubectl import kubectl
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.replica import MAIN_ROLES, SHELL, Program, RunningReplica

Object = dict[str, Any]

_OF_EVERY_POD = frozenset(
    {"securityContext", "serviceAccountName", "automountServiceAccountToken", "volumes", "imagePullSecrets"}
)
"""What of a replica's pod is no matter of how it is scheduled or replaced."""

_HOPELESS = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
)
"""Reasons for which a container waits that time does not mend."""


class KubernetesRuntime:
    """A cluster, seen through the labels of one stack."""

    def __init__(self, workspace: Workspace, api: ClusterApi | None = None) -> None:
        settings = workspace.settings
        self.api = api or ClusterApi.of(settings, workspace.project)
        self._settings, self._project = settings, workspace.project
        self._stack = workspace.stack
        self._custom = state_folder(workspace.project) / "debug-container.json"

    def replicas(self) -> list[RunningReplica]:
        """Return every replica that has a pod, sorted."""
        pods = self.api.items("/api/v1/pods", gostack_stack=self._stack)
        return sorted(_replica(pod) for pod in pods if _label(pod, "role") in MAIN_ROLES and not _label(pod, "task"))

    def lines(self, replica: RunningReplica, since: float, *, follow: bool) -> Iterator[bytes]:
        """Yield pieces of a container's log; nothing of a pod that is gone, or has not started."""
        query = {
            "container": replica.container,
            "timestamps": "true",
            "follow": str(follow).lower(),
            "sinceTime": datetime.fromtimestamp(max(since, 1.0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        with suppress(NotFoundError):
            yield from self.api.stream(f"{_path(replica)}/log?{urlencode(query)}")

    def exec(self, replica: RunningReplica, command: Sequence[str], *, tty: bool) -> Program:
        """Run a command in the container with `kubectl exec`."""
        target = ["--container", replica.container, _pod(replica)]
        return self._kubectl(replica, "exec", "--quiet", *_interactive(tty), *target, "--", *command)

    def debug(self, replica: RunningReplica, *, tty: bool) -> Program:
        """Run an ephemeral container, with the ingress's image, which the cluster has and which has a shell."""
        pod = self.api.get(_path(replica))
        image = next((one.image for one in self.replicas() if one.role in ("nginx", "mysql")), None)
        if image is None:
            raise UserError("the stack runs no image with a shell: see `gostack status`.")
        # The namespace admits only what is as restricted as the pod, and the program's files only its own user.
        security = {"runAsUser": _container(pod, replica.container).get("securityContext", {}).get("runAsUser", 65532)}
        custom = self._custom
        custom.write_text(json.dumps({"securityContext": security}), encoding="utf-8")
        options = ["--profile=restricted", f"--custom={custom}", f"--image={image}", f"--target={replica.container}"]
        return self._kubectl(
            replica, "debug", "--quiet", *_interactive(tty), *options, _pod(replica), "--", "sh", "-c", SHELL
        )

    def task(self, replica: RunningReplica, name: str, arguments: Sequence[str], *, tty: bool) -> int:
        """Run a pod with the replica's image, environment, mounts, limits and network policy; without standard input,
        and without the replica's Consul agent, which would register it."""
        del tty
        pod = task_pod(self.api.get(_path(replica)), replica, name, arguments)
        namespace = replica.identity.partition("/")[0]
        created = self.api.post(f"/api/v1/namespaces/{namespace}/pods", pod)
        path = f"/api/v1/namespaces/{namespace}/pods/{created['metadata']['name']}"
        try:
            self._until(path, lambda status: status.get("phase") not in (None, "Pending"))
            query = urlencode({"container": replica.container, "follow": "true"})
            for piece in self.api.stream(f"{path}/log?{query}"):
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
            ended = self._until(path, lambda status: status.get("phase") in ("Succeeded", "Failed"))
            statuses: list[Object] = ended.get("containerStatuses") or [{}]
            return int(statuses[0].get("state", {}).get("terminated", {}).get("exitCode", 1))
        finally:
            self.api.delete(path)

    def _until(self, path: str, reached: Callable[[Object], bool]) -> Object:
        """The status of a pod once it is as wanted; raises UserError when nothing will make it so."""
        while not reached(status := self.api.get(path).get("status") or {}):
            statuses: list[Object] = status.get("containerStatuses") or []
            waiting: list[Object] = [one["state"].get("waiting") or {} for one in statuses]
            reason = next((str(one["reason"]) for one in waiting if one.get("reason") in _HOPELESS), "")
            if reason:
                raise UserError(f"the pod of the task does not start ({reason}): see `kubectl describe` of {path}.")
            time.sleep(0.5)
        return status

    def environment(self, replica: RunningReplica) -> dict[str, str]:
        """Return what the container is given, with the values of its Secret."""
        found: dict[str, str] = {}
        container = _container(self.api.get(_path(replica)), replica.container)
        variables: list[Object] = container.get("env") or []
        for variable in variables:
            source: dict[str, Object] = variable.get("valueFrom") or {}
            reference = source.get("secretKeyRef")
            if reference is not None:
                namespace = replica.identity.partition("/")[0]
                found[str(variable["name"])] = self._secret(namespace, str(reference["name"]), str(reference["key"]))
            elif not source:
                found[str(variable["name"])] = str(variable.get("value", ""))
        return found

    def _secret(self, namespace: str, name: str, key: str) -> str:
        values: dict[str, str] = self.api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data") or {}
        return base64.b64decode(values.get(key, "")).decode()

    def _kubectl(self, replica: RunningReplica, verb: str, *arguments: str) -> Program:
        namespace = replica.identity.partition("/")[0]
        return Program(kubectl(self._settings, self._project, namespace, "getting into a pod", verb, *arguments))


def task_pod(pod: Object, replica: RunningReplica, name: str, arguments: Sequence[str]) -> Object:
    """Return the manifest of a pod that runs the replica's program once with other arguments."""
    labels: dict[str, str] = pod["metadata"].get("labels") or {}
    container = {
        key: value
        for key, value in _container(pod, replica.container).items()
        if key not in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports")
    }
    container["args"] = [verbatim(argument) for argument in arguments]
    kept = {key: value for key, value in pod["spec"].items() if key in _OF_EVERY_POD}
    for part, key in ((kept, "volumes"), (container, "volumeMounts")):
        if key in part:
            part[key] = [one for one in part[key] if not one["name"].startswith(f"{OWN_CLAIM}-")]
    volumes: list[Object] = kept.get("volumes") or []
    if any("persistentVolumeClaim" in volume for volume in volumes):
        # Its disk may be one that a single node mounts.
        kept["nodeName"] = pod["spec"]["nodeName"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{replica.service}-task-{name}-",
            # The network policy's; without what its Deployment would adopt it by.
            "labels": {
                **{key: value for key, value in labels.items() if key.startswith("gostack.")},
                "gostack.task": name,
            },
        },
        "spec": {**kept, "containers": [container], "restartPolicy": "Never"},
    }


def _replica(pod: Object) -> RunningReplica:
    metadata: Object = pod["metadata"]
    role = _label(pod, "role")
    service, track, region = _label(pod, "service"), _label(pod, "track"), _label(pod, "region")
    container = _container(pod, MAIN_ROLES[role])
    suffix = str(metadata["name"]).rpartition("-")[2]
    middle = _label(pod, "member") or (track if track not in ("", "stable") else "")
    return RunningReplica(
        service=service,
        track=track,
        region=region,
        name="-".join(part for part in (service, middle, region, suffix) if part),
        identity=f"{metadata['namespace']}/{metadata['name']}",
        role=role,
        image=str(container.get("image", "")),
        running=pod["status"].get("phase") == "Running" and "deletionTimestamp" not in metadata,
        healthy=_ready(pod),
        member=_label(pod, "member"),
        container=str(container["name"]),
    )


def _container(pod: Object, name: str) -> Object:
    containers: list[Object] = pod["spec"]["containers"]
    return next((one for one in containers if one["name"] == name), containers[0])


def _ready(pod: Object) -> bool:
    conditions: list[Object] = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _label(pod: Object, name: str) -> str:
    labels: dict[str, str] = pod["metadata"].get("labels") or {}
    return labels.get(f"gostack.{name}", "")


def _path(replica: RunningReplica) -> str:
    namespace, _, pod = replica.identity.partition("/")
    return f"/api/v1/namespaces/{namespace}/pods/{pod}"


def _pod(replica: RunningReplica) -> str:
    return replica.identity.partition("/")[2]


def _interactive(tty: bool) -> list[str]:
    return ["--stdin", "--tty"] if tty else ["--stdin"]
