"""Discovery elects another leader."""

from __future__ import annotations

from drills.faults import consul_leader
from drills.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from drills.scene import Scene


def _act(scene: Scene) -> None:
    victims = [consul_leader(scene, region) for region in scene.regions]
    scene.strike()
    for victim in victims:
        victim.kill()


DRILL = Drill(
    name="consul-leader-kill",
    purpose="The leading Consul server of every region is killed.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
)
