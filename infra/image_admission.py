"""What the cluster would refuse is refused before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.aws.image_names import regional_image
from components.images.reference import from_registry
from infra.outputs import ImageOutput
from infra.settings import Settings, SettingsError


def require_admission(settings: Settings, third_party: Mapping[str, ImageOutput]) -> None:
    """Raise SettingsError for the first image that `gostack:kubernetes.image_registries` keeps out of the cluster.

    `third_party` has the images that really run: what `make up` has pulled or pushed is known by its digest.
    """
    registries = settings.kubernetes.image_registries if settings.kubernetes is not None else None
    if registries is None:
        return
    images = dict(_images(settings, third_party))
    for key, image in images.items():
        if "@sha256:" not in image:
            raise SettingsError(
                f'gostack:{key} is "{image}", which gostack:kubernetes.image_registries keeps out, as it names no '
                "digest: write it as name@sha256:<64 hex digits>."
            )
    if settings.needs_engine():
        # What is built here is pushed there, and named by its digest.
        images["registry"] = f"{settings.registry}/"
    for key, image in images.items():
        for region in settings.ordered_regions():
            account = settings.aws.account if settings.aws is not None else None
            pulled = regional_image(image, account=account, region=region) if account is not None else image
            if not any(from_registry(pulled, registry) for registry in registries):
                raise SettingsError(
                    f"gostack:{key} is pulled as {pulled}, from no registry of gostack:kubernetes.image_registries: "
                    "add it there."
                )


def _images(settings: Settings, third_party: Mapping[str, ImageOutput]) -> Iterator[tuple[str, str]]:
    """Key and reference of each image that pods are made of and that was built elsewhere."""
    pulled = settings.pulled_images()
    for name, image in third_party.items():
        if name in pulled:
            yield f"images.{name.replace('-', '_')}", image["reference"]
    for name, accessory in settings.accessories.items():
        if accessory.image is not None:
            yield f"accessories.{name}.image", accessory.image
    yield from settings.prebuilt_images().items()
