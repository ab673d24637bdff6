"""Labels of volumes, in the form that the engine's provider takes."""

from collections.abc import Mapping

import pulumi_docker as docker


def volume_labels(labels: Mapping[str, str]) -> list[docker.VolumeLabelArgs]:
    """Return labels in a fixed order."""
    return [docker.VolumeLabelArgs(label=key, value=value) for key, value in sorted(labels.items())]
