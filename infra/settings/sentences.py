"""Sentences that several checks tell."""

from __future__ import annotations


def only_on(platform: str, key: str) -> str:
    """Say that a key has no meaning on the stack's platform."""
    return f'{key} has a meaning only when gostack:platform is "{platform}": remove it.'


def moving_tag(key: str, image: str) -> str:
    """Say that another image may take the place of this one, unseen."""
    return (
        f'{key} is "{image}", whose tag may move: on Kubernetes write it with its digest, like '
        "name@sha256:<64 hex digits>."
    )


def missing_registry(what: str) -> str:
    """Say that an image is built here, and that nodes have nowhere to pull it from."""
    return (
        f"gostack:registry is missing: {what} is built here, and nodes pull it from there; name a registry, for "
        'example "localhost:5001/gostack".'
    )
