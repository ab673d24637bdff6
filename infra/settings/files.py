"""Settings that name files: the files must be there."""

from __future__ import annotations

from pathlib import Path

from infra.settings.aws_files import require_certificates
from infra.settings.errors import SettingsError
from infra.settings.model import Settings


def require_files(settings: Settings, project: Path) -> None:
    """Raise SettingsError when a file or folder that the settings name, relative to `project`, does not exist."""
    if settings.aws is not None:
        require_certificates(settings.aws, project)
    for name, service in settings.services.items():
        key = f"gostack:services.{name}"
        contexts = {"context": service.context}
        if service.canary is not None:
            contexts["canary.context"] = service.canary.context
        for part, context in contexts.items():
            if context is not None and not (project / context).is_dir():
                raise SettingsError(
                    f'{key}.{part} is "{context}", which is not a folder of the project: '
                    "write the path of the folder with go.mod, relative to Pulumi.yaml."
                )
        if not (project / service.dockerfile).is_file():
            raise SettingsError(
                f'{key}.dockerfile is "{service.dockerfile}", which is not a file of the project: '
                "correct the path or remove the key to use service/Dockerfile."
            )
