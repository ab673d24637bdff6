"""Fetches images from the registries that answer, and finds out quickly and once which ones do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tools.gostack.images.local import Engine

DEFAULT_REGISTRY = "docker.io"
ANSWER_SECONDS = 10.0
"""How long a registry may take until it begins to answer; spent once for each registry, not for each image."""


def registry_of(reference: str) -> str:
    """The registry that a reference names; Docker Hub when it names none."""
    first, slash, _ = reference.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else DEFAULT_REGISTRY


def candidates(reference: str, mirror: str) -> list[str]:
    """What may hold the image, best first. `mirror` is a prefix such as `mirror.example/hub`; empty for none.

    With a mirror nothing else is asked: who names one usually has no way, or no permission, to go around it.
    """
    if not mirror:
        return [reference]
    prefix = mirror.rstrip("/")
    registry = registry_of(reference)
    path = reference.removeprefix(f"{registry}/")
    names = [reference, path]
    if registry == DEFAULT_REGISTRY and "/" not in path:
        # Pull-through caches want Docker Hub's full name.
        names.append(f"library/{path}")
    return list(dict.fromkeys(f"{prefix}/{name}" for name in names))


def pull_images(engine: Engine, wanted: Mapping[str, list[str]], progress: Callable[[str], None]) -> dict[str, str]:
    """Fetch each image from the first candidate that has it; returns name -> the candidate.

    Registries are asked at the same time. After the first image for which one does not answer, it is not asked again.
    """
    by_registry: dict[str, dict[str, list[str]]] = {}
    for name, references in wanted.items():
        by_registry.setdefault(registry_of(references[0]), {})[name] = references
    if not by_registry:
        return {}
    with ThreadPoolExecutor(len(by_registry)) as pool:
        groups = [
            pool.submit(_pull_from_one, engine, registry, images, progress) for registry, images in by_registry.items()
        ]
    return {name: reference for group in groups for name, reference in group.result().items()}


def _pull_from_one(
    engine: Engine, registry: str, wanted: Mapping[str, list[str]], progress: Callable[[str], None]
) -> dict[str, str]:
    pulled: dict[str, str] = {}
    for name, references in wanted.items():
        for reference in references:
            progress(f"asking {registry} for {reference}…")
            outcome = engine.pull(reference, ANSWER_SECONDS)
            if outcome == "pulled":
                pulled[name] = reference
                break
            if outcome == "unreachable":
                progress(f"{registry} does not answer")
                return pulled
            progress(f"{registry} does not give {reference}")
    return pulled
