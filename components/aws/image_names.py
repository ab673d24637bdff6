"""Where a region in AWS pulls its images from: its own registry, so that no region needs another one to start a pod."""

from __future__ import annotations

import re

PUBLIC_REGISTRIES = {"public.ecr.aws": "ecr-public", "quay.io": "quay", "registry.k8s.io": "kubernetes"}
"""Public registry to the prefix under which a region's own registry keeps copies of what was pulled from it."""

_OWN = re.compile(r"^(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.com(?:\.cn)?)/")


def registry_host(account: str, region: str) -> str:
    """Return the host of an account's registry in a region."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def regional_image(reference: str, *, account: str, region: str) -> str:
    """Return the name under which a region's own registry has an image.

    An image of the account's registry in another region is replicated, one of a known public registry is copied when it
    is pulled first; any other stays where it is.
    """
    own = _OWN.match(reference)
    if own is not None:
        if own["account"] != account:
            return reference
        return f"{registry_host(account, region)}/{reference[own.end() :]}"
    host, _, path = reference.partition("/")
    prefix = PUBLIC_REGISTRIES.get(host)
    return f"{registry_host(account, region)}/{prefix}/{path}" if prefix else reference


def copied_repository(reference: str) -> str | None:
    """Return the repository that holds the copies of a public image, or None for one that is not copied."""
    host, _, path = reference.partition("/")
    prefix = PUBLIC_REGISTRIES.get(host)
    return f"{prefix}/{_without_version(path)}" if prefix else None


def own_repository(reference: str, account: str) -> str | None:
    """Return the repository of the account's registry that an image is in, or None when it is somewhere else."""
    own = _OWN.match(reference)
    return _without_version(reference[own.end() :]) if own is not None and own["account"] == account else None


def _without_version(path: str) -> str:
    name = path.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
