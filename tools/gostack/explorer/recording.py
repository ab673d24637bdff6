"""A stack as it is planned from its file: the real program runs under a monitor that only remembers."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.outputs import ImageOutput
from infra.secret_stores.resolution import with_secrets
from infra.settings import Settings, load_stack_file
from infra.settings.secret_references import EXAMPLES as STORE_EXAMPLES
from infra.stack import build_stack
from policy.readers import from_recorded
from policy.resource import Graph
from tools.gostack.environment.locations import PROJECT_ROOT, stack_names
from tools.gostack.explorer.monitor import record

PROJECT = PROJECT_ROOT

ENVIRONMENTS = ("dev", "staging", "prod")
"""Order of the stacks that the project ships; others come after them by name."""


@dataclass(frozen=True)
class RecordedStack:
    """A stack file, the settings in it, and what the program makes of them."""

    name: str
    """Name of the stack."""

    settings: Settings
    """Its settings."""

    graph: Graph
    """Its resources, without the value of any secret."""

    text: str
    """Text of the stack file, for its comments."""


def ordered_stacks(project: Path = PROJECT) -> list[str]:
    """Return the stacks that have a file, dev, staging and prod first."""
    return sorted(stack_names(project), key=lambda name: ENVIRONMENTS.index(name) if name in ENVIRONMENTS else 9)


def record_stack(name: str, project: Path = PROJECT) -> RecordedStack:
    """Return the stack that `Pulumi.<name>.yaml` describes.

    Raises SettingsError when the file is missing or holds a wrong setting.
    """
    path = project / f"Pulumi.{name}.yaml"
    settings = load_stack_file(path, project)
    return record_settings(name, settings, path.read_text(encoding="utf-8"))


def record_settings(name: str, settings: Settings, text: str = "") -> RecordedStack:
    """Return the stack that settings describe; `text` is the stack file's."""
    # The upstream references, and not what stands in for them on the machine that makes the page.
    images: dict[str, ImageOutput] = {
        image: {"reference": f"{settings.images.registry}{upstream}", "origin": "registry", "upstream": upstream}
        for image, upstream in settings.third_party_images().items()
    }
    # Pulumi runs the program in its own folder, from which it names the folders of services.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(PROJECT / "infra"):
        # No store is asked for a secret: a text stands for it.
        planned = with_secrets(_without_credentials(settings, Path(folder)), dict.fromkeys(STORE_EXAMPLES, _stand_in))
        recorded = record(lambda: build_stack(name, planned, images), stack=name)
    return RecordedStack(name, settings, from_recorded(recorded.registered.values()), text)


def _stand_in(place: str, key: str) -> str:
    return f"secret of {place} {key}"


def _without_credentials(settings: Settings, folder: Path) -> Settings:
    """Settings whose kubeconfig names a cluster that does not exist: the real one is not read."""
    kubernetes = settings.kubernetes
    if kubernetes is None or kubernetes.kubeconfig is None:
        return settings
    context = kubernetes.context
    kubeconfig: dict[str, Any] = {
        "contexts": [{"name": context, "context": {"cluster": "none", "user": "none"}}],
        "clusters": [{"name": "none", "cluster": {"server": "https://cluster.invalid"}}],
        "users": [{"name": "none", "user": {}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
    return settings.model_copy(update={"kubernetes": kubernetes.model_copy(update={"kubeconfig": str(file)})})
