"""What the options and the class of a component say, and what waits for what."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, cast

import pulumi


def given_dependencies(opts: pulumi.ResourceOptions | None) -> list[pulumi.Input[pulumi.Resource]]:
    """Return what the options of a component say that it depends on, for those of its children that must wait.

    Pulumi does not hand it down. And an order without a value that is handed over is all that some need: before a
    container is replaced delete-first, the engine deletes whatever took a value from it.
    """
    given: Any = opts.depends_on if opts is not None else None
    if given is None:
        return []
    return list(cast("Sequence[pulumi.Input[pulumi.Resource]]", given)) if isinstance(given, Sequence) else [given]


def register_declared(component: pulumi.ComponentResource) -> None:
    """Tell Pulumi the outputs that the class of a component declares, all of them."""
    component.register_outputs({name: getattr(component, name) for name in inspect.get_annotations(type(component))})


def after(value: pulumi.Input[str], *others: pulumi.Input[Any]) -> pulumi.Output[str]:
    """Return a value that is known once the others are: whoever uses it waits for them. Secret as soon as one is."""
    return pulumi.Output.all(value, *others).apply(lambda known: str(known[0]))
