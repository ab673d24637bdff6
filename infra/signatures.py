"""Images that were built elsewhere are verified before anything of the stack is touched."""

from __future__ import annotations

import pulumi

from components.images.signatures import require_signature
from infra.settings import Settings


def require_signatures(settings: Settings) -> None:
    """Raise UnsignedImageError for a prebuilt image of a service without the signature that `gostack:signatures` asks
    for. A preview changes nothing, and may have no way to the registry: it asks nobody."""
    if settings.signatures is None or pulumi.runtime.is_dry_run():
        return
    for image in settings.prebuilt_images().values():
        require_signature(image, settings.signatures)
