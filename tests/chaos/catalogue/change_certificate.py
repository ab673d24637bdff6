"""Clients that connect anew get the new certificate; those that are connected keep their connection."""

from __future__ import annotations

import ssl

from tests.chaos.changes import apply
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import Scene


def _served(scene: Scene) -> set[str]:
    """The certificate of every region's ingress, PEM."""
    regions = scene.stack.workspace.settings.regions.values()
    return {ssl.get_server_certificate(("127.0.0.1", region.https_port)) for region in regions}


def _act(scene: Scene) -> None:
    before = _served(scene)
    scene.stack.change_rotation(certificates=scene.stack.workspace.settings.rotation.certificates + 1)
    apply(scene)
    scene.observe("old_certificates_served", len(before & _served(scene)))


DRILL = Drill(
    name="change-certificate",
    purpose="The certificate of every ingress is rotated under TLS load, some of it on new connections.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST, Criterion("old_certificates_served", "==", 0)),
    load=LoadPlan(new_connections=20),
)
