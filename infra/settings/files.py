"""Settings that name files: the files must be there, and be what an image may be built from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from components.images.build_options import DEFAULT_DOCKERFILE
from infra.settings.aws_files import require_certificates
from infra.settings.build_files import Source, build_problems
from infra.settings.edge_files import require_edge_files
from infra.settings.errors import SettingsError
from infra.settings.given import reference_problems
from infra.settings.migration_files import migrations_problems
from infra.settings.model import Settings
from infra.settings.services import ServiceSettings

LARGEST_GIVEN = 524_288
"""Bytes of all files and secrets that a service is given: Kubernetes keeps no Secret of more than 1 MiB."""

_STATE = ".gostack"
"""Folder of a checkout with its state, passphrase and keys."""


def require_files(settings: Settings, project: Path) -> None:
    """Raise SettingsError when a file or folder that the settings name, relative to `project`, does not exist or
    cannot be what an image is built from."""
    if settings.aws is not None:
        require_certificates(settings.aws, project)
    if settings.certificates.acme is not None:
        try:
            settings.certificates.acme.directory_authority(project)
        except ValueError as error:
            raise SettingsError(f"gostack:certificates.acme.directory_ca: {error}") from None
    require_edge_files(settings, project)
    for name, accessory in settings.accessories.items():
        if (size := _size(accessory.secrets)) > LARGEST_GIVEN:
            raise SettingsError(
                f"gostack:accessories.{name}.secrets has {size} bytes together: use at most {LARGEST_GIVEN}."
            )
    for name, service in settings.services.items():
        _require_given(settings, name, project)
        for problem in _problems(f"gostack:services.{name}", service, project.resolve()):
            raise SettingsError(problem)


def _require_given(settings: Settings, name: str, project: Path) -> None:
    """Raise SettingsError for a file of the project that a service cannot be given."""
    service = settings.services[name]
    size = _size(service.secrets)
    for path, file in service.files.items():
        key = f'gostack:services.{name}.files."{path}"'
        try:
            text = file.content(project)
        except ValueError as error:
            raise SettingsError(f"{key}: {error}") from None
        size += len(text.encode())
        for problem in reference_problems(settings, name, f'files."{path}"', text):
            raise SettingsError(f"gostack:services.{name}.{problem}")
    if size > LARGEST_GIVEN:
        raise SettingsError(
            f"gostack:services.{name}.files has {size} bytes in all files and secrets together: use at most "
            f"{LARGEST_GIVEN}, and put what is larger into the image (build.assets)."
        )


def _size(secrets: Mapping[str, SecretStr]) -> int:
    return sum(len(secret.get_secret_value().encode()) for secret in secrets.values())


def _problems(key: str, service: ServiceSettings, project: Path) -> Iterator[str]:
    recipe = (project / service.dockerfile).resolve()
    sources: list[Source] = []
    for track in service.tracks():
        if track.context is None:
            continue
        canary = service.canary if track.suffix else None
        source = Source(
            key=key,
            track="canary." if canary else "",
            context=track.context,
            folder=(project / track.context).resolve(),
            main_package=service.main_package,
            recipe=recipe,
            default=recipe == (project / DEFAULT_DOCKERFILE).resolve(),
            build=track.build,
            own_build=canary is None or canary.build is not None,
        )
        sources.append(source)
        yield from _context_problems(source, project)
    if sources:
        folders = [source.folder for source in sources]
        yield from _recipe_problems(f'{key}.dockerfile is "{service.dockerfile}"', recipe, folders, project)
    for source in sources:
        yield from build_problems(source)
    yield from migrations_problems(key, service, project)


def _context_problems(source: Source, project: Path) -> Iterator[str]:
    what, folder = source.context_is, source.folder
    if not folder.is_dir():
        yield (
            f"{what}, which is not a folder: write the path of the folder with go.mod, relative to Pulumi.yaml or "
            "absolute."
        )
    if project.is_relative_to(folder):
        yield f"{what}, which holds this project with its state and passphrase: write the folder of the service alone."
    if (folder / _STATE).is_dir() or _STATE in folder.parts:
        yield f"{what}, which holds a stack's state and passphrase ({_STATE}): write the folder of the service alone."


def _recipe_problems(what: str, recipe: Path, folders: list[Path], project: Path) -> Iterator[str]:
    if not recipe.is_file():
        yield f"{what}, which is not a file: correct the path, or remove the key to use services/Dockerfile."
    inside = any(recipe.is_relative_to(folder) for folder in folders)
    if not inside and (not recipe.is_relative_to(project) or _STATE in recipe.parts):
        yield (
            f"{what}, which is neither in the project nor in the folder that is built: use one that is, or remove the "
            "key to use services/Dockerfile."
        )
