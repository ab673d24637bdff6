"""What an update that was killed left on the engine without telling the state."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.models.volumes import Volume

from tools.gostack.lifecycle.objects import StackObjects, end_job
from tools.gostack.lifecycle.workspace import PulumiError, Workspace


def remove_leftovers(state: dict[str, Any], objects: StackObjects) -> list[str]:
    """Remove containers, networks and volumes without data that the state does not know; tell of each in one sentence.

    They are removed when the state says that an operation was cut off, or knows other containers that are there.
    Raises PulumiError otherwise: then they belong to another checkout, or the state was lost.
    Data volumes are never touched: one that exists is taken over with its rows.
    """
    known = _identities(state)
    everything = objects.containers()
    containers = [container for container in everything if container.id not in known]
    networks = [network for network in objects.networks() if network.id not in known]
    # The engine knows volumes by their names alone, and so does the state.
    volumes = [volume for volume in without_data(objects.volumes()) if volume.name not in known]
    ours = len(containers) < len(everything)
    if not ours and not state.get("pending_operations"):
        if not containers and not networks:
            # Of volumes alone nobody can say whose they are.
            return []
        raise PulumiError(
            f"the engine has containers ({len(containers)}) or networks ({len(networks)}) of a stack {objects.stack} "
            "that this checkout did not make: run `make down` in the checkout that did, or `gostack evict` here to "
            "remove them (data stays)."
        )
    told: list[str] = []
    for container in containers:
        _remove(container)
        told.append(f"container {container.name} was left by an interrupted update: removed")
    for network in networks:
        try:
            network.remove()
        except (APIError, NotFound):
            continue
        told.append(f"network {network.name} was left by an interrupted update: removed")
    told += [f"volume {volume.name} of an interrupted update: {_removed(volume)}" for volume in volumes]
    return told


def remove_volumes_without_data(objects: StackObjects) -> list[str]:
    """Remove the stack's volumes without data once no container and no network of it is left; tell of each in one
    sentence."""
    if objects.containers() or objects.networks():
        return []
    return [f"volume {volume.name}: {_removed(volume)}" for volume in without_data(objects.volumes())]


def holds_data(volume: Any) -> bool:
    """Whether the volume keeps rows, which nothing could write again: its label says so, and without it the volume
    goes with its stack."""
    return "gostack.data" in (volume.attrs.get("Labels") or {})


def without_data(volumes: Iterable[Any]) -> list[Any]:
    """Those of the volumes that are not labelled as data; Consul's are among them."""
    return [volume for volume in volumes if not holds_data(volume)]


def evict(workspace: Workspace, objects: StackObjects) -> list[str]:
    """Remove every container, network, volume without data and image of the stack that another checkout made.

    Raises PulumiError when they are this checkout's own.
    """
    known = _identities(workspace.state()) if workspace.exists() else set[str]()
    if any(container.id in known for container in objects.containers()):
        raise PulumiError(f"the stack {workspace.stack} is this checkout's own: run `make down` instead.")
    told: list[str] = []
    for container in objects.containers():
        _remove(container)
        told.append(f"container {container.name}: removed")
    for network in objects.networks():
        told.append(f"network {network.name}: {_removed(network)}")
    told += [f"volume {volume.name}: {_removed(volume)}" for volume in without_data(objects.volumes())]
    for image in objects.images():
        objects.client.images.remove(image.id, force=True)
        told.append(f"image {', '.join(image.tags) or image.short_id}: removed")
    return told


def _removed(thing: Network | Volume) -> str:
    # An engine that was killed may count mounts and endpoints of containers that are gone, until it starts again.
    try:
        thing.remove()
    except NotFound:
        pass
    except APIError as error:
        return f"left, because the engine says: {error.explanation} (of one that nothing uses: restart the engine)"
    return "removed"


def _remove(container: Container) -> None:
    # Whoever else removes it at the same time does what is wanted.
    with suppress(NotFound):
        end_job(container)
        container.remove(force=True, v=True)


def _identities(state: dict[str, Any]) -> set[str]:
    """Every identity that the state knows, those of replaced resources that still wait for their deletion included."""
    resources: list[dict[str, Any]] = state.get("resources") or []
    return {resource["id"] for resource in resources if resource.get("id")}
