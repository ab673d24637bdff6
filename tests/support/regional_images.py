"""The images of a stack on AWS, in a local registry under the paths that a region's own registry has.

Each is the one that `make up` would run here, or is compiled from `services/users/`, with one label more. Without it, a
kubelet that has pulled the same image for another stack would not believe that its node has it under this name too.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from components.aws.image_names import regional_image, registry_host
from infra.settings.images import ImageSettings
from tests.support.engine import PROJECT
from tools.gostack.images.resolve import ensure_images

PATHS = {
    "mysql": "public.ecr.aws/docker/library/mysql",
    "consul": "public.ecr.aws/hashicorp/consul",
    "nginx": "public.ecr.aws/docker/library/nginx",
    "pause": "registry.k8s.io/pause",
}
"""Image to the public repository that prod names."""

_LABEL = "gostack.rehearsal=prod"


@dataclass(frozen=True)
class RegionalImages:
    """What is in the local registry."""

    upstream: dict[str, str]
    """Image to the reference for the stack file, with its digest."""

    users: str
    """The service's, in the account's registry."""

    held: dict[str, str]
    """Name under which the region's pods ask for an image, to the local registry's reference."""

    mysql: str
    """MySQL's image on the Docker engine."""


@contextmanager
def regional_images(registry: str, account: str, region: str, folder: Path) -> Iterator[RegionalImages]:
    """Push the images to `registry` (host:port, plain HTTP), and remove them from there afterwards.

    `folder` is for the build. Raises `BootstrapError` or `CalledProcessError` when one cannot be had.
    """
    references = ImageSettings().references()
    found = ensure_images(PROJECT, references, "", print)
    sources = {path: f"FROM {found[name].reference}\n" for name, path in PATHS.items()}
    home = f"{registry_host(account, region)}/gostack/users"
    pushed: dict[str, str] = {}
    try:
        for name, source in {**sources, home: _compiled(folder)}.items():
            path = regional_image(name, account=account, region=region).partition("/")[2]
            pushed[name] = _push(source, f"{registry}/{path}:rehearsal", folder)
        upstream = {name: f"{path}@{pushed[path].partition('@')[2]}" for name, path in PATHS.items()}
        users = f"{home}@{pushed[home].partition('@')[2]}"
        held = {
            regional_image(reference, account=account, region=region): pushed[name]
            for name, reference in zip(pushed, [*upstream.values(), users], strict=True)
        }
        yield RegionalImages(upstream, users, held, found["mysql"].reference)
    finally:
        for reference in pushed.values():
            _remove(reference)


def _compiled(folder: Path) -> str:
    """The service's own image: what services/Dockerfile ends with, for engines whose client has no BuildKit."""
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(folder / "service"), "."]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run(command, cwd=PROJECT / "services" / "users", env=environment, check=True, capture_output=True)
    # The same source is the same layer: the registry has it once, however often this runs.
    os.utime(folder / "service", (0, 0))
    return 'FROM scratch\nCOPY service /service\nUSER 65532:65532\nENTRYPOINT ["/service"]\n'


def _push(source: str, tag: str, folder: Path) -> str:
    (folder / "Dockerfile").write_text(source, encoding="utf-8")
    _docker("build", "--quiet", "--label", _LABEL, "--tag", tag, str(folder))
    try:
        _docker("push", "--quiet", tag)
        repository = tag.rpartition(":")[0]
        digests: list[str] = json.loads(_docker("image", "inspect", "--format", "{{json .RepoDigests}}", tag))
        (reference,) = [digest for digest in digests if digest.startswith(f"{repository}@")]
        return reference
    finally:
        _docker("image", "rm", tag)


def _remove(reference: str) -> None:
    host, _, path = reference.partition("/")
    repository, _, digest = path.partition("@")
    urllib3.request("DELETE", f"http://{host}/v2/{repository}/manifests/{digest}", retries=False, timeout=30)


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout
