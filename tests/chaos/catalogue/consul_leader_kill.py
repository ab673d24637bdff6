"""Discovery elects another leader."""

from __future__ import annotations

from tests.chaos.faults import consul_leader
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


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
