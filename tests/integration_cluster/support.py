"""What the tests of the local cluster share: kubectl, an image, pods that the strictest policy admits."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from tools.offline.cluster.layout import REGISTRY_HOST, REGISTRY_PORT, Folders

FIGURES: list[str] = []
"""Lines for the end of the test run."""

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class LiveCluster:
    """The running cluster, through kubectl as a user has it."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._command = [str(folders.state / "bin" / "kubectl"), "--kubeconfig", str(folders.kubeconfig)]

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A kubectl command, whatever its exit status."""
        return subprocess.run(
            [*self._command, *arguments], input=given, capture_output=True, text=True, timeout=120, check=False
        )

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """The output of a kubectl command that must succeed."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def apply(self, *documents: dict[str, Any]) -> None:
        """Apply objects."""
        self.kubectl("apply", "--filename=-", given="\n---\n".join(map(json.dumps, documents)))

    def get(self, *arguments: str) -> Any:
        """An object or a list."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def ready(self, space: str, *names: str) -> None:
        """Wait until pods are ready."""
        targets = [f"pod/{name}" for name in names]
        self.kubectl("wait", "--namespace", space, "--for=condition=Ready", "--timeout=90s", *targets)

    def probe(self, space: str, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the probe in a pod, whatever its exit status."""
        return self.run("exec", "--namespace", space, name, "--", "/probe", *arguments)


def pod(space: str, name: str, image: str, *arguments: str, **extra: Any) -> dict[str, Any]:
    """A pod that runs the probe as nobody; `mounts` and further fields of its spec. It waits unless told otherwise."""
    container = {
        "name": "main",
        "image": image,
        "command": ["/probe", *(arguments or ("wait",))],
        "volumeMounts": extra.pop("mounts", []),
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    security = {"runAsNonRoot": True, "runAsUser": 65534, "runAsGroup": 65534, "fsGroup": 65534}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": {**security, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            **extra,
        },
    }


def web_server(space: str, name: str, image: str, **extra: Any) -> dict[str, Any]:
    """A pod that answers every request on port 8080 with its name, and is ready when it does."""
    document = pod(space, name, image, "serve", name, **extra)
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    document["spec"]["containers"][0]["readinessProbe"] = probe
    return document


def namespace(test: str) -> str:
    """A namespace's name for a test."""
    digest = hashlib.sha256(test.encode()).hexdigest()[:6]
    return f"{re.sub(r'[^a-z0-9]+', '-', test.lower()).strip('-')[:40]}-{digest}"


def push(repository: str, program: bytes) -> str:
    """Push an image with this program at `/probe` to the cluster's registry; its reference by digest."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("probe")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
    layer = buffer.getvalue()
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"User": "65534:65534"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    for blob in (layer, configuration):
        _upload(repository, blob)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", configuration),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        }
    ).encode()
    address = f"http://{REGISTRY_HOST}:{REGISTRY_PORT}/v2/{repository}/manifests/{_digest(manifest)}"
    _request(address, "PUT", manifest, {"Content-Type": _MANIFEST})
    return f"localhost:{REGISTRY_PORT}/{repository}@{_digest(manifest)}"


def in_registry(reference: str) -> bool:
    """Whether the cluster's registry has an image, named by digest."""
    repository, digest = reference.partition("/")[2].split("@")
    address = f"http://{REGISTRY_HOST}:{REGISTRY_PORT}/v2/{repository}/manifests/{digest}"
    return _request(address, "HEAD", None, {"Accept": _MANIFEST})["Docker-Content-Digest"] == digest


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> float:
    """Wait for a condition, and return how long it took; fails with `what` when it does not come true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}, and did not in {seconds:.0f} s"
        time.sleep(0.2)
    return time.monotonic() - began


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(content), "size": len(content)}


def _upload(repository: str, blob: bytes) -> None:
    base = f"http://{REGISTRY_HOST}:{REGISTRY_PORT}"
    headers = _request(f"{base}/v2/{repository}/blobs/uploads/", "POST", b"", {})
    location = headers["Location"]
    address = location if location.startswith("http") else base + location
    separator = "&" if "?" in address else "?"
    _request(f"{address}{separator}digest={_digest(blob)}", "PUT", blob, {"Content-Type": "application/octet-stream"})


def _request(address: str, method: str, body: bytes | None, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(address, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.headers
