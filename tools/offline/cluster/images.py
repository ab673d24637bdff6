"""The image that holds a pod's network, as an archive that a container runtime imports without any registry."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile


def archive(program: bytes, reference: str, entrypoint: str = "/pause") -> bytes:
    """An image in the format of `docker save` with one static program; the same program gives the same bytes."""
    layer = _tar({entrypoint.lstrip("/"): (program, 0o755)})
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    configuration = json.dumps(
        {
            "architecture": machine,
            "os": "linux",
            "config": {"Entrypoint": [entrypoint], "User": "65535:65535", "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]).encode()
    files = {"layer.tar": (layer, 0o644), name: (configuration, 0o644), "manifest.json": (manifest, 0o644)}
    return _tar(files)


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
