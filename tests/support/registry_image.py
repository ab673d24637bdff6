"""A container image with one small static program, put straight into a registry: no engine is needed for it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import urllib.request
from pathlib import Path
from typing import Any

PROGRAM = """
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	switch os.Args[1] {
	case "serve":
		if _, err := net.Listen("tcp", ":1053"); err != nil {
			panic(err)
		}
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	case "succeed":
	default:
		fmt.Fprintln(os.Stderr, "told to fail")
		os.Exit(3)
	}
}
"""
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def push(registry: str, repository: str, folder: Path) -> str:
    """Build the program, push its image and return the reference with its digest; `folder` is for the build."""
    layer = _layer(_build(folder))
    packed = gzip.compress(layer, mtime=0)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    configuration = json.dumps(
        {
            "architecture": machine,
            "os": "linux",
            "config": {"Entrypoint": ["/program"], "User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    blobs = {
        "config": ("application/vnd.oci.image.config.v1+json", configuration),
        "layer": ("application/vnd.oci.image.layer.v1.tar+gzip", packed),
    }
    entries: dict[str, Any] = {
        name: {"mediaType": kind, "digest": _digest(data), "size": len(data)} for name, (kind, data) in blobs.items()
    }
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": entries["config"], "layers": [entries["layer"]]}
    base = f"http://{registry}/v2/{repository}"
    for _, data in blobs.values():
        _put(f"{_upload(base)}digest={_digest(data)}", data, "application/octet-stream")
    written = json.dumps(manifest).encode()
    _put(f"{base}/manifests/{_digest(written)}", written, _MANIFEST)
    return f"{registry}/{repository}@{_digest(written)}"


def _build(folder: Path) -> bytes:
    (folder / "main.go").write_text(PROGRAM)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "program", "main.go"]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return (folder / "program").read_bytes()


def _layer(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("program")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _upload(base: str) -> str:
    request = urllib.request.Request(f"{base}/blobs/uploads/", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        location = str(response.headers["Location"])
    absolute = location if location.startswith("http") else f"{base.split('/v2/')[0]}{location}"
    return f"{absolute}{'&' if '?' in absolute else '?'}"


def _put(url: str, data: bytes, kind: str) -> None:
    request = urllib.request.Request(url, data=data, method="PUT", headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status in (201, 202, 204)
