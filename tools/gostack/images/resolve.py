"""Makes every image that the stack runs present on the Docker engine, and records which one it is.

For each: what the engine has already; else upstream's image, where a registry answers; else a stand-in built from
package mirrors with the same contract (tools/offline/images/README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from infra.images_lock import Origin, ResolvedImage, load_images_lock, write_images_lock
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.images.local import DockerEngine, Engine, LocalImage
from tools.gostack.images.registry import candidates, pull_images
from tools.offline.images.build import (
    NEVER_PULLED,
    STAND_IN_LABEL,
    STAND_INS,
    VERSION_LABEL,
    Recipes,
    StandInBuilder,
    can_build_stand_ins,
    program_version,
)

_WITHOUT = {"grafana": "set gostack:telemetry.grafana to false"}
"""Image without a stand-in to how a stack does without it."""


@dataclass(frozen=True, slots=True)
class _Found:
    reference: str
    origin: Origin
    image: LocalImage


def ensure_images(
    project_root: Path,
    references: Mapping[str, str],
    registry: str,
    progress: Callable[[str], None],
    *,
    engine: Engine | None = None,
    stand_ins_possible: Callable[[], bool] = can_build_stand_ins,
) -> dict[str, ResolvedImage]:
    """Make each image present and return what to run, by name; the same is written to `.gostack/images.json`.

    * `references`: name -> upstream reference, e.g. `{"mysql": "mysql:9.7"}`. `pause` needs `golang` among them.
    * `registry`: a mirror's prefix, e.g. `mirror.example/hub`, asked instead of the registries that the references
      name; empty for none.
    * `progress`: receives one line at a time, from any thread.

    What the engine has is used as it is: a stand-in stays in use until `remove_stand_ins`, even when a registry
    answers later, because no `up` should change a database's image by itself. Raises `BootstrapError`.
    """
    engine = engine or DockerEngine()
    search = _Search(engine, Recipes(project_root / "tools" / "offline" / "images"), registry)
    found = search.all(references)
    if len(found) < len(references):
        with _exclusive(progress):
            # Another process may have brought some of them while this one waited.
            found = search.all(references)
            _provide(search, references, found, progress, stand_ins_possible)
            found = search.all(references)
    known = load_images_lock(project_root)
    resolved = _resolve(engine, references, found, known)
    # Another stack of this checkout may run more than this one.
    write_images_lock(project_root, {**known, **resolved})
    return resolved


def remove_stand_ins(progress: Callable[[str], None] = lambda _: None, *, engine: Engine | None = None) -> list[str]:
    """Remove every stand-in of every recipe's age from the engine; returns the names that went.

    One that a container uses stays, and is named in a progress line.
    """
    engine = engine or DockerEngine()
    removed: list[str] = []
    with _exclusive(progress):
        for tag in engine.tags(STAND_IN_LABEL):
            if engine.remove(tag):
                removed.append(tag)
            else:
                progress(f"{tag} is in use by a container and stays")
    return removed


class _Search:
    """Looks for images on the engine."""

    def __init__(self, engine: Engine, recipes: Recipes, mirror: str) -> None:
        self.engine = engine
        self.recipes = recipes
        self._mirror = mirror

    def all(self, references: Mapping[str, str]) -> dict[str, _Found]:
        """Those of the named images that the engine has."""
        with ThreadPoolExecutor(len(references) or 1) as pool:
            results = list(pool.map(self._one, references.keys(), references.values()))
        return {name: found for name, found in zip(references, results, strict=True) if found is not None}

    def upstream(self, name: str, reference: str) -> list[str]:
        """What upstream's image may be called here; nothing for one that is always built."""
        return [] if name in NEVER_PULLED else candidates(reference, self._mirror)

    def _one(self, name: str, reference: str) -> _Found | None:
        for candidate in chain(self.upstream(name, reference), self._stand_in(name)):
            image = self.engine.inspect(candidate)
            if image is not None:
                return _Found(candidate, _origin(image), image)
        return None

    def _stand_in(self, name: str) -> Generator[str]:
        # Lazily: the tag of `golang` asks for a Go installation, which a machine with upstream's image need not have.
        if name in STAND_INS:
            try:
                yield self.recipes.tag(name)
            except BootstrapError:
                return


def _origin(image: LocalImage) -> Origin:
    key, _, value = STAND_IN_LABEL.partition("=")
    return "stand-in" if image.labels.get(key) == value else "registry"


def _provide(
    search: _Search,
    references: Mapping[str, str],
    found: Mapping[str, _Found],
    progress: Callable[[str], None],
    stand_ins_possible: Callable[[], bool],
) -> None:
    """Pull what a registry gives, build the rest."""
    missing = [name for name in references if name not in found]
    if "pause" in missing and "golang" not in references:
        raise BootstrapError("The image `pause` is compiled by `golang`, which is not among the images.")
    wanted = {name: search.upstream(name, references[name]) for name in missing if name not in NEVER_PULLED}
    pulled = pull_images(search.engine, wanted, progress)
    rest = [name for name in missing if name not in pulled]
    if not rest:
        return
    _refuse_impossible([name for name in rest if name not in NEVER_PULLED], references, stand_ins_possible)
    golang = pulled.get("golang") or (found["golang"].reference if "golang" in found else None)
    StandInBuilder(search.engine, search.recipes, progress).build(rest, golang)


def _refuse_impossible(names: list[str], references: Mapping[str, str], stand_ins_possible: Callable[[], bool]) -> None:
    unknown = [name for name in names if name not in STAND_INS]
    if unknown:
        listed = ", ".join(references[name] for name in unknown)
        without = "".join(f", or {_WITHOUT[name]}" for name in unknown if name in _WITHOUT)
        raise BootstrapError(
            f"No container registry gave {listed}, and there is no stand-in for it: name a mirror{without}."
        )
    if names and not stand_ins_possible():
        listed = ", ".join(references[name] for name in names)
        raise BootstrapError(
            f"No container registry gave {listed}, and stand-ins can be built only on Debian or Ubuntu: "
            "connect this machine to a registry or name a mirror."
        )


def _resolve(
    engine: Engine,
    references: Mapping[str, str],
    found: Mapping[str, _Found],
    known: Mapping[str, ResolvedImage],
) -> dict[str, ResolvedImage]:
    resolved: dict[str, ResolvedImage] = {}
    for name, upstream in references.items():
        if name not in found:
            raise BootstrapError(f"The image for {upstream} vanished while it was being resolved: run it again.")
        image = found[name]
        version = _version(engine, name, image, known.get(name))
        digest = image.image.digest if image.origin == "registry" else ""
        resolved[name] = ResolvedImage(image.reference, image.origin, upstream, version, image.image.image_id, digest)
    return resolved


def _version(engine: Engine, name: str, found: _Found, known: ResolvedImage | None) -> str:
    """The program's own word, asked once: from a stand-in's label, or this checkout's record of the same image."""
    if found.origin == "stand-in" and VERSION_LABEL in found.image.labels:
        return found.image.labels[VERSION_LABEL]
    if known is not None and known.image_id == found.image.image_id and known.version:
        return known.version
    return program_version(engine, name, found.reference)


def _exclusive(progress: Callable[[str], None]) -> AbstractContextManager[None]:
    """One process at a time brings images: two that build one tag would take it from each other."""
    waiting = "another process is bringing images, waiting for it…"
    return exclusive(cache_folder() / "locks" / "images.lock", lambda: progress(waiting))
