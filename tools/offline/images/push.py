"""Puts stand-ins where a cluster's nodes can pull them: upstream's own images they fetch themselves.

What was pushed is recorded in `.gostack/pushed-images.json`, by digest, for the program to read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from infra.images_lock import NOT_PULLED, ResolvedImage, load_pushed, pushed_path
from infra.replaced import replace_text
from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.errors import BootstrapError

Push = Callable[[str, str, str], str]
"""Pushes a local image under a repository and a tag and returns its digest."""


def push_stand_ins(
    project_root: Path,
    images: Mapping[str, ResolvedImage],
    registry: str,
    progress: Callable[[str], None],
    push: Push | None = None,
) -> dict[str, str]:
    """Push every stand-in to `registry` (host[:port]/prefix) and return image id to reference with digest.

    One that was pushed there before is not pushed again while the registry has it. Raises `BootstrapError`.
    """
    push = push or _push
    known = load_pushed(project_root)
    pushed: dict[str, str] = {}
    for name, image in images.items():
        if image.origin != "stand-in" or name in NOT_PULLED:
            continue
        tag = image.reference.rpartition(":")[2]
        repository = f"{registry}/stand-in-{name}"
        # A push of what is there already takes a fraction of a second, and a registry may have been emptied.
        digest = push(image.reference, repository, tag)
        pushed[image.image_id] = f"{repository}@{digest}"
        if known.get(image.image_id) != pushed[image.image_id]:
            progress(f"{name}: pushed to {repository}")
    path = pushed_path(project_root)
    text = json.dumps(pushed, indent=2, sort_keys=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
    return pushed


def _push(reference: str, repository: str, tag: str) -> str:
    import docker
    from docker.errors import DockerException

    try:
        with closing(docker.DockerClient(base_url=find_endpoint(os.environ), version="auto", timeout=600)) as client:
            image = client.images.get(reference)
            image.tag(repository, tag)
            digest = ""
            lines = cast("Any", client.images).push(repository, tag=tag, stream=True, decode=True)
            for line in lines:
                if "error" in line:
                    raise BootstrapError(f"{repository}:{tag} could not be pushed ({line['error']}): {_REMEDY}")
                told: dict[str, Any] = line.get("aux") or {}
                digest = str(told.get("Digest", digest))
    except DockerException as error:
        raise BootstrapError(f"{repository}:{tag} could not be pushed ({error}): {_REMEDY}") from None
    if not digest:
        raise BootstrapError(f"{repository}:{tag} was pushed, but the registry gave no digest: {_REMEDY}")
    return digest


_REMEDY = "run `make cluster` for the local registry, or `docker login` for the one of gostack:registry"
