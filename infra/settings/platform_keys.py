"""Keys that a platform has no use for: written there they would promise something that does not happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

from infra.settings.sentences import only_on

if TYPE_CHECKING:
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

_KUBERNETES_SERVICE = ("egress", "memory_request_mib", "cpu_request", "autoscaling")
_KUBERNETES_CHECK = ("liveness_path",)
_KUBERNETES_MYSQL = ("storage_gib",)
_BUILD = ("dockerfile", "main_package", "build")
_ENTRY = ("https_port", "http_port")


def unused_keys(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each key that the platform would ignore."""
    for name, service in settings.services.items():
        yield from _build(f"gostack:services.{name}", service)
    if settings.aws is not None and settings.expires is not None:
        yield "gostack:expires has no meaning with gostack:aws, whose stacks no sweep removes: remove it."
    if settings.platform == "docker":
        yield from _only_on_kubernetes(settings)
    if settings.platform == "kubernetes":
        yield from _one_port(settings)
        if settings.certificates.in_advance is not None:
            yield (
                'gostack:certificates.in_advance has a meaning only when gostack:platform is "docker": remove it; `up` '
                "renews the certificate."
            )
        for name, service in settings.services.items():
            if service.slo is not None:
                yield only_on("docker", f"gostack:services.{name}.slo")


def _only_on_kubernetes(settings: Settings) -> Iterator[str]:
    parts: list[tuple[str, BaseModel, tuple[str, ...]]] = [("mysql", settings.mysql, _KUBERNETES_MYSQL)]
    for name, service in settings.services.items():
        parts.append((f"services.{name}", service, _KUBERNETES_SERVICE))
        parts.append((f"services.{name}.check", service.check, _KUBERNETES_CHECK))
    for key, part, names in parts:
        for name in names:
            # Nothing, or an empty list, asks for nothing.
            if name in part.model_fields_set and getattr(part, name):
                yield only_on("kubernetes", f"gostack:{key}.{name}")


def _one_port(settings: Settings) -> Iterator[str]:
    for name, region in settings.regions.items():
        if settings.aws is not None:
            for key in _ENTRY:
                if key in region.model_fields_set:
                    yield (
                        f"gostack:regions.{name}.{key} has no meaning with gostack:aws, where clients come by 443 and "
                        "80: remove it."
                    )
        if region.https_port == region.http_port:
            yield (
                f"gostack:regions.{name}.http_port is {region.http_port}, which https_port uses already: choose "
                "another port."
            )


def _build(key: str, service: ServiceSettings) -> Iterator[str]:
    """What tells how an image is built, where none is."""
    if any(track.context is not None for track in service.tracks()):
        return
    for name in _BUILD:
        if name in service.model_fields_set:
            yield f"{key}.{name} has a meaning only with a context, and {key}.image is built elsewhere: remove it."
