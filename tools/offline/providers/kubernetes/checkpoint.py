"""What the state keeps of an object: the whole live object, and the inputs that made it so."""

from __future__ import annotations

import hashlib

from tools.offline.providers.kubernetes.cluster import Manifest
from tools.offline.providers.kubernetes.objects import PATCH_FIELD_MANAGER, annotation, comparable, pruned
from tools.offline.providers.plugin.values import Properties, Secret, has_secret, plain, with_secrets_of

FIELD_MANAGER = "__fieldManager"
_INPUTS = "__inputs"
_INITIAL_API_VERSION = "__initialApiVersion"


def build(inputs: Properties, live: Manifest, manager: str) -> Properties:
    """The outputs: the live object, secret where the inputs are; the data of a Secret always is."""
    outputs: Properties = with_secrets_of(dict(live), inputs)
    kept = dict(inputs)
    if live.get("kind") == "Secret":
        for values in (outputs, kept):
            values.update({key: _secret(values[key]) for key in ("data", "stringData") if key in values})
    elif has_secret(inputs.get("data")) and live.get("kind") == "ConfigMap":
        outputs["data"] = _secret(outputs.get("data", {}))
    return {
        **outputs,
        _INPUTS: kept,
        _INITIAL_API_VERSION: str(plain(inputs).get("apiVersion") or live.get("apiVersion")),
        FIELD_MANAGER: manager,
    }


def parse(outputs: Properties) -> tuple[Manifest, Manifest]:
    """The inputs and the live object of a state."""
    live = plain(outputs)
    inputs = live.pop(_INPUTS, {})
    live.pop(_INITIAL_API_VERSION, None)
    live.pop(FIELD_MANAGER, None)
    return inputs, live


def field_manager(manifest: Manifest, urn: str, outputs: Properties | None) -> str:
    """Who the API server is told manages the object: what the annotation says, else who did, else a name of its own."""
    chosen = annotation(manifest, PATCH_FIELD_MANAGER)
    if chosen:
        return chosen
    earlier = plain(outputs or {}).get(FIELD_MANAGER)
    if earlier:
        return str(earlier)
    # The same for the same resource: a preview is then not in conflict with the update that follows.
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def inputs_of(live: Manifest, shape: Manifest) -> Manifest:
    """The inputs that would give the object as it is now, in the words of the program where that is what it says."""
    now = pruned(live, shape)
    if shape.get("kind") == "Secret" and "stringData" in shape:
        as_meant = comparable(shape).get("data") or {}
        data = live.get("data") or {}
        if all(data.get(key) == value for key, value in as_meant.items()):
            now["stringData"] = shape["stringData"]
        else:
            now["data"] = {key: data[key] for key in as_meant if key in data}
    return now


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(plain(value))
