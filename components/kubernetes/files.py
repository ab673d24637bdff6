"""Files of a pod: in a Secret, whose volume the kubelet keeps in memory, and mounted from there one by one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_kubernetes as k8s

from components.files import GivenFile, file_mode
from components.kubernetes.scope import Scope
from components.kubernetes.workload import immutable_secret

_VOLUME = "given"


def file_volumes(scope: Scope, name: str, files: Mapping[str, GivenFile]) -> list[k8s.core.v1.VolumeArgs]:
    """Return the volume that holds the files; a changed one makes a new one, so that what uses it is rolled out."""
    if not files:
        return []
    numbered = [file for _, file in sorted(files.items())]
    secret = immutable_secret(
        scope, f"{name}-files", {str(index): file["content"] for index, file in enumerate(numbered)}
    )
    return [
        k8s.core.v1.VolumeArgs(
            name=_VOLUME,
            secret=k8s.core.v1.SecretVolumeSourceArgs(
                secret_name=secret,
                items=[
                    k8s.core.v1.KeyToPathArgs(key=str(index), path=str(index), mode=file_mode(file))
                    for index, file in enumerate(numbered)
                ],
            ),
        )
    ]


def file_mounts(files: Mapping[str, GivenFile]) -> dict[str, str]:
    """Return path of each file to the place in the volume from which it is mounted."""
    return {path: f"{_VOLUME}/{index}" for index, path in enumerate(sorted(files))}
